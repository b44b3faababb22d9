"""Errors as one line and an exit code; interrupts in good order."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from octavo.cli.run import INTERRUPTED, run_verb
from octavo.errors import BudgetExhausted, SourceNotFound, UsageError


def failing(error: BaseException) -> int:
    """A verb that fails."""
    raise error


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (UsageError("no\nsuch thing"), 2, "no such thing"),
        (SourceNotFound("a.md", "no such file", "check the path"), 1, "a.md: no such file; check the path"),
        (BudgetExhausted("used up"), 4, "used up"),
        (OSError(28, "No space left on device", "/home/x"), 1, "/home/x: No space left on device"),
        (KeyError("x"), 1, "a fault of octavo itself: KeyError: 'x'; --debug shows where"),
    ],
)
def test_an_error_is_one_line_and_its_exit_code(
    error: Exception, code: int, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_verb(lambda: failing(error)) == code
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", f"octavo: {line}\n")


def test_debug_shows_the_traceback_too(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_verb(lambda: failing(UsageError("no")), debug=True) == 2
    said = capsys.readouterr().err
    assert "Traceback" in said
    assert said.endswith("octavo: no\n")


def test_a_coroutine_is_run_to_its_exit_code() -> None:
    async def work() -> int:
        return 5

    assert run_verb(work) == 5


def test_an_interrupt_outside_of_a_loop_tells_how_to_go_on(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_verb(lambda: failing(KeyboardInterrupt()), resume="octavo add x") == INTERRUPTED
    assert capsys.readouterr().err == "octavo: interrupted; what was paid for is kept. To go on: octavo add x\n"


def test_signal_handlers_are_put_back() -> None:
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    run_verb(lambda: 0)
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before


WAITING = """
import asyncio, sys, threading, time
from octavo.cli.run import leave, run_verb

async def work():
    asyncio.get_running_loop().run_in_executor(None, time.sleep, 60)
    try:
        print("begun", flush=True)
        await asyncio.sleep(60)
    finally:
        print("cancelled", flush=True)
        if "stubborn" in sys.argv:
            await asyncio.sleep(60)

leave(run_verb(work, resume="octavo ask again"))
"""


def start(*arguments: str) -> subprocess.Popen[str]:
    """A verb that waits, after it said that it has begun."""
    process = subprocess.Popen(
        [sys.executable, "-c", WAITING, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "begun\n"
    return process


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_cancels_the_work_and_waits_for_no_thread(number: signal.Signals) -> None:
    with start() as process:
        os.kill(process.pid, number)
        said, told = process.communicate(timeout=300)
    assert said == "cancelled\n"
    assert told == "octavo: interrupted; what was paid for is kept. To go on: octavo ask again\n"
    assert process.returncode == INTERRUPTED


def test_a_second_interrupt_leaves_at_once() -> None:
    with start("stubborn") as process:
        assert process.stdout is not None
        os.kill(process.pid, signal.SIGINT)
        assert process.stdout.readline() == "cancelled\n"
        os.kill(process.pid, signal.SIGINT)
        process.communicate(timeout=300)
    assert process.returncode == INTERRUPTED


def test_a_reader_that_goes_away_ends_the_program_quietly() -> None:
    program = (
        "import sys; from octavo.cli.run import run_verb; from octavo.cli.terminal import write_line\n"
        "def work():\n"
        "    while True: write_line('x' * 1000)\n"
        "sys.exit(run_verb(work))"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.read(1000)
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(timeout=300) == 1
