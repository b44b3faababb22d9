"""Choosing where to cut: a row of places with prices becomes pieces of limited length, the cheapest way.

The choice is content-defined. Places that are the cheapest far around are *anchors* and always cut; between two anchors
a shortest path minimises the number of pieces and the prices together. A change in the row therefore moves cuts up to
the next anchor at most, and mostly none. Knows nothing of texts: lengths and prices are numbers.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

PIECE = 1 << 16
"""The price of a piece. Prices are whole numbers, so that equal ways stay equal however far along the row they lie."""

_ANCHOR_REACH = 1.25
"""An anchor is the cheapest place within so many lengths of a piece, before and behind."""

_ANCHOR_EDGE = 1.5
"""No anchor lies nearer to an end of the row, where it would only break a piece in two."""


def choose_cuts(positions: Sequence[int], prices: Sequence[int], limit: int) -> list[int]:
    """The indices of `positions` to cut at, the first and the last among them.

    `positions` ascend; neighbours in the result lie at most `limit` apart wherever neighbours in `positions` do.
    `prices[i]` is what a cut at `positions[i]` costs beside `PIECE`. Linear in the number of positions.
    """
    last = len(positions) - 1
    if last < 1 or positions[last] - positions[0] <= limit:
        return [0, last] if last > 0 else [0]
    cuts = [0]
    for stop in [*_anchors(positions, prices, limit), last]:
        cuts.extend(_cheapest_way(positions, prices, limit, cuts[-1], stop))
    return cuts


def _anchors(positions: Sequence[int], prices: Sequence[int], limit: int) -> list[int]:
    reach, edge = int(_ANCHOR_REACH * limit), int(_ANCHOR_EDGE * limit)
    last = len(positions) - 1
    lowest, highest = positions[0] + edge, positions[last] - edge
    anchors = []
    nearby: deque[int] = deque()  # indices within reach, prices ascending: the first is the cheapest
    ahead = 1
    for index in range(1, last):
        while ahead < last and positions[ahead] <= positions[index] + reach:
            while nearby and prices[nearby[-1]] > prices[ahead]:
                nearby.pop()
            nearby.append(ahead)
            ahead += 1
        while positions[nearby[0]] < positions[index] - reach:
            nearby.popleft()
        if nearby[0] == index and lowest <= positions[index] <= highest:
            anchors.append(index)
    return anchors


def _cheapest_way(positions: Sequence[int], prices: Sequence[int], limit: int, start: int, stop: int) -> list[int]:
    """The cuts after `start` up to and with `stop`. A sliding minimum: each index enters and leaves once."""
    total = [0] * (stop - start + 1)  # the price of the cheapest way from `start`
    before = [start] * (stop - start + 1)
    within: deque[int] = deque([start])  # possible starts of the piece that ends here, their totals ascending
    for index in range(start + 1, stop + 1):
        while len(within) > 1 and positions[index] - positions[within[0]] > limit:
            within.popleft()
        best = within[0]
        before[index - start] = best
        total[index - start] = price = total[best - start] + PIECE + prices[index]
        while within and total[within[-1] - start] > price:
            within.pop()
        within.append(index)
    cuts = []
    while stop != start:
        cuts.append(stop)
        stop = before[stop - start]
    return cuts[::-1]
