"""The one door that every model call goes through: ledger, limiter, retries, account.

A call that was made before costs nothing; one that fails for a moment is tried again; one that returns is recorded
before its caller sees it. Knows requests and completions; nothing of documents but the ids that calls are tagged with.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from octavo.errors import ModelError
from octavo.models.call_key import call_key
from octavo.models.chat import ChatModel, Completion, Request, TokenUsage
from octavo.models.ledger import Ledger
from octavo.models.limiter import Limiter
from octavo.models.retry import Retry


@dataclass(frozen=True, slots=True)
class Account:
    """What was spent so far: `calls` made now and the tokens they took, `reused` calls from the ledger."""

    calls: int = 0
    reused: int = 0
    prompt_tokens: int = 0
    cached_tokens: int = 0
    completion_tokens: int = 0

    def with_call(self, usage: TokenUsage) -> Account:
        """After one more call that cost `usage`."""
        return Account(
            self.calls + 1,
            self.reused,
            self.prompt_tokens + usage.prompt,
            self.cached_tokens + usage.cached,
            self.completion_tokens + usage.completion,
        )

    def with_reuse(self) -> Account:
        """After one more call that the ledger had."""
        return Account(self.calls, self.reused + 1, self.prompt_tokens, self.cached_tokens, self.completion_tokens)


class Calls:
    """Calls of one model that is ready. `fresh` asks again for what the ledger has, and records the new replies."""

    def __init__(
        self,
        model: ChatModel,
        ledger: Ledger,
        *,
        limiter: Limiter | None = None,
        retry: Retry | None = None,
        fresh: bool = False,
        within: Calls | None = None,
    ) -> None:
        self._model = model
        self._ledger = ledger
        self._limiter = limiter or Limiter.of(model)
        self._retry = retry or Retry()
        self._fresh = fresh
        self._account = Account()
        self._within = within
        self._under_way: dict[bytes, asyncio.Event] = within._under_way if within else {}

    @property
    def model(self) -> ChatModel:
        """The model that is called."""
        return self._model

    @property
    def limiter(self) -> Limiter:
        """What bounds the calls under way."""
        return self._limiter

    @property
    def account(self) -> Account:
        """What was spent so far, by what was taken `apart` too."""
        return self._account

    @property
    def total(self) -> Account:
        """What all that these calls were taken apart from have spent so far."""
        return self._within.total if self._within else self._account

    def apart(self) -> Calls:
        """The same way to the model with an account of its own, whose calls count in this one's too."""
        return Calls(
            self._model, self._ledger, limiter=self._limiter, retry=self._retry, fresh=self._fresh, within=self
        )

    def recorded(self, request: Request) -> bool:
        """Whether the call would cost nothing."""
        return not self._fresh and self._ledger.get(call_key(self._model, request)) is not None

    async def complete(self, request: Request, *, documents: Sequence[str] = ()) -> Completion:
        """The reply, from the ledger or made now; `documents` are the ids of those whose text is in the prompt.

        Raises the `ModelError` that was not worth another try, or `LibraryError` where the reply cannot be recorded.
        """
        key = call_key(self._model, request)
        if self._fresh:
            return await self._made(key, request, documents)
        while (under_way := self._under_way.get(key)) is not None:
            await under_way.wait()  # the same call twice at once is paid for once
        if (kept := self._reused(key, documents)) is not None:
            return kept
        self._under_way[key] = finished = asyncio.Event()
        try:
            return await self._made(key, request, documents)
        finally:
            del self._under_way[key]
            finished.set()

    async def stream(
        self, request: Request, *, documents: Sequence[str] = ()
    ) -> AsyncGenerator[str | Completion, None]:
        """The reply in pieces, then the `Completion`; in one piece where the ledger has it.

        A failure is tried again only while nothing was passed on. Raises as `complete` does.
        """
        key = call_key(self._model, request)
        if not self._fresh and (kept := self._reused(key, documents)) is not None:
            if kept.text:
                yield kept.text
            yield kept
            return
        attempt, completion = 1, None
        while completion is None:
            begun = False
            try:
                async with self._limiter.slot() as slot, _closing(self._model.stream(request)) as pieces:
                    async for piece in pieces:
                        if isinstance(piece, Completion):
                            completion = piece
                            slot.succeeded(_work(piece.usage))
                            break
                        begun = True
                        yield piece
            except ModelError as error:
                if begun:
                    raise
                await self._retry.again(error, attempt)
                attempt += 1
        await self._record(key, completion, documents)
        yield completion

    async def _made(self, key: bytes, request: Request, documents: Sequence[str]) -> Completion:
        completion = await self._retry.run(lambda: self._attempt(request))
        await self._record(key, completion, documents)
        return completion

    async def _attempt(self, request: Request) -> Completion:
        async with self._limiter.slot() as slot:
            completion = await self._model.complete(request)
            slot.succeeded(_work(completion.usage))
            return completion

    async def _record(self, key: bytes, completion: Completion, documents: Sequence[str]) -> None:
        self._count_call(completion.usage)
        await self._ledger.put(key, completion, fingerprint=self._model.fingerprint, documents=documents)

    def _count_call(self, usage: TokenUsage) -> None:
        self._account = self._account.with_call(usage)
        if self._within:
            self._within._count_call(usage)

    def _count_reuse(self) -> None:
        self._account = self._account.with_reuse()
        if self._within:
            self._within._count_reuse()

    def _reused(self, key: bytes, documents: Sequence[str]) -> Completion | None:
        kept = self._ledger.get(key)
        if kept is not None:
            self._ledger.tag(key, documents)
            self._count_reuse()
        return kept


def _work(usage: TokenUsage) -> int:
    """The tokens that the server worked on."""
    return usage.prompt - usage.cached + usage.completion


@asynccontextmanager
async def _closing(pieces: AsyncIterator[str | Completion]) -> AsyncIterator[AsyncIterator[str | Completion]]:
    """A stream that is closed, and its call cancelled, when its reader leaves early."""
    try:
        yield pieces
    finally:
        if isinstance(pieces, AsyncGenerator):
            await pieces.aclose()
