"""A chat model that answers from a script, in this process: for tests, examples and dry runs.

Counts exactly, enforces its window as a strict server does, and keeps every request. Knows nothing of HTTP
(`fake_server.py` puts the same scripts behind an address).
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

from octavo.errors import WindowExceeded
from octavo.models.chat import Completion, Message, Request, TokenUsage, ToolSchema
from octavo.models.estimated_tokenizer import EstimatedTokenizer
from octavo.models.prompt_measure import PromptMeasure, TemplateOverhead
from octavo.models.tokenizer import Tokenizer

Script = Callable[[Request], str | Completion]
"""Says what a model replies to a request: a text, or a whole completion where it calls tools. It may raise a
`ModelError` instead."""

TEMPLATE = TemplateOverhead(base=8, base_with_system=12, turn=8)
"""What scripted models add around messages."""


class ScriptedModel:
    """Replies what `reply` says. `latency` is in seconds, spent in `sleep`. `requests` are all it was asked, in order.

    A prompt that leaves no room for `max_tokens` raises `WindowExceeded`; a reply's text is cut at `max_tokens`.
    """

    def __init__(
        self,
        reply: Script | str,
        window: int = 8_192,
        tokenizer: Tokenizer | None = None,
        *,
        name: str = "scripted",
        parallel: int | None = None,
        latency: float = 0.0,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._reply: Script = reply if callable(reply) else lambda _: reply
        self._window = window
        self._tokenizer: Tokenizer = tokenizer or EstimatedTokenizer(exact=True)
        self._measure = PromptMeasure(self._tokenizer, TEMPLATE)
        self._name = name
        self._parallel = parallel
        self._latency = latency
        self._sleep = sleep
        self.requests: list[Request] = []

    @property
    def name(self) -> str:
        """As given."""
        return self._name

    @property
    def host(self) -> str:
        """This process."""
        return "this process"

    @property
    def window(self) -> int:
        """Tokens that prompt and reply may have together."""
        return self._window

    @property
    def tokenizer(self) -> Tokenizer:
        """The one given, else one that counts by rules."""
        return self._tokenizer

    @property
    def fingerprint(self) -> str:
        """The hash of the name: scripts of the same name pass for the same model."""
        return hashlib.sha256(f"scripted\n{self._name}".encode()).hexdigest()[:32]

    @property
    def parallel(self) -> int | None:
        """As given."""
        return self._parallel

    async def ready(self) -> None:
        """It always is."""

    @property
    def warnings(self) -> tuple[str, ...]:
        """None."""
        return ()

    def measure(self, messages: Sequence[Message], tools: Sequence[ToolSchema] = ()) -> int:
        """Tokens of the whole prompt, exactly."""
        return self._measure.tokens(messages, tools)

    async def complete(self, request: Request) -> Completion:
        """What the script says."""
        self.requests.append(request)
        prompt = self.measure(request.messages, request.tools)
        if prompt + request.max_tokens > self._window:
            raise WindowExceeded(
                f"{self._name}: {prompt} tokens of prompt and {request.max_tokens} of reply are more than the window "
                f"of {self._window}",
                prompt_tokens=prompt,
                window=self._window,
            )
        if self._latency:
            await self._sleep(self._latency)
        return scripted_completion(self._reply(request), request, prompt, self._tokenizer, self._latency)

    async def stream(self, request: Request) -> AsyncIterator[str | Completion]:
        """The same, word by word."""
        completion = await self.complete(request)
        for piece in words_of(completion.text):
            yield piece
        yield completion

    async def aclose(self) -> None:
        """Nothing to give back."""


def scripted_completion(
    said: str | Completion, request: Request, prompt: int, tokenizer: Tokenizer, seconds: float = 0.0
) -> Completion:
    """What a script said as a completion: cut at `max_tokens` as a server would, with its usage."""
    if isinstance(said, Completion):
        return said
    (starts,) = tokenizer.token_starts([said])
    too_long = len(starts) > request.max_tokens
    return Completion(
        text=said[: starts[request.max_tokens]] if too_long else said,
        finish_reason="length" if too_long else "stop",
        usage=TokenUsage(prompt=prompt, completion=min(len(starts), request.max_tokens)),
        seconds=seconds,
    )


def words_of(text: str) -> list[str]:
    """`text` in pieces, each a word with the space before it."""
    pieces = [f" {word}" for word in text.split(" ")]
    pieces[0] = pieces[0][1:]
    return [piece for piece in pieces if piece]
