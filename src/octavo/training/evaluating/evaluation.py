"""What was measured of a model while it was trained, as plain data. Knows nothing of how it is measured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class NeedleScore:
    """Of `asked` needles at `depth` percent of prompts of `length` tokens: how many replies hold the keyword
    (`found`), and how many are the asked-for sentence or the keyword and nothing else (`exact`)."""

    length: int
    depth: float
    asked: int
    found: int
    exact: int


@dataclass(frozen=True, slots=True)
class PositionLoss:
    """The mean negative log-likelihood (nats) of `tokens` tokens of long text that stand from position `start` to
    before `end`, each read with all that stands before it."""

    start: int
    end: int
    loss: float
    tokens: int


@dataclass(frozen=True, slots=True)
class Retention:
    """The mean loss (nats) of the learned tokens, `tokens` in all, of held-out short samples."""

    samples: int
    loss: float
    tokens: int


@dataclass(frozen=True, slots=True)
class Evaluation:
    """All that was measured after `step` of a stage (counted from 1; step 0: before the first), in `seconds`."""

    stage: int
    step: int
    needles: tuple[NeedleScore, ...]
    positions: tuple[PositionLoss, ...]
    retention: Retention | None
    seconds: float

    def recall(self, length: int | None = None) -> float | None:
        """The share of needles that were found, at one length or at all; None without any."""
        of_length = [score for score in self.needles if length in (None, score.length)]
        asked = sum(score.asked for score in of_length)
        return sum(score.found for score in of_length) / asked if asked else None

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Evaluation:
        """What `dataclasses.asdict` and JSON made of one."""
        retention = values["retention"]
        return cls(
            **{
                **values,
                "needles": tuple(NeedleScore(**each) for each in values["needles"]),
                "positions": tuple(PositionLoss(**each) for each in values["positions"]),
                "retention": Retention(**retention) if retention is not None else None,
            }
        )
