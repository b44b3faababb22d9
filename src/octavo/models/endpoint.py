"""A chat model behind an OpenAI-compatible URL.

Makes single calls over HTTP with the `openai` client and says plainly how they failed. Knows nothing of retries,
concurrency or caching (`calls.py`). An address is always explicit: without one nothing is sent anywhere.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from octavo.errors import ModelError, ModelUnavailable, ToolsRefused, UsageError
from octavo.models.chat import Completion, Message, Request, TokenUsage, ToolSchema
from octavo.models.connections import Connections
from octavo.models.estimated_tokenizer import EstimatedTokenizer
from octavo.models.failures import TimedOut, is_too_long, message_of, model_error, refuses_tools
from octavo.models.learnt_counts import keep_learnt, learnt_file, load_learnt
from octavo.models.prompt_measure import UNKNOWN_TEMPLATE, PromptMeasure
from octavo.models.replies import Dialect, StreamedReply, completion, request_body
from octavo.models.served import ServedModel, find_model
from octavo.models.tokenizer import Tokenizer
from octavo.models.tokenizers import find_tokenizer
from octavo.models.weights import default_cache

if TYPE_CHECKING:
    from openai import AsyncOpenAI, AsyncStream

Reply = TypeVar("Reply")

_NO_KEY = "none"
"""Sent where no key is set: a server of one's own does not look at it, and the client must have one."""

_WRONG_TOKENIZER_RATE = 1.02


class EndpointModel:
    """A model at `base_url`, or at `OPENAI_BASE_URL`.

    `name` may be left out where the server has one model only. `window` is needed where the server does not say its
    own, and can only narrow it where it does. `tokenizer` is the path of a tokenizer.json or a .gguf, a name on the
    Hugging Face hub, or a tokenizer; without one, counts are estimated. `timeout` is in seconds, for a whole call (for
    the longest silence, when streaming). `cache` is the folder for what is worked out once. `fingerprint` is for a
    caller that knows the weights themselves, not only their address.

    Raises `UsageError` without an address.
    """

    def __init__(
        self,
        name: str | None = None,
        base_url: str | None = None,
        api_key: str | None = None,
        window: int | None = None,
        tokenizer: Tokenizer | str | Path | None = None,
        *,
        timeout: float = 300.0,
        cache: Path | None = None,
        fingerprint: str | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._given_name = name
        self._base_url = _checked_url(base_url or os.environ.get("OPENAI_BASE_URL"))
        self._given_window = window
        self._given_tokenizer = tokenizer
        self._timeout = timeout
        self._cache = cache
        self._given_fingerprint = fingerprint
        self._clock = clock
        key = api_key or os.environ.get("OPENAI_API_KEY") or _NO_KEY
        self._connections = Connections(self._base_url, key, timeout=timeout)
        self._dialect = Dialect()
        self._served: ServedModel | None = None
        self._window = 0
        self._tokenizer: Tokenizer = EstimatedTokenizer()
        self._measure = PromptMeasure(self._tokenizer)
        self._limited = ""

    @property
    def name(self) -> str:
        """The model's name at the server."""
        return self._served.name if self._served else self._given_name or "the only model"

    @property
    def host(self) -> str:
        """The address's host, with its port where it has one."""
        return urlsplit(self._base_url).netloc.rpartition("@")[2]

    @property
    def window(self) -> int:
        """Tokens that prompt and reply may have together."""
        self._known()
        return self._window

    @property
    def tokenizer(self) -> Tokenizer:
        """The model's own, or an estimate."""
        self._known()
        return self._tokenizer

    @property
    def fingerprint(self) -> str:
        """The one given, or the hash of host, model and, where llama.cpp tells it, file and size of the weights."""
        return self._fingerprint_of(self._known())

    def _fingerprint_of(self, served: ServedModel) -> str:
        if self._given_fingerprint is not None:
            return self._given_fingerprint
        return hashlib.sha256(f"{self.host}\n{served.name}\n{served.weights}".encode()).hexdigest()[:32]

    @property
    def parallel(self) -> int | None:
        """The slots of a llama.cpp server; None for others."""
        return self._known().parallel

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the user should know about this endpoint, as far as has shown."""
        said: list[str] = []
        if self._limited:
            said.append(self._limited)
        if self._served and not self._tokenizer.exact:
            said.append(
                f"{self.name}: token counts are estimated, on the high side; pass its tokenizer.json for exact ones"
            )
        if self._tokenizer.exact and self._measure.rate > _WRONG_TOKENIZER_RATE:
            said.append(
                f"{self.name}: the server counts {self._measure.rate:.2f} times the tokens of the tokenizer given; "
                "is it this model's?"
            )
        said.extend(
            f"{self.host} takes no {parameter}; going on without" for parameter in sorted(self._dialect.refused)
        )
        return tuple(said)

    async def ready(self) -> None:
        """Ask the server which model it serves and how long its window is.

        Raises `UnknownModel`, another `ModelError` where the server cannot be asked, or `UsageError` where neither
        server nor user says how long the window is.
        """
        if self._served is not None:
            return
        async with self._connections.client() as client:
            served = await self._mapped(find_model(client, self._given_name))
        window, limited = self._settled_window(served)
        tokenizer = await asyncio.to_thread(self._settled_tokenizer)
        learnt = await asyncio.to_thread(load_learnt, self._learnt_file(served, tokenizer))
        self._window, self._limited, self._tokenizer = window, limited, tokenizer
        self._measure = PromptMeasure(tokenizer, served.template or UNKNOWN_TEMPLATE, learnt)
        self._served = served

    def measure(self, messages: Sequence[Message], tools: Sequence[ToolSchema] = ()) -> int:
        """Tokens of the whole prompt, chat template and tools included; not below what the server reported of it
        before."""
        self._known()
        return self._measure.tokens(messages, tools)

    async def complete(self, request: Request) -> Completion:
        """One call, one reply. Raises a `ModelError`; cancelling it closes the connection, which cancels the call."""
        await self.ready()
        started = self._clock()
        try:
            async with self._connections.client() as client, asyncio.timeout(self._timeout):
                response = await self._mapped(self._sent(request, partial(_post, client), stream=False))
        except TimeoutError as error:
            raise TimedOut(f"{self.name} at {self._base_url}: no reply in {self._timeout:g} s") from error
        try:
            reply = completion(json.loads(response.content), seconds=self._clock() - started)
        except ValueError as error:
            raise ModelUnavailable(f"{self.name} at {self._base_url}: a broken reply: {error}") from error
        await self._learn(request, reply.usage)
        return reply

    async def stream(self, request: Request) -> AsyncIterator[str | Completion]:
        """The same reply in pieces as they come; the last item is the `Completion`, with the whole text."""
        await self.ready()
        started = self._clock()
        reply = StreamedReply()
        async with self._connections.client() as client:
            events = await self._mapped(self._sent(request, partial(_open_stream, client), stream=True))
            try:
                iterator = aiter(events)
                while (piece := await self._mapped(anext(iterator, None))) is not None:
                    text = reply.take(piece)
                    if text:
                        yield text
            except ValueError as error:
                raise ModelUnavailable(f"{self.name} at {self._base_url}: a broken reply: {error}") from error
            finally:
                await events.close()
        if not reply.finished:
            raise ModelUnavailable(f"{self.name} at {self._base_url}: the reply broke off")
        estimated = TokenUsage(self._measure.tokens(request.messages, request.tools), self._tokenizer.count(reply.text))
        whole = reply.completion(seconds=self._clock() - started, estimated=estimated)
        await self._learn(request, whole.usage)
        yield whole

    async def aclose(self) -> None:
        """Close the running loop's connections."""
        await self._connections.aclose()

    def _known(self) -> ServedModel:
        if self._served is None:
            raise RuntimeError("await ready() before asking about the model")
        return self._served

    def _settled_window(self, served: ServedModel) -> tuple[int, str]:
        given, found = self._given_window, served.window
        if found is None and given is None:
            raise UsageError(
                f"{self._base_url} does not say how long the window of {served.name} is; pass --window N "
                "(tokens, prompt and reply together) or set OCTAVO_WINDOW"
            )
        if found is None or given is None:
            return found or given or 0, ""
        if given > found:
            return found, f"a window of {given:,} was asked for, but {served.name} has {found:,}: using {found:,}"
        return given, ""

    def _settled_tokenizer(self) -> Tokenizer:
        given = self._given_tokenizer
        if given is None:
            return self._tokenizer
        return find_tokenizer(given, self._cache or default_cache()) if isinstance(given, str | Path) else given

    def _learnt_file(self, served: ServedModel, tokenizer: Tokenizer) -> Path:
        return learnt_file(self._cache or default_cache(), self._fingerprint_of(served), tokenizer.id)

    async def _learn(self, request: Request, usage: TokenUsage) -> None:
        if usage.prompt and self._measure.learn(request.messages, usage.prompt, request.tools):
            file = self._learnt_file(self._known(), self._tokenizer)
            await asyncio.to_thread(keep_learnt, file, self._measure.learnt)

    async def _sent(
        self, request: Request, send: Callable[[dict[str, Any]], Awaitable[Reply]], *, stream: bool
    ) -> Reply:
        """Send the call; again for every part of it that the server turns out not to take."""
        import openai

        while True:
            body = request_body(request, model=self.name, dialect=self._dialect, stream=stream)
            try:
                return await send(body)
            except openai.APIStatusError as error:
                said = message_of(error.body) or error.message
                if not is_too_long(error.body, said):
                    if error.status_code in {400, 422} and self._dialect.learn(said, body):
                        continue
                    if request.tools and refuses_tools(error.status_code, said):
                        raise ToolsRefused(
                            f"{self.name} at {self._base_url} takes no tools: {said}; let it be asked by schemas"
                        ) from error
                raise

    async def _mapped(self, call: Awaitable[Reply]) -> Reply:
        """The result of `call`, its failures as octavo's errors."""
        import httpx2
        import openai

        try:
            return await call
        except ModelError:
            raise
        except openai.OpenAIError as error:
            raise model_error(error, url=self._base_url, model=self.name) from error
        except httpx2.RequestError as error:
            raise ModelUnavailable(
                f"{self.name} at {self._base_url}: the connection broke: {error or type(error).__name__}"
            ) from error


def _checked_url(url: str | None) -> str:
    if not url:
        raise UsageError("no endpoint: set OPENAI_BASE_URL or give a base URL, such as http://localhost:8000/v1")
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise UsageError(f"{url!r} is no http(s) address; a base URL looks like http://localhost:8000/v1")
    return url.rstrip("/")


async def _post(client: AsyncOpenAI, body: dict[str, Any]) -> Any:
    import httpx2

    # The raw response: building the client's own models costs more than the rest of the call.
    return await client.post("/chat/completions", cast_to=httpx2.Response, body=body)


async def _open_stream(client: AsyncOpenAI, body: dict[str, Any]) -> AsyncStream[object]:
    from openai import AsyncStream

    return await client.post(
        "/chat/completions", cast_to=object, body=body, stream=True, stream_cls=AsyncStream[object]
    )
