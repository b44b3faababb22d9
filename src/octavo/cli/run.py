"""How a verb runs: its errors become one line and an exit code, and an interrupt ends it in good order.

The first Ctrl-C (or SIGTERM) cancels what is under way; what was paid for is kept. A second one leaves at once. Knows
nothing of what the verbs do.
"""

from __future__ import annotations

import os
import shlex
import signal
import sys
import traceback
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING, Any, TypeVar

import typer

from octavo.cli.terminal import discard_output, say
from octavo.errors import OctavoError

if TYPE_CHECKING:
    import asyncio

INTERRUPTED = 130

Handler = Callable[[int, FrameType | None], object]
T = TypeVar("T")


class Terminated(KeyboardInterrupt):
    """The process was asked to end (SIGTERM), where an interrupt may only have meant what is under way."""


def run_verb(
    work: Callable[[], int | Coroutine[Any, Any, int]], *, debug: bool = False, resume: str | None = None
) -> int:
    """The exit code of `work`, whatever happens in it; a coroutine is run in an event loop.

    `resume` is the command that goes on after an interrupt. `debug` shows the traceback of an error.
    """
    try:
        with _signals(_raise_interrupt):
            started = work()
        return started if isinstance(started, int) else _run_coroutine(started)
    except KeyboardInterrupt:
        # Threads may still be at work: they must neither hold up the end nor print.
        _tell_interrupted(resume)
        return INTERRUPTED
    except BrokenPipeError:
        discard_output()
        return 1
    except OctavoError as error:
        show_error(error, str(error), debug)
        return error.exit_code
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        show_error(error, f"{where}{error.strerror or error}", debug)
        return 1
    except Exception as error:  # noqa: BLE001 - the last resort of a program whose users see no traceback
        show_error(error, f"a fault of octavo itself: {type(error).__name__}: {error}; --debug shows where", debug)
        return 1


def show_error(error: Exception, message: str, debug: bool) -> None:
    """Say what went wrong, after the traceback where `debug` asks for it."""
    if debug:
        traceback.print_exception(error)
    say(message)


def _tell_interrupted(resume: str | None) -> None:
    say(f"interrupted; what was paid for is kept. To go on: {resume}" if resume else "interrupted")


def run_cancellably(runner: asyncio.Runner, work: Coroutine[Any, Any, T]) -> T:
    """What `work` returns. The first interrupt cancels it and raises `KeyboardInterrupt` (for SIGTERM, `Terminated`)
    when it has ended; a second one leaves the process at once."""
    loop = runner.get_loop()
    task = loop.create_task(work)
    interrupts: list[int] = []

    def interrupt(number: int, frame: FrameType | None) -> None:
        if interrupts:
            os._exit(INTERRUPTED)
        interrupts.append(number)
        loop.call_soon_threadsafe(task.cancel)

    with _signals(interrupt):
        try:
            return loop.run_until_complete(task)
        except BaseException as error:
            if interrupts:
                raise _interrupt(interrupts[0]) from error
            raise


def _run_coroutine(work: Coroutine[Any, Any, int]) -> int:
    with event_loop() as runner:
        return run_cancellably(runner, work)


@contextmanager
def event_loop() -> Iterator[asyncio.Runner]:
    """A loop for work that `run_cancellably` runs, closed at the end. After an interrupt it stays open: closing it
    would wait for its threads, and the process is about to leave."""
    import asyncio

    runner = asyncio.Runner()
    try:
        yield runner
    except KeyboardInterrupt:
        raise
    except BaseException:
        runner.close()
        raise
    runner.close()


@contextmanager
def _signals(handler: Handler) -> Iterator[None]:
    """`handler` for Ctrl-C and SIGTERM, for as long as this lasts."""
    before = {number: signal.signal(number, handler) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, previous in before.items():
            signal.signal(number, previous)


def _raise_interrupt(number: int, frame: FrameType | None) -> None:
    raise _interrupt(number)


def _interrupt(number: int) -> KeyboardInterrupt:
    return Terminated() if number == signal.SIGTERM else KeyboardInterrupt()


def resume_command(context: typer.Context) -> str:
    """The command line again, as far as it goes on from what was paid for (`--fresh` would pay again)."""
    arguments = [argument for argument in context.obj or () if argument != "--fresh"]
    again = shlex.join(["octavo", *arguments])
    return f"{again} < the same input" if "-" in arguments else again


def leave(code: int) -> None:
    """End the process now if it was interrupted: without waiting for threads. Else let Python end it."""
    if code == INTERRUPTED:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
