"""Tests of octavo.documents."""
