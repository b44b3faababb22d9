from __future__ import annotations

import signal
import threading
from typing import Any

import pytest

from octavo.training.running.interrupts import Interrupts


def test_the_first_ctrl_c_is_a_wish_and_the_second_an_interrupt() -> None:
    times = iter([0.0, 0.5, 2.0])
    with Interrupts(clock=lambda: next(times)) as interrupts:
        signal.raise_signal(signal.SIGINT)
        assert interrupts.asked
        signal.raise_signal(signal.SIGINT)  # the same, passed on by a launcher
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)


def test_a_scheduler_may_ask_as_often_as_it_likes() -> None:
    answers: list[bool] = []
    with Interrupts(lambda: answers.append(True)) as interrupts:
        assert not interrupts.asked
        signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGTERM)
        assert interrupts.asked
    assert answers == [True]


def test_in_another_thread_signals_are_left_alone() -> None:
    before = signal.getsignal(signal.SIGINT)
    seen: list[Any] = []

    def enter() -> None:
        with Interrupts():
            seen.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=enter)
    thread.start()
    thread.join()
    assert seen == [before]


def test_afterwards_signals_are_as_they_were() -> None:
    before = signal.getsignal(signal.SIGINT)
    with Interrupts():
        assert signal.getsignal(signal.SIGINT) != before
    assert signal.getsignal(signal.SIGINT) == before
