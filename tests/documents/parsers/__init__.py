"""Tests of octavo.documents.parsers."""
