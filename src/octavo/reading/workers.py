"""Many like things are done at once, by so many workers. Knows nothing of what is done."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

T = TypeVar("T")


async def work_through(items: Iterable[T], work: Callable[[T], Awaitable[None]], workers: int) -> None:
    """Do `work` for every item, begun in their order, `workers` at a time. The first error cancels the others and
    is raised."""
    waiting = iter(items)

    async def take() -> None:
        for item in waiting:
            await work(item)
            await asyncio.sleep(0)  # work that is all in the ledger must not hold up the loop

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(workers):
                group.create_task(take())
    except ExceptionGroup as errors:
        error: Exception = errors
        while isinstance(error, ExceptionGroup):
            error = error.exceptions[0]
        raise error from None
