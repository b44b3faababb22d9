from __future__ import annotations

import random
from itertools import accumulate, pairwise

from hypothesis import given
from hypothesis import strategies as st

from octavo.documents.cutting import PIECE, choose_cuts

LIMIT = 100
gaps = st.lists(st.integers(0, LIMIT), min_size=1, max_size=120)


@given(gaps, st.randoms(use_true_random=False))
def test_no_piece_is_longer_than_the_limit(widths: list[int], chance: random.Random) -> None:
    positions = list(accumulate(widths, initial=0))
    prices = [chance.randrange(2 * PIECE) for _ in positions]
    cuts = choose_cuts(positions, prices, LIMIT)
    assert cuts[0] == 0
    assert cuts[-1] == len(positions) - 1
    assert all(first < second for first, second in pairwise(cuts))
    assert all(positions[second] - positions[first] <= LIMIT for first, second in pairwise(cuts))


@given(st.lists(st.integers(1, 30), min_size=2, max_size=30), st.randoms(use_true_random=False))
def test_a_short_row_is_cut_the_cheapest_way(widths: list[int], chance: random.Random) -> None:
    positions = [position for position in accumulate(widths, initial=0) if position < 3 * LIMIT]
    prices = [chance.randrange(2 * PIECE) for _ in positions]

    def paid(cuts: list[int]) -> int:
        return sum(PIECE + prices[cut] for cut in cuts[1:])

    cheapest = [0, *([0] * (len(positions) - 1))]
    for end in range(1, len(positions)):
        starts = [start for start in range(end) if positions[end] - positions[start] <= LIMIT]
        cheapest[end] = min(cheapest[start] for start in starts) + PIECE + prices[end]
    if positions[-1] <= LIMIT:
        assert choose_cuts(positions, prices, LIMIT) == [0, len(positions) - 1]
    else:
        assert paid(choose_cuts(positions, prices, LIMIT)) == cheapest[-1]


def test_what_fits_is_not_cut() -> None:
    assert choose_cuts([0, 40, 100], [0, 0, 0], LIMIT) == [0, 2]
    assert choose_cuts([0], [0], LIMIT) == [0]


def test_cuts_far_from_a_change_stay_where_they_are() -> None:
    chance = random.Random(3)
    widths = [chance.randrange(2, 15) for _ in range(2_000)]
    prices = [chance.randrange(2 * PIECE) for _ in range(2_001)]

    def places(widths: list[int], prices: list[int]) -> list[int]:
        positions = list(accumulate(widths, initial=0))
        return [prices[cut] for cut in choose_cuts(positions, prices, LIMIT)]

    before = places(widths, prices)
    for _ in range(20):
        at = chance.randrange(100, 1_900)
        after = places(
            [*widths[:at], 9, *widths[at:]], [*prices[: at + 1], chance.randrange(2 * PIECE), *prices[at + 1 :]]
        )
        kept = _same_from_the_start(before, after) + _same_from_the_start(before[::-1], after[::-1])
        assert len(after) - kept <= 15


def _same_from_the_start(before: list[int], after: list[int]) -> int:
    pairs = enumerate(zip(before, after, strict=False))
    return next((index for index, (one, other) in pairs if one != other), min(len(before), len(after)))
