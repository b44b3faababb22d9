"""The progress of a training as a bar on a terminal. Needs rich; imported when a bar is drawn."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn

from octavo.cli.terminal import PREFIX, one_line
from octavo.cli.training.progress import LOADING, STOPPING, TimeLeft, figures_of, lines_of, place_of
from octavo.training.running.progress import News, Planned, StageBegun, StepDone, StopAsked

_BAR_WIDTH = 12


class LiveTraining:
    """One line that moves, and what begins and ends as lines above it."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(file=sys.stderr, highlight=False)  # redirected while a model is loaded
        self._progress: Progress | None = None
        self._task = TaskID(0)
        self._left = TimeLeft()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._progress is not None:
            self._progress.stop()
            self._progress = None

    def step(self, what: str) -> None:
        """A spinner beside what is being done."""
        self._draw(what)

    def tell(self, news: News) -> None:
        """Move the bar, or say what begins or ends."""
        for line in lines_of(news):
            self._say(line)
        match news:
            case Planned(plan):
                self._left.follow(plan)
                self._draw(LOADING)
            case StageBegun():
                self._draw(f"stage {news.stage} of {news.stages}", done=news.step, total=news.steps)
            case StepDone():
                words = f"{place_of(news)}: {figures_of(news, self._left.after(news))}"
                self._draw(words, done=news.step, total=news.steps)
            case StopAsked():
                self._say(STOPPING)

    def _draw(self, words: str, *, done: int = 0, total: int | None = None) -> None:
        if self._progress is None:
            self._progress = Progress(
                SpinnerColumn("line"),
                BarColumn(_BAR_WIDTH),
                TextColumn("{task.description}", markup=False),
                console=self._console,
                transient=True,
                redirect_stdout=False,
                redirect_stderr=False,
            )
            self._task = self._progress.add_task(words, total=total)
            self._progress.start()
        self._progress.update(self._task, description=words, completed=done, total=total)

    def _say(self, message: str) -> None:
        self._console.print(f"{PREFIX}{one_line(message)}", markup=False, soft_wrap=True)
