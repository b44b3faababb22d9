"""What a user sees while documents are read: events as lines on standard error.

`PlainProgress` writes a line now and then, for logs and pipes; `live_progress.py` draws a bar on a terminal. Warnings
are shown by all. Knows events; nothing of how they come about.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from types import TracebackType
from typing import Protocol, Self, TypeGuard

from octavo.cli.pace import Pace, spoken_count, spoken_seconds
from octavo.cli.terminal import draws, one_line, say
from octavo.reading.answer import Coverage
from octavo.reading.events import (
    ChunkFailed,
    ChunkRead,
    Event,
    LevelStarted,
    PartSummarised,
    PassagesPacked,
    QuestionAnalysed,
    QuestionRewritten,
    RoundStarted,
    SubQuestionAnswered,
    SubQuestionAsked,
    ToolCalled,
    Warned,
)

_SECONDS_BETWEEN_LINES = 10.0
_SHARE_BETWEEN_LINES = 0.1
_LEAST_SECONDS_BETWEEN_LINES = 2.0
_KINDS_TOLD = 5


class Failures:
    """Remembers how chunks failed: a hundred of one kind are told once, and counted."""

    def __init__(self) -> None:
        self._kinds: set[str] = set()

    def first_of_its_kind(self, event: Event) -> str | None:
        """What to say of a chunk that failed as none did before; else None."""
        if not isinstance(event, ChunkFailed) or event.reason in self._kinds or len(self._kinds) == _KINDS_TOLD:
            return None
        self._kinds.add(event.reason)
        return f"{event.document.name}, chunk {event.index + 1:,}: {event.reason}"


class Progress(Protocol):
    """Shows what goes on, for `with`. After `pause` nothing is drawn until the next event: standard output is free."""

    def __enter__(self) -> Self:
        """Begin."""
        ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave nothing on the terminal that moves."""
        ...

    def step(self, what: str, done: int = 0, total: int = 0) -> None:
        """Something begins that takes a moment and has no events of its own; `done` of `total` such are over."""
        ...

    def show(self, event: Event) -> None:
        """Something happened."""
        ...

    def pause(self) -> None:
        """Leave the terminal to others."""
        ...


class SilentProgress:
    """Shows warnings only."""

    def __init__(self) -> None:
        self._failures = Failures()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass

    def step(self, what: str, done: int = 0, total: int = 0) -> None:
        """Not shown."""

    def show(self, event: Event) -> None:
        """A warning is shown, and so is the first failure of each kind."""
        message = event.message if isinstance(event, Warned) else self._failures.first_of_its_kind(event)
        if message is not None:
            say(warning(message))

    def pause(self) -> None:
        """Nothing is ever drawn."""


class PlainProgress(SilentProgress):
    """A line for every step, and one now and then while chunks are read. `clock` gives seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._pace: Pace | None = None
        self._last_line = clock()
        self._last_share = 0.0
        self._unsaid: Coverage | None = None

    def step(self, what: str, done: int = 0, total: int = 0) -> None:
        """A line, if the last one was long ago."""
        if self._clock() - self._last_line >= _SECONDS_BETWEEN_LINES:
            self._last_line = self._clock()
            say(counted(what, done, total))

    def show(self, event: Event) -> None:
        """A line, if it is time for one."""
        super().show(event)
        if isinstance(event, (ChunkRead, ChunkFailed)) or of_chunks(event):
            self._chunk(event)
            return
        if isinstance(event, Warned):
            return
        self._finish_reading()
        if isinstance(event, (LevelStarted, RoundStarted, SubQuestionAsked)):
            self._pace, self._last_line, self._last_share = Pace(self._clock), self._clock(), 0.0
        if line := line_of(event):
            say(line)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._finish_reading()

    def _chunk(self, event: ChunkRead | ChunkFailed | PartSummarised) -> None:
        self._pace = self._pace or Pace(self._clock)
        self._pace.follow(event)
        share = (event.coverage.read + event.coverage.failed) / max(1, event.coverage.chunks)
        waited = self._clock() - self._last_line
        advanced = share - self._last_share >= _SHARE_BETWEEN_LINES and waited >= _LEAST_SECONDS_BETWEEN_LINES
        self._unsaid = event.coverage
        if advanced or waited >= _SECONDS_BETWEEN_LINES:
            self._last_line, self._last_share, self._unsaid = self._clock(), share, None
            say(", ".join((read_so_far(event.coverage), *speed(self._pace, event.coverage))))

    def _finish_reading(self) -> None:
        if self._unsaid is not None:
            say(read_so_far(self._unsaid))
        self._unsaid = self._pace = None


def progress_for(*, quiet: bool) -> Progress:
    """What suits standard error: a bar on a terminal, lines elsewhere, warnings only where asked to be quiet."""
    if quiet:
        return SilentProgress()
    if draws():
        from octavo.cli.live_progress import LiveProgress

        return LiveProgress()
    return PlainProgress()


def of_chunks(event: Event) -> TypeGuard[PartSummarised]:
    """Whether a part was summarised from its own text, not from summaries."""
    return isinstance(event, PartSummarised) and event.tokens > 0


def counted(what: str, done: int, total: int) -> str:
    """A step with its place among its like: "3 of 20: notes.pdf"."""
    return f"{done + 1:,} of {total:,}: {what}" if total > 1 else what


def warning(message: str) -> str:
    """A warning as it is said."""
    return f"warning: {message}"


def line_of(event: Event) -> str | None:  # noqa: PLR0911 - one for each kind of event
    """A step of a reading as a line; None for what is no step."""
    match event:
        case LevelStarted(level, why):
            return f"{level}: {why}"
        case QuestionRewritten(_, standalone):
            return f"asked as: {standalone}"
        case QuestionAnalysed(analysis) if analysis.keywords:
            return f"searching with the words: {', '.join(analysis.keywords)}"
        case RoundStarted(number, notes):
            return f"round {number}, with {spoken_count(len(notes), 'note')} of what was found so far"
        case SubQuestionAsked(step, question):
            return f"step {step}: {question}"
        case SubQuestionAnswered(_, question, answer, found):
            return f"found: {_shortened(answer)}" if found else f"not found: {question}"
        case ToolCalled(step, call, text, failed):
            return f"step {step}: {_shortened(call)} {'failed: ' + _shortened(text) if failed else 'was called'}"
        case PassagesPacked(passages, tokens, window):
            return f"answering from {spoken_count(len(passages), 'passage')} ({tokens:,} of {window:,} tokens)"
    return None


def _shortened(text: str, limit: int = 160) -> str:
    line = one_line(text)
    return line if len(line) <= limit else line[: limit - 1] + "…"


def read_so_far(coverage: Coverage) -> str:
    """What was read, as a line."""
    return (
        f"{coverage.read:,} of {coverage.chunks:,} chunks read, {coverage.relevant:,} relevant, "
        f"{coverage.failed:,} failed"
    )


def speed(pace: Pace, coverage: Coverage) -> list[str]:
    """Tokens per second and the time that is left, as far as they are known."""
    rate, left = pace.tokens_per_second, pace.seconds_left(coverage)
    return [
        *([f"{rate:,.0f} tokens/s"] if rate is not None else []),
        *([f"{spoken_seconds(left)} left"] if left else []),
    ]
