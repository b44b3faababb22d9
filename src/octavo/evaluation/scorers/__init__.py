"""Scores: one function each, from 0 (wrong) to 1 (right)."""
