"""A model that scorers can ask, from whatever thread they run in.

Scorers are plain functions, and a run calls them in worker threads of its event loop. The judge's calls have an event
loop of their own, in a thread of its own: a worker that waited for a call in the run's loop would hold one of the few
threads which that very call may need (to count tokens, to write down what was learnt), so with enough items at once all
of them would wait for one another. The ledger is the run's: a verdict that was given before costs nothing and stays the
same. Knows models; nothing of what is judged.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from concurrent.futures import Future
from contextlib import AbstractContextManager
from types import TracebackType

from anyio.from_thread import BlockingPortal, start_blocking_portal

from octavo.models.calls import Account, Calls
from octavo.models.chat import ChatModel, Message, Request
from octavo.models.ledger import Ledger

_REPLY_TOKENS = 32
"""A verdict is a word; some models lead up to it."""


class JudgingModel:
    """Asks `model` one prompt after another, for `with`. It is made ready and closed here, in the judge's own loop: no
    other loop may have used it. `fresh` asks again what the ledger has."""

    def __init__(self, model: ChatModel, ledger: Ledger, *, fresh: bool = False) -> None:
        self._model = model
        self._ledger = ledger
        self._fresh = fresh
        self._context: AbstractContextManager[BlockingPortal] | None = None
        self._portal: BlockingPortal | None = None
        self._calls: Calls | None = None
        self._asking = threading.Lock()  # between a call that begins in one thread and the end that another makes
        self._under_way: set[Future[str]] = set()

    def __enter__(self) -> JudgingModel:
        """Find the model. Raises a `ModelError`."""
        self._context = start_blocking_portal("asyncio")
        self._portal = self._context.__enter__()
        try:
            self._calls = self._portal.call(self._begin)
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Cancel what is under way and close the model."""
        with self._asking:
            context, portal, under_way = self._context, self._portal, tuple(self._under_way)
            self._context = self._portal = None
        if context is None or portal is None:
            return
        for asked in under_way:
            asked.cancel()
        try:
            portal.call(self._model.aclose)
        finally:
            context.__exit__(None, None, None)

    def __call__(self, prompt: str) -> str:
        """The reply. Raises a `ModelError`, after the tries that any call has."""
        with self._asking:
            if self._portal is None:
                raise RuntimeError("a judge is asked inside its `with`")
            asked = self._portal.start_task_soon(self._reply, prompt)
            self._under_way.add(asked)
        try:
            return asked.result()
        finally:
            with self._asking:
                self._under_way.discard(asked)

    @property
    def account(self) -> Account:
        """What was spent so far."""
        return self._known().account

    def settings(self) -> Mapping[str, object]:
        """Which model it is, as JSON."""
        return {"name": self._model.name, "fingerprint": self._model.fingerprint}

    async def _begin(self) -> Calls:
        await self._model.ready()
        return Calls(self._model, self._ledger, fresh=self._fresh)

    async def _reply(self, prompt: str) -> str:
        request = Request((Message("user", prompt),), max_tokens=_REPLY_TOKENS)
        return (await self._known().complete(request)).text

    def _known(self) -> Calls:
        if self._calls is None:
            raise RuntimeError("a judge is asked inside its `with`")
        return self._calls
