"""Work that tells what it does, as a stream of events.

The work runs in a task of its own, at most so far ahead of whoever follows it; leaving the loop cancels it. Knows
events; nothing of what the work is.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable

from octavo.reading.events import Event
from octavo.reading.session import Emit

_EVENTS_AHEAD = 256


async def followed(work: Callable[[Emit], Awaitable[None]]) -> AsyncGenerator[Event, None]:
    """What `work` emits, until it returns. Raises what it raises."""
    events: asyncio.Queue[Event | Exception | None] = asyncio.Queue(_EVENTS_AHEAD)

    async def run() -> None:
        try:
            await work(events.put)
            await events.put(None)
        except Exception as error:  # noqa: BLE001 - raised again where the events are taken
            await events.put(error)

    task = asyncio.create_task(run())
    try:
        while (event := await events.get()) is not None:
            if isinstance(event, Exception):
                raise event
            yield event
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
