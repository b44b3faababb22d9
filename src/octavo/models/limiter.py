"""How many calls may be under way at once: a number that finds itself.

Starts small and doubles while the server keeps its pace, then feels its way up, and halves when the server is
overloaded (additive increase, multiplicative decrease). *Pace* is the mean latency per token of the calls of one
round, a round being as many calls as the limit. Knows outcomes and durations; nothing of requests.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType

from octavo.errors import ModelUnavailable, RateLimited
from octavo.models.chat import ChatModel
from octavo.models.failures import TimedOut

_HOLDS_DOUBLED = 1.5
"""Twice the calls at no more than this times the latency per token: at least a third more comes out."""

_HOLDS = 1.1
_SHARE_OF_A_STEP = 8
_ROUNDS_OF_REST = 8


@dataclass
class _Round:
    """What the calls that started under one limit took."""

    calls: int = 0
    seconds: float = 0.0
    tokens: int = 0
    saturated: bool = False


class Limiter:
    """Gives out slots, first come, first served. `fixed` keeps the limit where it is; else it moves from `start`
    between 1 and `most`. `clock` gives seconds."""

    def __init__(
        self,
        *,
        fixed: int | None = None,
        start: int = 4,
        most: int = 128,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if min(1 if fixed is None else fixed, start, most) < 1:
            raise ValueError("a limiter must let at least one call through")
        self._adaptive = fixed is None
        self._limit = fixed if fixed is not None else min(start, most)
        self._most = most
        self._clock = clock
        self._waiting: deque[asyncio.Future[int]] = deque()
        self._in_flight = 0
        self._generation = 0
        self._round = _Round()
        self._doubling = True
        self._accepted: tuple[int, float] | None = None
        self._rest = 0

    @classmethod
    def of(cls, model: ChatModel, *, fixed: int | None = None) -> Limiter:
        """The limiter for a model that is ready: as many slots as its server is known to have, else adaptive."""
        return cls(fixed=fixed if fixed is not None else model.parallel)

    @property
    def limit(self) -> int:
        """How many calls may be under way now."""
        return self._limit

    @property
    def in_flight(self) -> int:
        """How many are."""
        return self._in_flight

    def slot(self) -> Slot:
        """A place among the calls under way, for `async with`."""
        return Slot(self)

    async def _acquire(self) -> tuple[int, float]:
        if self._in_flight >= self._limit or self._waiting:
            self._round.saturated = True
            turn: asyncio.Future[int] = asyncio.get_running_loop().create_future()
            self._waiting.append(turn)
            try:
                generation = await turn
            except asyncio.CancelledError:
                if turn.done() and not turn.cancelled():
                    self._leave()  # the slot was given in the same moment: pass it on
                elif turn in self._waiting:  # not, where others that left in the same moment passed over it
                    self._waiting.remove(turn)
                raise
        else:
            generation = self._admitted()
        return generation, self._clock()

    def _admitted(self) -> int:
        """Count one more call; returns the generation that it belongs to, which may be over before it begins."""
        self._in_flight += 1
        return self._generation

    def _leave(self) -> None:
        self._in_flight -= 1
        self._admit()

    def _admit(self) -> None:
        while self._waiting and self._in_flight < self._limit:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(self._admitted())

    def _succeeded(self, generation: int, seconds: float, tokens: int) -> None:
        # A call from before the limit moved says nothing about the limit now.
        if not self._adaptive or generation != self._generation:
            return
        self._round.calls += 1
        self._round.seconds += seconds
        self._round.tokens += tokens
        if self._round.calls >= self._limit:
            self._judge(self._round)

    def _judge(self, finished: _Round) -> None:
        self._round = _Round(saturated=bool(self._waiting))
        if not finished.saturated or finished.tokens == 0:
            return
        pace = finished.seconds / finished.tokens
        if self._rest > 0:
            self._rest -= 1
            self._accepted = (self._limit, pace)
            return
        holds = _HOLDS_DOUBLED if self._doubling else _HOLDS
        if self._accepted is not None and self._limit > self._accepted[0] and pace > self._accepted[1] * holds:
            self._doubling = False
            self._rest = _ROUNDS_OF_REST
            self._move(self._accepted[0])
            return
        self._accepted = (self._limit, pace)
        self._move(self._limit * 2 if self._doubling else self._limit + max(1, self._limit // _SHARE_OF_A_STEP))

    def _overloaded(self, generation: int) -> None:
        # The other calls that were under way at the time are refused for the same reason: one halving for all.
        if not self._adaptive or generation != self._generation:
            return
        self._doubling = False
        self._accepted = None
        self._rest = 1
        self._move(self._limit // 2)
        self._generation += 1

    def _move(self, limit: int) -> None:
        limit = max(1, min(limit, self._most))
        if limit == self._limit:
            return
        self._limit = limit
        self._generation += 1
        self._round = _Round(saturated=bool(self._waiting))
        self._admit()


class Slot:
    """A place among the calls under way. Tell it what the call was worth (`succeeded`); failures it sees itself."""

    def __init__(self, limiter: Limiter) -> None:
        self._limiter = limiter
        self._generation = 0
        self._started = 0.0
        self._tokens: int | None = None

    def succeeded(self, tokens: int) -> None:
        """The call came back, having worked on so many tokens."""
        self._tokens = tokens

    async def __aenter__(self) -> Slot:
        self._generation, self._started = await self._limiter._acquire()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        limiter = self._limiter
        if is_overload(error):
            limiter._overloaded(self._generation)
        elif error is None and self._tokens is not None:
            limiter._succeeded(self._generation, limiter._clock() - self._started, self._tokens)
        limiter._leave()


def is_overload(error: BaseException | None) -> bool:
    """Whether a failure says that the server has too much to do."""
    asked_to_wait = isinstance(error, ModelUnavailable) and error.retry_after is not None
    return isinstance(error, RateLimited | TimedOut) or asked_to_wait
