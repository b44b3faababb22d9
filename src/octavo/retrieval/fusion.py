"""Several rankings become one: reciprocal rank fusion.

Source of the formula: Cormack, Clarke and Büttcher, "Reciprocal Rank Fusion outperforms Condorcet and individual Rank
Learning Methods", SIGIR 2009. Knows nothing of what is ranked.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import TypeVar

Item = TypeVar("Item", bound=Hashable)


def reciprocal_rank_fusion(
    rankings: Sequence[Sequence[Item]], *, weights: Sequence[float] | None = None, k: float = 60.0
) -> list[Item]:
    """The items of all `rankings` (each best first), by Σ weight / (k + rank), rank from 1; best first.

    Items of equal score keep the order in which they first appear. Raises `ValueError` where there are not as many
    weights as rankings.
    """
    scores: dict[Item, float] = {}
    for ranking, weight in zip(rankings, weights or [1.0] * len(rankings), strict=True):
        for rank, item in enumerate(ranking, start=1):
            scores[item] = scores.get(item, 0.0) + weight / (k + rank)
    return sorted(scores, key=lambda item: -scores[item])


def interleave(rankings: Sequence[Sequence[Item]]) -> list[Item]:
    """The best of every ranking, then the second of every one, and so on; an item once, where it comes first."""
    longest = max((len(ranking) for ranking in rankings), default=0)
    taken = (ranking[rank] for rank in range(longest) for ranking in rankings if rank < len(ranking))
    return list(dict.fromkeys(taken))
