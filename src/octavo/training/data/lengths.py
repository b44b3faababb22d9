"""Which sample is trained in which stage: by its length, with short samples mixed in.

A sample belongs to the shortest stage that holds it; a stage trains what fits it and did not fit the one before. Long
samples are what lengthens a model's reach, and a token at length T costs more the longer T is, so nothing is shown at a
longer length than it needs; growing in steps is what ProLong (Gao et al. 2024, arXiv 2410.02660: 64k, then 512k) and
Qwen2.5-1M (Yang et al. 2025, arXiv 2501.15383: 4k to 256k in several steps) did. Both mix long data with short ones,
lest what the model does with short texts be lost: hence the share of short samples in every stage. A
stage that no sample is left for trains all that fit it once more, and says so (`StageData.repeats`). With a share of
1 short samples alone are shown: the control that tells what comes of the samples' length and what of any training.

Nothing is ever cut: a sample that is longer than the last stage is refused, with all others that are. Knows numbers of
tokens, and neither text nor tokenizers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from random import Random

from octavo.errors import TrainingError
from octavo.training.data.samples import Sample
from octavo.training.data.templates import Encoded
from octavo.training.recipe import Stage

_LISTED = 10
"""Samples named in an error; of more, their number is told."""


_SORTED_GROUPS = 32
"""Groups of samples that are sorted by length among each other: enough for like ones to meet, few enough to stay
mixed."""


@dataclass(frozen=True, slots=True)
class Measured:
    """A sample without its text: where it stands in the data (counted from 0 through all files), how many tokens it
    has and how many of them are learned, and whether it is of the short data."""

    index: int
    tokens: int
    learned: int
    source: str
    short: bool = False


@dataclass(frozen=True, slots=True)
class StageData:
    """What a stage trains in one epoch, in the order of showing. `repeats`: no sample needs the stage's length, so
    those of the stages before are trained again."""

    stage: Stage
    samples: tuple[Measured, ...]
    repeats: bool = False

    @property
    def tokens(self) -> int:
        """Of all samples together."""
        return sum(sample.tokens for sample in self.samples)


def measure(
    samples: Iterable[Sample], encode: Callable[[Sample], Encoded], limit: int, *, short: bool = False
) -> list[Measured]:
    """The lengths of samples, as `encode` makes tokens of them; each is in memory only while it is counted.

    `limit` is the longest that is trained: the last stage for the data, the first for the short data, which every
    stage shows. Raises `TrainingError` with a list of those that are longer.
    """
    measured = []
    for index, sample in enumerate(samples):
        encoded = encode(sample)
        measured.append(Measured(index, len(encoded.tokens), sum(encoded.learned), sample.source, short=short))
    longer = [found for found in measured if found.tokens > limit]
    if longer:
        named = "; ".join(f"{found.source}: {found.tokens:,} tokens" for found in longer[:_LISTED])
        more = f"; and {len(longer) - _LISTED:,} more" if len(longer) > _LISTED else ""
        remedy = (
            "give them as data, not as short data"
            if short
            else f"add a stage of {max(found.tokens for found in longer):,} tokens, or shorten them"
        )
        stands = "is" if len(longer) == 1 else "are"
        raise TrainingError(
            f"{len(longer):,} of {len(measured):,} samples {stands} longer than {limit:,} tokens, and none is cut: "
            f"{named}{more}; {remedy}"
        )
    return measured


def arrange(
    stages: Sequence[Stage],
    data: Sequence[Measured],
    short_data: Sequence[Measured] = (),
    *,
    short_share: float = 0.0,
    seed: int = 0,
    together: int = 1,
) -> list[StageData]:
    """What each stage trains. The same data and seed give the same order.

    Short samples make up `short_share` (0 to 1) of each stage's; where that is 1, they stand in place of all others, as
    many as have together the tokens of those. They are drawn in turn from a shuffled order, so that stages show
    different ones, and one a second time only when all were shown. Of `together` samples that go through a model at
    once, all have about the same length, so that little of a batch is padding.
    """
    if short_share and not short_data:
        raise TrainingError("there are no short samples to mix in; give a file that holds some")
    short_in_turn = cycle(_shuffled(short_data, seed, "short data"))
    arranged = []
    for before, stage in zip((0, *(stage.length for stage in stages)), stages, strict=False):
        own = [sample for sample in data if before < sample.tokens <= stage.length]
        shown = own or [sample for sample in data if sample.tokens <= stage.length]
        if not shown:
            raise TrainingError(
                f"no sample fits the stage of {stage.length:,} tokens: the shortest has "
                f"{min(sample.tokens for sample in data):,}; leave the stage out, or add shorter samples"
                if data
                else "there are no samples to arrange; give a file that holds some"
            )
        order = _shuffled(_mixed(shown, short_in_turn, short_share), seed, f"stage {stage.length}")
        arranged.append(StageData(stage, tuple(_alike(order, together, seed)), repeats=not own))
    return arranged


def _mixed(own: Sequence[Measured], short_in_turn: Iterator[Measured], share: float) -> list[Measured]:
    """A stage's own samples and its share of short ones; with a share of 1 short ones alone, of at least the tokens
    that the own ones have."""
    if share < 1:
        return [*own, *islice(short_in_turn, round(len(own) * share / (1 - share)))]
    mixed: list[Measured] = []
    wanted = sum(sample.tokens for sample in own)
    while wanted > 0:
        mixed.append(next(short_in_turn))
        wanted -= mixed[-1].tokens
    return mixed


def _alike(order: Sequence[Measured], together: int, seed: int) -> list[Measured]:
    """Samples in an order in which each `together` have about the same length; those that cannot fill a group are at
    the end."""
    if together == 1:
        return list(order)
    by_length: list[Measured] = []
    for start in range(0, len(order), together * _SORTED_GROUPS):
        by_length += sorted(order[start : start + together * _SORTED_GROUPS], key=lambda sample: sample.tokens)
    groups = [by_length[start : start + together] for start in range(0, len(by_length), together)]
    full = [group for group in groups if len(group) == together]
    Random(f"{seed}, groups").shuffle(full)
    return [sample for group in (*full, *groups[len(full) :]) for sample in group]


def _shuffled(samples: Sequence[Measured], seed: int, purpose: str) -> list[Measured]:
    shuffled = list(samples)
    Random(f"{seed}, {purpose}").shuffle(shuffled)
    return shuffled
