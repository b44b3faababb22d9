"""One question being answered: what every step of a reading shares.

A session holds the corpus, the way to the model, the options, the budget and the stream of events. It knows nothing of
levels or prompts.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field

from octavo.errors import BudgetExhausted, OctavoError, SourceError, Unauthorized, UnknownModel
from octavo.library.corpus import Corpus
from octavo.models.calls import Calls
from octavo.models.chat import ChatModel, Completion, Message, Request
from octavo.reading.answer import Usage
from octavo.reading.events import Event, Warned
from octavo.reading.options import Budget, ReadingOptions

Emit = Callable[[Event], Awaitable[None]]

_READING_SHARE_OF_SECONDS = 0.75
"""Of a budget in seconds, what reading may take, so that there is time to answer from what was read."""


@dataclass
class Session:
    """The state of one reading. `window` is what prompts and replies may hold together, in tokens; `options` have every
    default filled in; `unreadable` are the sources that could not be read at all."""

    corpus: Corpus
    calls: Calls
    options: ReadingOptions
    window: int
    budget: Budget
    emit: Emit
    clock: Callable[[], float] = time.monotonic
    unreadable: tuple[SourceError, ...] = ()
    warnings: list[str] = field(default_factory=list)
    budget_exhausted: bool = False

    started: float | None = None

    def __post_init__(self) -> None:
        if self.started is None:
            self.started = self.clock()
        self._reserved = 0

    @property
    def model(self) -> ChatModel:
        """The model that is asked."""
        return self.calls.model

    async def warn(self, message: str) -> None:
        """Say something once, as an event and in the answer."""
        if message not in self.warnings:
            self.warnings.append(message)
            await self.emit(Warned(message))

    def room(self, messages: Sequence[Message], reply_tokens: int) -> int:
        """Tokens that the window leaves beside `messages` and the reply; negative where they do not fit."""
        return self.window - self.model.measure(messages) - reply_tokens

    def fits(self, request: Request) -> bool:
        """Whether prompt and reply fit the window."""
        return self.room(request.messages, request.max_tokens) >= 0

    # --- the budget -------------------------------------------------------------------------------------------------

    @property
    def spent_tokens(self) -> int:
        """Tokens of the calls paid so far."""
        account = self.calls.account
        return account.prompt_tokens + account.completion_tokens

    def tokens_left(self) -> int | None:
        """Tokens of the budget that no call has spent or reserved; None without a budget of tokens."""
        return None if self.budget.tokens is None else self.budget.tokens - self.spent_tokens - self._reserved

    @property
    def seconds(self) -> float:
        """Since the reading began."""
        return self.clock() - (self.started or 0.0)

    def seconds_left(self, *, reading: bool) -> float | None:
        """Seconds left, for reading or in all; None without a budget of seconds."""
        if self.budget.seconds is None:
            return None
        share = _READING_SHARE_OF_SECONDS if reading else 1.0
        return self.budget.seconds * share - self.seconds

    def _reserve(self, tokens: int, keep: int) -> None:
        left = self.tokens_left()
        if left is not None and tokens + keep > left:
            raise BudgetExhausted(f"the budget of {self.budget.tokens:,} tokens is used up")

    # --- calls ------------------------------------------------------------------------------------------------------

    async def complete(
        self, request: Request, *, documents: Sequence[str] = (), keep: int = 0, reading: bool = False
    ) -> Completion:
        """One call within the budget, of which `keep` tokens stay untouched. `reading` calls end where the time kept
        for the answer begins. Raises `BudgetExhausted` or a `ModelError`."""
        if self.calls.recorded(request):
            return await self.calls.complete(request, documents=documents)
        tokens = self.model.measure(request.messages) + request.max_tokens
        self._reserve(tokens, keep)
        left = self.seconds_left(reading=reading)
        if left is not None and left <= 0:
            raise BudgetExhausted(f"the budget of {self.budget.seconds:g} seconds is used up")
        self._reserved += tokens
        try:
            async with asyncio.timeout(left):
                return await self.calls.complete(request, documents=documents)
        except TimeoutError:
            raise BudgetExhausted(f"the budget of {self.budget.seconds:g} seconds is used up") from None
        finally:
            self._reserved -= tokens

    async def stream(self, request: Request, *, documents: Sequence[str] = ()) -> AsyncIterator[str | Completion]:
        """One call within the budget, its reply in pieces and then the whole. Raises `BudgetExhausted` (before or
        between pieces) or a `ModelError`."""
        if not self.calls.recorded(request):
            self._reserve(self.model.measure(request.messages) + request.max_tokens, 0)
        async with aclosing(self.calls.stream(request, documents=documents)) as pieces:
            while True:
                left = self.seconds_left(reading=False)
                try:
                    async with asyncio.timeout(left):
                        piece = await anext(pieces)
                except StopAsyncIteration:
                    return
                except TimeoutError:
                    raise BudgetExhausted(f"the budget of {self.budget.seconds:g} seconds is used up") from None
                yield piece

    @staticmethod
    def raise_if_fatal(error: OctavoError) -> None:
        """Raise what no other call can escape: a wrong key, a model that is not served."""
        if isinstance(error, (Unauthorized, UnknownModel)):
            raise error

    def usage(self) -> Usage:
        """The account so far."""
        account = self.calls.account
        return Usage(
            calls=account.calls,
            reused_calls=account.reused,
            prompt_tokens=account.prompt_tokens,
            cached_tokens=account.cached_tokens,
            completion_tokens=account.completion_tokens,
            seconds=self.seconds,
        )
