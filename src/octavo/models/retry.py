"""Trying a failed call again, after a pause.

Exponential backoff with full jitter (the pause is drawn evenly from nought to a limit that doubles), and the server's
own word on when, where it gave one. Knows errors; nothing of what is called.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import TypeVar

from octavo.errors import ModelError

Result = TypeVar("Result")


class Retry:
    """Up to `attempts` tries; pauses up to `first`, twice that and so on, in seconds, never above `longest`.

    A server that asks to wait longer than `patience` seconds is not waited for. `sleep` and `draw` (a number from 0 to
    1) are passed in so that tests neither wait nor gamble.
    """

    def __init__(
        self,
        attempts: int = 6,
        *,
        first: float = 0.5,
        longest: float = 30.0,
        patience: float = 120.0,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        draw: Callable[[], float] = random.random,
    ) -> None:
        self._attempts = attempts
        self._first = first
        self._longest = longest
        self._patience = patience
        self._sleep = sleep
        self._draw = draw

    async def run(self, call: Callable[[], Awaitable[Result]]) -> Result:
        """The result of `call`. Raises its last `ModelError` once that is not worth a retry, or no try is left."""
        attempt = 1
        while True:
            try:
                return await call()
            except ModelError as error:
                await self.again(error, attempt)
            attempt += 1

    async def again(self, error: ModelError, attempt: int) -> None:
        """Wait until it is time for another try after the `attempt`-th (from 1) failed with `error`; raises that where
        there should be none."""
        asked = error.retry_after or 0.0
        if not error.retryable or attempt >= self._attempts or asked > self._patience:
            raise error
        await self._sleep(asked + self._draw() * min(self._longest, self._first * 2.0 ** (attempt - 1)))
