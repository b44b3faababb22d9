"""Ctrl-C as a wish to stop: the first is noted, a second one interrupts as ever.

Knows signals; nothing of training.
"""

from __future__ import annotations

import signal
import threading
from types import FrameType, TracebackType
from typing import Any


class Interrupts:
    """While it is entered, `asked` says whether the user pressed Ctrl-C. Signals go to the main thread of a program
    only: entered in another, it changes nothing."""

    def __init__(self) -> None:
        self.asked = False
        self._before: Any = None
        self._entered = False

    def __enter__(self) -> Interrupts:
        if threading.current_thread() is threading.main_thread():
            self._before = signal.signal(signal.SIGINT, self._note)
            self._entered = True
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._entered:
            signal.signal(signal.SIGINT, self._before)
            self._entered = False

    def _note(self, _number: int, _frame: FrameType | None) -> None:
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True
