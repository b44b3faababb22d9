"""What a user sees while a model is trained: news as lines on standard error.

`PlainTraining` writes a line now and then, for logs and pipes; `live.py` draws a bar on a terminal. Knows news;
nothing of how they come about.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Protocol, Self

from octavo.cli.pace import spoken_seconds
from octavo.cli.terminal import draws, say
from octavo.cli.training.planned import plan_rows
from octavo.training.evaluating.evaluation import Evaluation
from octavo.training.planning.plan import Plan
from octavo.training.running.progress import (
    Evaluated,
    News,
    Planned,
    Saved,
    StageBegun,
    StepDone,
    StopAsked,
)

LOADING = "loading the model"
STOPPING = "stopping once what is under way is saved; Ctrl-C again stops at once, with what the last checkpoint holds"

_SECONDS_BETWEEN_LINES = 10.0


class TimeLeft:
    """Seconds until the last stage is done: what is left of a stage by its own pace, and the stages after it by the
    plan, slower or faster as the pace is than planned."""

    def __init__(self) -> None:
        self._plan: Plan | None = None
        self._slower = 1.0

    def follow(self, plan: Plan) -> None:
        """This is what is under way."""
        self._plan = plan

    def after(self, step: StepDone) -> float:
        """Seconds, when `step` is done."""
        if self._plan is None:
            return step.seconds_left
        of_stage = self._plan.stages[step.stage - 1]
        undone = step.steps - step.step
        if undone and of_stage.seconds:
            self._slower = step.seconds_left / undone / of_stage.seconds_per_step
        return step.seconds_left + self._slower * sum(later.seconds for later in self._plan.stages[step.stage :])


class TrainingProgress(Protocol):
    """Shows what goes on, for `with`."""

    def __enter__(self) -> Self:
        """Begin."""
        ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave nothing on the terminal that moves."""
        ...

    def step(self, what: str) -> None:
        """Something begins that takes a moment and has no news of its own."""
        ...

    def tell(self, news: News) -> None:
        """Something happened. May be called within a signal's handler."""
        ...


class SilentTraining:
    """Shows nothing but the answer to Ctrl-C. It writes where standard error leads when it is made: while a model is
    loaded, that is redirected, for the sake of other libraries' bars."""

    def __init__(self) -> None:
        self._stream = sys.stderr

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass

    def step(self, what: str) -> None:
        """Not shown."""

    def tell(self, news: News) -> None:
        """Not shown, but for what the user asked for."""
        if isinstance(news, StopAsked):
            say(STOPPING, self._stream)


class PlainTraining(SilentTraining):
    """A line for all that begins or ends, and one now and then for a step. `clock` gives seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._last_line = clock() - _SECONDS_BETWEEN_LINES
        self._left = TimeLeft()

    def step(self, what: str) -> None:
        """A line."""
        say(what, self._stream)

    def tell(self, news: News) -> None:
        """A line, if it is time for one."""
        super().tell(news)
        for line in lines_of(news):
            say(line, self._stream)
        if isinstance(news, Planned):
            self._left.follow(news.plan)
            self.step(LOADING)
        elif isinstance(news, StepDone):
            left = self._left.after(news)
            ends = news.step in (1, news.steps)
            if ends or self._clock() - self._last_line >= _SECONDS_BETWEEN_LINES:
                self._last_line = self._clock()
                say(f"{place_of(news)}: {figures_of(news, left)}", self._stream)


def training_progress_for(*, quiet: bool) -> TrainingProgress:
    """What suits standard error: a bar on a terminal, lines elsewhere, nothing where asked to be quiet."""
    if quiet:
        return SilentTraining()
    if draws():
        from octavo.cli.training.live import LiveTraining

        return LiveTraining()
    return PlainTraining()


def lines_of(news: News) -> Iterator[str]:
    """What begins or ends, as lines; none for a step, and none for a checkpoint."""
    match news:
        case Planned(plan):
            yield from (f"{name}: {value}" for name, value in plan_rows(plan))
        case StageBegun():
            after = f", going on after step {news.step:,}" if news.step else ""
            yield (
                f"stage {news.stage} of {news.stages}: {news.samples:,} samples of up to {news.length:,} tokens, "
                f"{news.steps:,} steps{after}"
            )
        case Saved(stage, step, folder) if not folder.name.startswith("checkpoint-"):
            yield f"stage {stage} is done after {step:,} steps: {folder}"
        case Evaluated(evaluation):
            yield f"measured after step {evaluation.step:,} of stage {evaluation.stage}: {measured(evaluation)}"


def place_of(step: StepDone) -> str:
    """Where a step stands: "stage 1 of 3, step 12 of 240"."""
    return f"stage {step.stage} of {step.stages}, step {step.step:,} of {step.steps:,}"


def figures_of(step: StepDone, seconds_left: float) -> str:
    """The loss, the pace and the time that is left, as far as there is some."""
    left = f", {spoken_seconds(seconds_left)} left" if seconds_left else ""
    return f"loss {step.loss:.3f}, {step.tokens_per_second:,.0f} tokens/s{left}"


def measured(evaluation: Evaluation) -> str:
    """What was measured, in figures: shares of needles that were found by length, losses at both ends of long text."""
    parts = []
    lengths = sorted({score.length for score in evaluation.needles})
    if lengths:
        found = ", ".join(f"{evaluation.recall(length) or 0:.0%} at {length:,} tokens" for length in lengths)
        parts.append(f"needles found: {found}")
    if evaluation.positions:
        ends = dict.fromkeys((evaluation.positions[0], evaluation.positions[-1]))
        parts.append("loss of " + ", ".join(f"{end.loss:.3f} at {end.start:,} to {end.end:,}" for end in ends))
    if evaluation.retention is not None:
        parts.append(f"short samples: loss {evaluation.retention.loss:.3f}")
    return "; ".join(parts)
