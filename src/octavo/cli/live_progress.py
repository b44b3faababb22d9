"""The progress of a reading as a bar on a terminal. The only module that needs rich; imported when a bar is drawn."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, SpinnerColumn, Task, TaskID
from rich.table import Column
from rich.text import Text

from octavo.cli.pace import Pace
from octavo.cli.progress import Failures, counted, line_of, of_chunks, read_so_far, speed, warning
from octavo.cli.terminal import PREFIX, one_line
from octavo.reading.answer import Coverage
from octavo.reading.events import (
    AnswerDelta,
    Answered,
    ChunkFailed,
    ChunkRead,
    Event,
    LevelStarted,
    PartSummarised,
    Summarised,
    Warned,
)

_BAR_WIDTH = 12


class _Words(ProgressColumn):
    """What `words` says at the moment of drawing: the time that is left changes while nothing happens."""

    def __init__(self, words: Callable[[], str]) -> None:
        super().__init__(Column(no_wrap=True))
        self._words = words

    def render(self, task: Task) -> Text:
        """The words, as they are."""
        return Text(self._words())


class LiveProgress:
    """One line that moves, and the steps as lines above it."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(stderr=True, highlight=False)
        self._progress: Progress | None = None
        self._task = TaskID(0)
        self._doing = ""
        self._pace: Pace | None = None
        self._coverage: Coverage | None = None
        self._failures = Failures()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.pause()
        self._finish_reading()

    def step(self, what: str, done: int = 0, total: int = 0) -> None:
        """A bar, or a spinner, beside what is being done."""
        self._draw(one_line(counted(what, done, total)), done=done, total=total or None)

    def show(self, event: Event) -> None:
        """Move the bar, or say what begins."""
        match event:
            case ChunkRead() | ChunkFailed():
                self._chunk(event)
            case PartSummarised() if of_chunks(event):
                self._chunk(event)
            case PartSummarised(title=title):
                self._finish_reading()
                self._draw(f"put together: {one_line(title)}")
            case AnswerDelta() | Answered() | Summarised():
                self.pause()
            case Warned(message):
                self._say(warning(message))
            case _:
                self._finish_reading()
                if isinstance(event, LevelStarted):
                    self._pace = Pace()
                if line := line_of(event):
                    self._say(line)
                self._draw("waiting for the model")

    def pause(self) -> None:
        """Take the moving line away."""
        if self._progress is not None:
            self._progress.stop()
            self._progress = None

    def _chunk(self, event: ChunkRead | ChunkFailed | PartSummarised) -> None:
        if failure := self._failures.first_of_its_kind(event):
            self._say(warning(failure))
        self._pace = self._pace or Pace()
        self._pace.follow(event)
        self._coverage = coverage = event.coverage
        self._draw("", done=coverage.read + coverage.failed, total=coverage.chunks)

    def _finish_reading(self) -> None:
        if self._coverage is not None:
            self._say(read_so_far(self._coverage))
        self._coverage = self._pace = None

    def _words(self) -> str:
        coverage, pace = self._coverage, self._pace
        if coverage is None or pace is None:
            return self._doing
        figures = [
            f"{coverage.read:,}/{coverage.chunks:,} read",
            f"{coverage.relevant:,} relevant",
            f"{coverage.failed:,} failed",
            *speed(pace, coverage),
        ]
        return ", ".join(figures)

    def _draw(self, doing: str, *, done: int = 0, total: int | None = None) -> None:
        self._doing = doing
        if self._progress is None:
            self._progress = Progress(
                SpinnerColumn("line"),
                BarColumn(_BAR_WIDTH),
                _Words(self._words),
                console=self._console,
                transient=True,
                redirect_stdout=False,
                redirect_stderr=False,
            )
            self._task = self._progress.add_task(doing, total=total)
            self._progress.start()
        self._progress.update(self._task, completed=done, total=total)

    def _say(self, message: str) -> None:
        self._console.print(f"{PREFIX}{one_line(message)}", markup=False, soft_wrap=True)
