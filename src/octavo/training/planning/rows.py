"""The rows that a stage shows, by their lengths: a sample each, or several where short ones are packed.

Packing is TRL's (trl 1.16): in each thousand samples, from the longest to the shortest, a sample goes where the least
room that holds it is left ("best fit decreasing"; Ding et al. 2024, arXiv 2404.10830). Rows are therefore more than the
tokens would fill. Knows lengths; no tokens, no model.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Sequence
from dataclasses import dataclass

from octavo.training.data.lengths import Measured, StageData

_PACKED_TOGETHER = 1000
"""Samples among which a row is filled: the batch of datasets' `map`."""


@dataclass(frozen=True, slots=True)
class Row:
    """How many tokens a row has, how many of them are learned, and of how many samples they are."""

    tokens: int
    learned: int
    samples: int = 1


def rows_of(data: StageData, *, packing: bool) -> list[Row]:
    """The rows of one epoch, in no order."""
    if not packing:
        return [Row(sample.tokens, sample.learned) for sample in data.samples]
    return [
        row
        for start in range(0, len(data.samples), _PACKED_TOGETHER)
        for row in _packed(data.samples[start : start + _PACKED_TOGETHER], data.stage.length)
    ]


def _packed(samples: Sequence[Measured], length: int) -> list[Row]:
    rows: list[Row] = []
    left: list[tuple[int, int]] = []  # the room in each row that has some, and the row's number: least room first
    for sample in sorted(samples, key=lambda each: each.tokens, reverse=True):
        place = bisect_left(left, (sample.tokens, 0))
        if place == len(left):
            room, number = length, len(rows)
            rows.append(Row(0, 0, 0))
        else:
            room, number = left.pop(place)
        row = rows[number]
        rows[number] = Row(row.tokens + sample.tokens, row.learned + sample.learned, row.samples + 1)
        insort(left, (room - sample.tokens, number))
    return rows
