"""The loss of long text by position: where a model uses what stands far before, later tokens are easier.

Positions are counted in buckets that double: 0 to 1k, 1k to 2k, 2k to 4k. Knows tokens and their losses; no models.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from octavo.errors import EvaluationError
from octavo.training.evaluating.evaluation import PositionLoss

FIRST_BUCKET = 1_024
"""Tokens; a reach of less has one bucket alone, but for those that ask for smaller ones."""


def buckets(reach: int, first: int = FIRST_BUCKET) -> list[tuple[int, int]]:
    """Where each bucket starts and ends, up to `reach` tokens."""
    found = [(0, min(first, reach))]
    while found[-1][1] < reach:
        end = found[-1][1]
        found.append((end, min(2 * end, reach)))
    return found


def stretches(tokens: Sequence[int], reach: int, count: int) -> list[tuple[int, ...]]:
    """Up to `count` stretches of `reach` tokens, evenly spread over a text and apart from one another.

    Raises `EvaluationError` where there is not one.
    """
    whole = len(tokens) // reach
    if not whole:
        raise EvaluationError(
            f"the held-out text has {len(tokens):,} tokens, and {reach:,} are to be read; name more text, or "
            "leave --evaluate-text out"
        )
    taken = min(count, whole)
    gap = (len(tokens) - taken * reach) // taken
    return [tuple(tokens[start : start + reach]) for start in (index * (reach + gap) for index in range(taken))]


def by_position(losses: Sequence[Sequence[float]], edges: Sequence[tuple[int, int]]) -> list[PositionLoss]:
    """The mean of each bucket over several texts; `losses[i][p]` is that of text i's token at position p + 1, since
    nothing stands before the first."""
    found = []
    for start, end in edges:
        here = [loss for text in losses for loss in text[max(0, start - 1) : end - 1]]
        if here:
            found.append(PositionLoss(start, end, math.fsum(here) / len(here), len(here)))
    return found
