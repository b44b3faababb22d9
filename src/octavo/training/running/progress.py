"""What a training tells while it runs, as plain data: whoever runs it decides how to show it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from octavo.training.evaluating.evaluation import Evaluation
from octavo.training.planning.plan import Plan


@dataclass(frozen=True, slots=True)
class Planned:
    """What the training will take on this machine, before the model is loaded."""

    plan: Plan


@dataclass(frozen=True, slots=True)
class StageBegun:
    """Stage `stage` (counted from 1) of `stages` begins, or goes on after `step` of its `steps`. `repeats`: it shows
    samples of the stages before, since none needs its length."""

    stage: int
    stages: int
    length: int
    samples: int
    step: int
    steps: int
    repeats: bool = False


@dataclass(frozen=True, slots=True)
class StepDone:
    """A step of the optimizer: the mean loss of its learned tokens (natural logarithm), the learning rate that it had,
    tokens a second (all that were read, learned or not) and about how many seconds are left of this stage, both by the
    mean of the stage so far."""

    stage: int
    stages: int
    step: int
    steps: int
    loss: float
    learning_rate: float
    tokens_per_second: float
    seconds_left: float


@dataclass(frozen=True, slots=True)
class Saved:
    """What was trained up to `step` of a stage is on disk, in `folder`."""

    stage: int
    step: int
    folder: Path


@dataclass(frozen=True, slots=True)
class StopAsked:
    """The user asked to stop: it is saved and stopped when the step under way is done. Told from within a signal's
    handler, amid whatever is under way."""


@dataclass(frozen=True, slots=True)
class Stopping:
    """As the user asked, it is saved and stopped after this step."""

    stage: int
    step: int


@dataclass(frozen=True, slots=True)
class Evaluated:
    """The model was measured as it is now."""

    evaluation: Evaluation


News = Planned | StageBegun | StepDone | Saved | StopAsked | Stopping | Evaluated
Tell = Callable[[News], None]


def say_nothing(_: News) -> None:
    """For those who do not watch."""
