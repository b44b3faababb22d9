"""Measuring: the field's long-context benchmarks, on any model and any method."""
