"""One event loop in a thread of its own, for synchronous programs (and notebooks, whose own loop is running).

An interrupt (Ctrl-C) in the calling thread cancels what runs in the loop.
"""

from __future__ import annotations

import atexit
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractContextManager
from typing import TypeVar, cast

from anyio.from_thread import BlockingPortal, start_blocking_portal

T = TypeVar("T")

_PATIENCE = 5.0
"""Seconds that a cancelled task has to end."""

_lock = threading.Lock()
_running: tuple[AbstractContextManager[BlockingPortal], BlockingPortal] | None = None


def call(function: Callable[[], Awaitable[T]]) -> T:
    """Run `function()` in the loop and wait for what it returns or raises."""
    ended = threading.Event()

    async def run() -> T:
        try:
            return await function()
        finally:
            ended.set()

    future = _portal().start_task_soon(run)
    try:
        return future.result()
    except BaseException:
        # An interrupt: what runs must have ended before its caller goes on, and closes what it worked with.
        if future.cancel():
            ended.wait(_PATIENCE)
        raise


def iterate(items: AsyncIterator[T]) -> Iterator[T]:
    """The items of an asynchronous generator, one by one; leaving the loop closes it."""
    over = object()

    async def following() -> T | object:
        return await anext(items, over)

    try:
        while (item := call(following)) is not over:
            yield cast(T, item)
    finally:
        close = getattr(items, "aclose", None)
        if close is not None:
            call(close)


def _portal() -> BlockingPortal:
    global _running  # noqa: PLW0603 - one loop for the whole process, started on first use
    with _lock:
        if _running is None:
            context = start_blocking_portal("asyncio")
            _running = (context, context.__enter__())
            atexit.register(_stop)
        return _running[1]


def _stop() -> None:
    global _running  # noqa: PLW0603
    if _running is not None:
        context, _ = _running
        _running = None
        context.__exit__(None, None, None)
