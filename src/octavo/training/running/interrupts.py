"""Ctrl-C, and a scheduler's SIGTERM, as a wish to stop: it is noted; a second Ctrl-C interrupts as ever.

Knows signals; nothing of training.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any

from octavo.errors import TrainingError

_SIGNALS = (signal.SIGINT, signal.SIGTERM)

_SAME = 1.0
"""Seconds within which a second Ctrl-C is the first: a launcher passes on what its processes were told already."""


class Stopped(TrainingError):
    """The user stopped the training; what was trained is saved. The message says how to go on."""

    exit_code = 130


class Interrupts:
    """While it is entered, `asked` says whether the process was asked to stop; `answer` is called as it is asked, in
    the middle of whatever is under way. `clock` gives seconds. Signals go to the main thread of a program only: entered
    in another, it changes nothing."""

    def __init__(self, answer: Callable[[], None] = lambda: None, clock: Callable[[], float] = time.monotonic) -> None:
        self.asked = False
        self._answer = answer
        self._clock = clock
        self._asked_at = 0.0
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Interrupts:
        if threading.current_thread() is threading.main_thread():
            self._before = {number: signal.signal(number, self._note) for number in _SIGNALS}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, before in self._before.items():
            signal.signal(number, before)
        self._before = {}

    def _note(self, number: int, _frame: FrameType | None) -> None:
        if not self.asked:
            self.asked, self._asked_at = True, self._clock()
            self._answer()
        elif number == signal.SIGINT and self._clock() - self._asked_at > _SAME:
            raise KeyboardInterrupt
