"""What the fake server does with a call: an ASGI application of OpenAI's chat completions, unkind on request.

It streams, counts, enforces a window, logs every prompt, and refuses, breaks and drops calls as it is told. Knows the
server's moods; nothing of sockets (`fake_server.py`) or of the JSON of the protocol (`fake_protocol.py`).
"""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Awaitable, Callable, Mapping, MutableMapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

from octavo.models.chat import Completion, Message, Request
from octavo.models.estimated_tokenizer import EstimatedTokenizer
from octavo.models.fake_protocol import completion_events, completion_json, parsed_request
from octavo.models.prompt_measure import PromptMeasure
from octavo.models.scripted import TEMPLATE, Script, scripted_completion
from octavo.models.tokenizer import Tokenizer

Fault = Literal["rate_limited", "server_error", "broken_json", "dropped"]
"""Status 429; status 500; half a reply; a connection that ends before the reply does."""

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]

_JSON: Headers = [(b"content-type", b"application/json")]
_EVENTS: Headers = [(b"content-type", b"text/event-stream")]


@dataclass(frozen=True, slots=True)
class FakeCall:
    """One call as it came in: the messages, all of its JSON, and what it got: a status or a fault."""

    messages: tuple[Message, ...]
    body: Mapping[str, Any]
    outcome: int | Fault


class _Refusal(Exception):
    """A call that gets a status other than 200."""

    def __init__(self, status: int, message: str, kind: str, **details: Any) -> None:
        super().__init__(message)
        self.status = status
        self.error = {"message": message, "type": kind, "code": status, **details}


class FakeEndpoint:
    """Serves the model `name` with the replies of `reply`, a script or a fixed text.

    `latency` is in seconds a call. `faults` befall the first calls in this order (None: none); of the later ones a
    share of each kind in `fault_shares`, drawn with `seed`. `retry_after` seconds go with every 429. `announces` says
    how the window is told: vLLM's `max_model_len`, llama.cpp's `/props`, or not at all. Parameters in `refuses` are
    answered with status 400; more than `most_at_once` calls with 429; another key than `api_key` with 401. `calls` is
    the log, `peak` the most calls under way at once, `broken_off` how many the client left.
    """

    def __init__(
        self,
        reply: Script | str = "none",
        *,
        name: str = "fake",
        window: int = 8_192,
        latency: float = 0.0,
        faults: Sequence[Fault | None] = (),
        fault_shares: Mapping[Fault, float] | None = None,
        seed: int = 0,
        retry_after: float | None = None,
        announces: Literal["max_model_len", "props", "nothing"] = "max_model_len",
        refuses: Sequence[str] = (),
        most_at_once: int | None = None,
        api_key: str | None = None,
        tokenizer: Tokenizer | None = None,
    ) -> None:
        self._reply: Script = reply if callable(reply) else lambda _: reply
        self._name = name
        self._window = window
        self._latency = latency
        self._faults = list(reversed(faults))
        self._fault_shares = fault_shares or {}
        self._random = random.Random(seed)
        self._retry_after = retry_after
        self._announces = announces
        self._refuses = refuses
        self._most_at_once = most_at_once
        self._api_key = api_key
        self._tokenizer = tokenizer or EstimatedTokenizer(exact=True)
        self._measure = PromptMeasure(self._tokenizer, TEMPLATE)
        self._under_way = 0
        self.calls: list[FakeCall] = []
        self.peak = 0
        self.broken_off = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One HTTP request."""
        if scope["type"] != "http":
            return
        try:
            self._check_key(scope)
            body = await _read(receive)
            match scope["method"], scope["path"]:
                case "POST", "/v1/chat/completions":
                    await self._chat(json.loads(body), receive, send)
                case method, path:
                    await _reply(send, 200, self._other(method, path, json.loads(body or b"{}")))
        except _Refusal as refusal:
            headers = list(_JSON)
            if refusal.status == 429 and self._retry_after is not None:
                headers.append((b"retry-after", str(self._retry_after).encode()))
            await _reply(send, refusal.status, {"error": refusal.error}, headers)

    def _check_key(self, scope: Scope) -> None:
        sent = dict(scope["headers"]).get(b"authorization", b"").decode("latin-1")
        if self._api_key is not None and sent != f"Bearer {self._api_key}":
            raise _Refusal(401, "Incorrect API key provided", "invalid_request_error")

    def _other(self, method: str, path: str, body: Mapping[str, Any]) -> object:
        llama_cpp = self._announces == "props"
        match method, path:
            case "GET", "/v1/models":
                window = {"max_model_len": self._window} if self._announces == "max_model_len" else {}
                return {"object": "list", "data": [{"id": self._name, "object": "model", **window}]}
            case "GET", "/props" if llama_cpp:
                return {
                    "default_generation_settings": {"n_ctx": self._window},
                    "total_slots": 4,
                    "model_path": "x.gguf",
                }
            case "POST", "/apply-template" if llama_cpp:
                turns = [f"<|{message['role']}|> {message['content']} <|end|>" for message in body["messages"]]
                return {"prompt": "\n".join([*turns, "<|assistant|>"])}
            case "POST", "/tokenize" if llama_cpp:
                return {"tokens": list(range(self._tokenizer.count(body["content"])))}
        raise _Refusal(404, f"nothing at {path}", "not_found_error")

    async def _chat(self, body: Mapping[str, Any], receive: Receive, send: Send) -> None:
        messages = tuple(Message(item["role"], item["content"]) for item in body["messages"])
        fault = self._next_fault()
        with self._counted():
            try:
                self._check_call(body, fault)
                request = parsed_request(messages, body)
                prompt = self._check_window(request)
                if self._latency and await self._left(receive):
                    return
                completion = scripted_completion(self._reply(request), request, prompt, self._tokenizer)
            except _Refusal as refusal:
                self.calls.append(FakeCall(messages, body, fault or refusal.status))
                raise
        self.calls.append(FakeCall(messages, body, fault or 200))
        if body.get("stream"):
            await self._stream(completion, body, fault, send)
        else:
            await _reply(send, 200, completion_json(completion, self._name, body), fault=fault)

    def _next_fault(self) -> Fault | None:
        if self._faults:
            return self._faults.pop()
        drawn = self._random.random()
        for fault, share in self._fault_shares.items():
            drawn -= share
            if drawn < 0:
                return fault
        return None

    @contextmanager
    def _counted(self) -> Any:
        self._under_way += 1
        self.peak = max(self.peak, self._under_way)
        try:
            yield
        finally:
            self._under_way -= 1

    def _check_call(self, body: Mapping[str, Any], fault: Fault | None) -> None:
        if fault == "rate_limited" or (self._most_at_once is not None and self._under_way > self._most_at_once):
            raise _Refusal(429, "Too many requests", "rate_limit_error")
        if fault == "server_error":
            raise _Refusal(500, "Internal error", "server_error")
        for parameter in self._refuses:
            if parameter in body:
                instead = "; use 'max_completion_tokens' instead" if parameter == "max_tokens" else ""
                raise _Refusal(400, f"Unsupported parameter: '{parameter}'{instead}", "invalid_request_error")
        if body["model"] != self._name:
            raise _Refusal(404, f"The model `{body['model']}` does not exist.", "NotFoundError")

    def _check_window(self, request: Request) -> int:
        prompt = self._measure.tokens(request.messages, request.tools)
        if prompt + request.max_tokens > self._window:
            raise _Refusal(
                400,
                f"This model's maximum context length is {self._window} tokens. However, you requested "
                f"{prompt + request.max_tokens} tokens ({prompt} in the messages, {request.max_tokens} in the "
                "completion). Please reduce the length of the messages or completion.",
                "BadRequestError",
            )
        return prompt

    async def _left(self, receive: Receive) -> bool:
        """Whether the client went away before the latency was over."""
        try:
            async with asyncio.timeout(self._latency):
                while (await receive())["type"] != "http.disconnect":
                    pass
        except TimeoutError:
            return False
        self.broken_off += 1
        return True

    async def _stream(self, completion: Completion, body: Mapping[str, Any], fault: Fault | None, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": _EVENTS})
        events = list(completion_events(completion, self._name, body))
        if fault == "broken_json":
            events = [events[0][:-5] + "\n\n"]
        elif fault == "dropped":
            await _part(send, events[0])
            raise ConnectionAbortedError("dropped on request")
        for event in events:
            await _part(send, event)
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _part(send: Send, event: str) -> None:
    await send({"type": "http.response.body", "body": event.encode(), "more_body": True})


async def _read(receive: Receive) -> bytes:
    parts: list[bytes] = []
    while True:
        message = await receive()
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(parts)


async def _reply(
    send: Send, status: int, content: object, headers: Headers | None = None, *, fault: Fault | None = None
) -> None:
    payload = json.dumps(content).encode()
    length = (b"content-length", str(len(payload)).encode())
    await send({"type": "http.response.start", "status": status, "headers": [*(headers or _JSON), length]})
    if fault == "broken_json":
        payload = payload[:-2] + b"  "
    elif fault == "dropped":
        # Less than was announced: the server has to end the connection.
        payload = payload[:-2]
    await send({"type": "http.response.body", "body": payload})
