"""Amounts in words, for people."""

from __future__ import annotations


def amount_of(number: float) -> str:
    """A number of parameters or operations: "135M", "4.88M"."""
    for size, unit in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")):
        if number >= size:
            return f"{number / size:.3g}{unit}"
    return f"{number:.3g}"


def size_of(size: int | None) -> str:
    """Bytes: "39 MB", "2.3 GB"."""
    if size is None:
        return "not known"
    return f"{size / 1e9:,.1f} GB" if size >= 1e8 else f"{size / 1e6:,.0f} MB"


def rows_shown(together: int, tokens: int) -> str:
    """What a model is shown at once: "a row of 800 tokens", "4 rows of 800 tokens"."""
    return f"{together:,} rows of {tokens:,} tokens" if together > 1 else f"a row of {tokens:,} tokens"
