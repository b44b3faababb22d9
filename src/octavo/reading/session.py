"""One question being answered: what every step of a reading shares.

A session holds the corpus, the way to the model, the options, the budget and the stream of events. It knows nothing of
levels or prompts.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import aclosing, contextmanager, nullcontext
from dataclasses import dataclass, field, replace

from octavo.errors import BudgetExhausted, OctavoError, SourceError, Unauthorized, UnknownModel
from octavo.library.corpus import Corpus
from octavo.models.calls import Calls
from octavo.models.chat import ChatModel, Completion, Message, Request, ToolSchema
from octavo.reading.answer import Usage
from octavo.reading.events import Event, Warned
from octavo.reading.options import Budget, ReadingOptions
from octavo.reading.tools.toolbox import Toolbox

Emit = Callable[[Event], Awaitable[None]]

_READING_SHARE_OF_SECONDS = 0.75
"""Of a budget in seconds, what reading may take, so that there is time to answer from what was read."""


@dataclass
class Spending:
    """What a session and its asides share of a budget: the tokens of calls under way, and whether it ran out."""

    reserved: int = 0
    exhausted: bool = False


@dataclass
class Session:
    """The state of one reading. `window` is what prompts and replies may hold together, in tokens; `options` have every
    default filled in; `unreadable` are the sources that could not be read at all; `history` are the messages of a
    conversation that the answering model is shown before the passages; `history_documents` (ids) those they cite."""

    corpus: Corpus
    calls: Calls
    options: ReadingOptions
    window: int
    budget: Budget
    emit: Emit
    clock: Callable[[], float] = time.monotonic
    unreadable: tuple[SourceError, ...] = ()
    warnings: list[str] = field(default_factory=list)
    toolbox: Toolbox | None = None
    spending: Spending = field(default_factory=Spending)
    kept_tokens: int = 0
    history: tuple[Message, ...] = ()
    history_documents: tuple[str, ...] = ()

    started: float | None = None

    def __post_init__(self) -> None:
        if self.started is None:
            self.started = self.clock()

    def aside(self, *, emit: Emit | None = None, calls: Calls | None = None, keep: int = 0) -> Session:
        """A part of the same reading (a sub-question, an answer that may be discarded): its events may be led elsewhere
        and its warnings with them, it may have an account of its own, and it leaves `keep` tokens of the budget
        untouched. Budget and time are shared."""
        return replace(
            self,
            emit=emit or self.emit,
            warnings=self.warnings if emit is None else list(self.warnings),
            calls=calls or self.calls,
            kept_tokens=self.kept_tokens + keep,
        )

    @property
    def model(self) -> ChatModel:
        """The model that is asked."""
        return self.calls.model

    def after_history(self, messages: Sequence[Message]) -> tuple[Message, ...]:
        """A prompt with the history between its system message and the rest."""
        return (*messages[:1], *self.history, *messages[1:])

    async def warn(self, message: str) -> None:
        """Say something once, as an event and in the answer."""
        if message not in self.warnings:
            self.warnings.append(message)
            await self.emit(Warned(message))

    def room(self, messages: Sequence[Message], reply_tokens: int, tools: Sequence[ToolSchema] = ()) -> int:
        """Tokens that the window leaves beside `messages` and the reply; negative where they do not fit."""
        return self.window - self.model.measure(messages, tools) - reply_tokens

    def fits(self, request: Request) -> bool:
        """Whether prompt and reply fit the window."""
        return self.room(request.messages, request.max_tokens, request.tools) >= 0

    # --- the budget -------------------------------------------------------------------------------------------------

    @property
    def budget_exhausted(self) -> bool:
        """Whether the budget ended something before its end."""
        return self.spending.exhausted

    @budget_exhausted.setter
    def budget_exhausted(self, exhausted: bool) -> None:
        self.spending.exhausted = exhausted

    @property
    def spent_tokens(self) -> int:
        """Tokens of the calls paid so far, in asides too."""
        account = self.calls.total
        return account.prompt_tokens + account.completion_tokens

    def tokens_left(self) -> int | None:
        """Tokens of the budget that no call has spent or reserved and that are not kept for later; None without a
        budget of tokens."""
        if self.budget.tokens is None:
            return None
        return self.budget.tokens - self.spent_tokens - self.spending.reserved - self.kept_tokens

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

    @contextmanager
    def _reserved(self, tokens: int, keep: int = 0) -> Iterator[None]:
        """Set tokens aside for a call while it is under way: what others pay meanwhile cannot spend them."""
        left = self.tokens_left()
        if left is not None and tokens + keep > left:
            raise BudgetExhausted(f"the budget of {self.budget.tokens:,} tokens is used up")
        self.spending.reserved += tokens
        try:
            yield
        finally:
            self.spending.reserved -= tokens

    # --- calls ------------------------------------------------------------------------------------------------------

    async def complete(
        self, request: Request, *, documents: Sequence[str] = (), keep: int = 0, reading: bool = False
    ) -> Completion:
        """One call within the budget, of which `keep` tokens stay untouched. `reading` calls end where the time kept
        for the answer begins. Raises `BudgetExhausted` or a `ModelError`."""
        if self.calls.recorded(request):
            return await self.calls.complete(request, documents=documents)
        with self._reserved(self._price(request), keep):
            left = self.seconds_left(reading=reading)
            if left is not None and left <= 0:
                raise BudgetExhausted(f"the budget of {self.budget.seconds:g} seconds is used up")
            try:
                async with asyncio.timeout(left):
                    return await self.calls.complete(request, documents=documents)
            except TimeoutError:
                raise BudgetExhausted(f"the budget of {self.budget.seconds:g} seconds is used up") from None

    async def stream(self, request: Request, *, documents: Sequence[str] = ()) -> AsyncIterator[str | Completion]:
        """One call within the budget, its reply in pieces and then the whole. Raises `BudgetExhausted` (before or
        between pieces) or a `ModelError`."""
        reserved = nullcontext() if self.calls.recorded(request) else self._reserved(self._price(request))
        with reserved:
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

    def _price(self, request: Request) -> int:
        """The most tokens that a call can take."""
        return self.model.measure(request.messages, request.tools) + request.max_tokens

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
