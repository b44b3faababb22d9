"""The ways to answer an item: the model alone, or one of octavo's levels.

A method turns an `Item` into a `Prediction`; what a model or a reading fails with is part of the prediction. Knows
models and readers; nothing of tasks or scores.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Any, Protocol

from octavo.documents.document import Document, Span
from octavo.errors import ModelUnavailable, OctavoError, Unauthorized, UnknownModel, WindowExceeded
from octavo.evaluation.item import COSTS, Item, Prediction
from octavo.library.library import Library
from octavo.models.calls import Calls
from octavo.models.chat import ChatModel, Message, Request
from octavo.models.ledger import Ledger
from octavo.models.limiter import Limiter
from octavo.reading.answer import Answer, Usage
from octavo.reading.events import Answered, ChunkRead, Failed
from octavo.reading.options import LevelChoice
from octavo.reading.prompts import without_control_tokens
from octavo.reading.reader import Reader

FATAL = (Unauthorized, UnknownModel, ModelUnavailable)
"""What no other item can escape: the run ends, to be gone on with later."""

NATIVE = "native"
"""The method's name, as users say it."""

NATIVE_ANSWER = 512
"""Tokens of the longest answer, unless another is given, or the item's benchmark has a shorter one."""

_SHRINK = 0.97
_NATIVE_TRIES = 8


class Method(Protocol):
    """A way to answer."""

    @property
    def name(self) -> str:
        """As the user names it, and as results are named."""
        ...

    def settings(self) -> Mapping[str, Any]:
        """All that is needed to answer in the same way again, as JSON."""
        ...

    async def answer(self, item: Item) -> Prediction:
        """What the method says. Raises what ends the whole run (`FATAL`)."""
        ...


class NativeMethod:
    """The model alone: context and question in one prompt, the benchmark's own where it has one.

    A context that does not fit the window (`window` tokens, or all that the model has) is cut in its middle, as the
    field does: the first and the last half of what fits are kept, and the prediction's `shown` says which they are.
    `extended` names the way in which the model's window was stretched ("yarn"): it is part of the method's name, so
    that no result passes for that of the model as it is. `answer_tokens` is the longest answer; where the item's own
    is shorter, that holds, since the benchmark's scores are made with it. `concurrency` are calls at once, adapted
    unless given; `fresh` asks again what the ledger has; `clock` gives seconds.
    """

    def __init__(
        self,
        model: ChatModel,
        ledger: Ledger,
        *,
        window: int | None = None,
        answer_tokens: int = NATIVE_ANSWER,
        extended: str | None = None,
        concurrency: int | None = None,
        fresh: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = NATIVE if extended is None else f"{NATIVE}-{extended}"
        self._model = model
        self._ledger = ledger
        self._given_window = window
        self._answer_tokens = answer_tokens
        self._concurrency = concurrency
        self._fresh = fresh
        self._clock = clock
        self._limiter: Limiter | None = None

    def settings(self) -> Mapping[str, Any]:
        """Window and longest answer, in tokens; the answers that items ask for may be shorter."""
        return {"method": self.name, "window": self._given_window, "answer_tokens": self._answer_tokens}

    async def answer(self, item: Item) -> Prediction:
        """One call."""
        started = self._clock()
        await self._model.ready()
        self._limiter = self._limiter or Limiter.of(self._model, fixed=self._concurrency)
        calls = Calls(self._model, self._ledger, limiter=self._limiter, fresh=self._fresh)
        try:
            text, shown = await self._asked(calls, item)
            error = None
        except FATAL:
            raise
        except OctavoError as failed:
            text, shown, error = None, None, str(failed)
        account = calls.account
        return Prediction(
            item.id,
            text,
            error,
            level=self.name,
            shown=shown,
            calls=account.calls,
            reused_calls=account.reused,
            prompt_tokens=account.prompt_tokens,
            completion_tokens=account.completion_tokens,
            seconds=self._clock() - started,
        )

    async def _asked(self, calls: Calls, item: Item) -> tuple[str, tuple[Span, ...]]:
        window = min(self._model.window, self._given_window or self._model.window)
        longest = min(self._answer_tokens, item.answer_tokens or self._answer_tokens)
        room = window - longest - self._model.measure(_messages("", item))
        for _ in range(_NATIVE_TRIES):
            shown = await asyncio.to_thread(middle_cut, item.context, room, self._model)
            context = "\n...\n".join(span.of(item.context) for span in shown)
            request = Request(_messages(context, item), max_tokens=longest)
            if self._model.measure(request.messages) + request.max_tokens <= window:
                try:
                    return (await calls.complete(request)).text, shown
                except WindowExceeded:
                    pass
            room = int(room * _SHRINK) - 8
        raise WindowExceeded(f"the question leaves no room in the window of {window:,} tokens")


def middle_cut(text: str, tokens: int, model: ChatModel) -> tuple[Span, ...]:
    """What is left of `text` when so much of its middle is taken out that about `tokens` tokens remain: one span, or
    the beginning and the end. As LongBench truncates (Bai et al. 2024)."""
    (starts,) = model.tokenizer.token_starts([text])
    if len(starts) <= tokens:
        return (Span(0, len(text)),)
    half = max(1, tokens // 2)
    return (Span(0, starts[half]), Span(starts[-half], len(text)))


def _messages(context: str, item: Item) -> tuple[Message, ...]:
    """The benchmark's own prompt where the item has one (`data["prompt"]`: before and after the context)."""
    before, after = item.data.get("prompt", ("", f"\n\n{item.question}"))
    return (Message("user", f"{before}{without_control_tokens(context)}{after}"),)


class LevelMethod:
    """One of octavo's levels. `home` keeps the contexts' chunks and index; items that share a context share them."""

    def __init__(self, reader: Reader, level: LevelChoice, home: Path, *, settings: Mapping[str, Any]) -> None:
        self.name: str = level
        self._reader = reader
        self._level: LevelChoice = level
        self._home = home
        self._settings = settings

    def settings(self) -> Mapping[str, Any]:
        """The reading's options."""
        return {"method": self.name, **self._settings}

    async def answer(self, item: Item) -> Prediction:
        """A whole reading."""
        library = Library(Document.of(item.context, name="context.txt"), home=self._home)
        pointed: list[Span] = []
        spent = Usage()
        try:
            events = self._reader.astream(library, item.question, level=self._level)
            async with aclosing(events):
                async for event in events:
                    if isinstance(event, ChunkRead):
                        pointed.extend(span for finding in event.findings for span in finding.sentences)
                    elif isinstance(event, Failed):
                        spent = event.usage
                    elif isinstance(event, Answered):
                        return _prediction(item, event.answer, pointed)
        except FATAL:
            raise
        except OctavoError as error:
            return Prediction(item.id, None, str(error), level=self._level, **_cost(spent))
        raise AssertionError("a reading ends with Answered or raises")


def _prediction(item: Item, answer: Answer, pointed: Sequence[Span]) -> Prediction:
    return Prediction(
        item.id,
        answer.said,  # the markers are octavo's: a [1] would be scored as the last number that the model says
        found=answer.found,
        level=answer.level,
        shown=tuple(passage.span for passage in answer.passages),
        pointed=tuple(sorted(set(pointed))) if answer.level in {"read", "reason"} else None,
        cited=tuple(citation.span for citation in answer.citations),
        **_cost(answer.usage),
    )


def _cost(usage: Usage) -> dict[str, Any]:
    return {name: getattr(usage, name) for name in COSTS}
