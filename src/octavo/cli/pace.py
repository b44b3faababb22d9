"""How fast a reading goes: chunks and tokens a second, and how long it still takes.

What the ledger had costs no time and is left out of the pace. Knows numbers and a clock; nothing of how they are shown.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

from octavo.reading.answer import Coverage
from octavo.reading.events import ChunkFailed, ChunkRead, PartSummarised

_SPAN_SECONDS = 60.0


class Pace:
    """Follows a reading chunk by chunk. `clock` gives seconds; rates are those of the last minute."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._marks: deque[tuple[float, int, int]] = deque([(clock(), 0, 0)])
        self._tokens = 0
        self._chunks = 0

    def follow(self, event: ChunkRead | ChunkFailed | PartSummarised) -> None:
        """One more chunk, or the chunks of a part, are done. One that failed took its time, but gave no tokens."""
        if not isinstance(event, ChunkFailed):
            if event.reused:
                return
            self._tokens += event.tokens
        self._chunks += event.chunks if isinstance(event, PartSummarised) else 1
        now = self._clock()
        self._marks.append((now, self._tokens, self._chunks))
        while len(self._marks) > 2 and now - self._marks[1][0] > _SPAN_SECONDS:
            self._marks.popleft()

    @property
    def tokens_per_second(self) -> float | None:
        """Document tokens read per second; None before the first chunk."""
        passed, tokens, _ = self._recent()
        return tokens / passed if passed > 0 and tokens else None

    def seconds_left(self, coverage: Coverage) -> float | None:
        """Seconds until the last chunk is read; None before the first."""
        passed, _, chunks = self._recent()
        if not chunks:
            return None
        return passed / chunks * (coverage.chunks - coverage.read - coverage.failed - coverage.skipped)

    def _recent(self) -> tuple[float, int, int]:
        """Seconds, tokens and chunks of the last minute."""
        started, tokens, chunks = self._marks[0]
        return self._clock() - started, self._tokens - tokens, self._chunks - chunks


def spoken_count(number: int, what: str) -> str:
    """A number of things as people say it: "1 step", "1,200 steps"."""
    return f"{number:,} {what}" + ("" if number == 1 else "s")


def spoken_seconds(seconds: float) -> str:
    """A duration as people say it: "45 s", "3 min", "2 h 5 min"."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    minutes = round(seconds / 60)
    if minutes < 90:
        return f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60} min"
