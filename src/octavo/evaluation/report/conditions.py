"""The conditions that results are grouped by, in words: their order, and lengths and depths as people write them.

Knows nothing of scores.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

FACETS = ("task", "language")
"""The conditions of which each combination has pictures of its own: what is unlike is not drawn as one."""

_FIRST = (*FACETS, "length", "depth")
_FACTORS = {"": 1, "k": 1_000, "m": 1_000_000}


def condition_order(name: str) -> tuple[int, str]:
    """To sort the names of conditions by: task, language, length, depth, then the rest by the alphabet."""
    return (_FIRST.index(name) if name in _FIRST else len(_FIRST), name)


def value_order(value: Any) -> tuple[int, float, str]:
    """To sort a condition's values by: numbers, and lengths such as "16k", by size, before words by the alphabet."""
    size = size_of(value)
    return (0, size, "") if size is not None else (1, 0.0, str(value))


def size_of(value: Any) -> float | None:
    """A number, or a length such as "16k" or "1M", as a number; None for anything else."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return float(value)
    text = str(value).strip().lower()
    digits = text.rstrip("km")
    try:
        size = float(digits) * _FACTORS[text.removeprefix(digits)]
    except (ValueError, KeyError):
        return None
    return size if math.isfinite(size) else None


def length_words(lengths: Sequence[Any]) -> list[str]:
    """Lengths as people write them: 8000 and 8192 are 8k, 1000000 and 1048576 are 1M. Where that would call two of them
    the same, all are written out."""
    words = [_short(length) for length in lengths]
    return words if len(set(words)) == len(words) else [_written_out(length) for length in lengths]


def value_words(condition: str, values: Sequence[Any]) -> list[str]:
    """A condition's values as people write them."""
    if condition == "length":
        return length_words(values)
    if condition == "depth":
        return [f"{value:g} %" if isinstance(value, int | float) else str(value) for value in values]
    return [str(value) for value in values]


def _short(length: Any) -> str:
    if not isinstance(length, int | float):
        return str(length)
    for base in (1_000, 1_024):
        if length >= base and length % base == 0:
            thousands = length / base
            return f"{thousands:g}k" if thousands < base else f"{thousands / base:.3g}M"
    if length < 1_000:
        return f"{length:g}"
    return f"{length / 1_000_000:.3g}M" if length >= 999_500 else f"{length / 1_000:.3g}k"


def _written_out(length: Any) -> str:
    return f"{length:,}" if isinstance(length, int | float) else str(length)
