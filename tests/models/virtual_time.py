"""Time that passes only when nothing else can happen: for tests of what depends on time."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Coroutine
from itertools import count
from typing import Any, TypeVar

Result = TypeVar("Result")
_TURNS = 20
"""Turns of the event loop after which everything that can happen has."""


class VirtualTime:
    """`sleep` and `clock` of a world in which `run` moves the hands."""

    def __init__(self) -> None:
        self.now = 0.0
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._order = count()

    def clock(self) -> float:
        """Seconds since the beginning."""
        return self.now

    async def sleep(self, seconds: float) -> None:
        """Return when so many seconds have passed here."""
        waking: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self.now + seconds, next(self._order), waking))
        await waking

    async def run(self, work: Coroutine[Any, Any, Result]) -> Result:
        """The result of `work`, time passing as it needs."""
        task = asyncio.ensure_future(work)
        while not task.done():
            for _ in range(_TURNS):
                await asyncio.sleep(0)
            if not task.done():
                self.now, _, waking = heapq.heappop(self._sleepers)
                if not waking.done():
                    waking.set_result(None)
        return task.result()
