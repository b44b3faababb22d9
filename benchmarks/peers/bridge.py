"""A real model behind an OpenAI-compatible address, with a log: what two systems are compared on.

Each call is passed on to a `ChatModel` and its usage noted as the model reports it; a streamed reply is sent in one
piece, when it is complete. Knows the protocol as far as the two systems use it; nothing of either.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import faithful
from facts import Fact
from octavo.errors import ModelError, WindowExceeded
from octavo.models.chat import ChatModel, Completion, Message, Request
from octavo.models.fake_endpoint import Receive, Scope, Send
from octavo.models.fake_server import FakeServer
from serving import ServedCall


@dataclass
class _Refused(Exception):
    status: int
    message: str


class Bridge(FakeServer):
    """Serves `model`, which is ready, under the fake server's roof. `served` is the log, `completion_tokens` what all
    replies in it came to; `fact` is looked for in the prompts, and may be another for the next question."""

    def __init__(self, model: ChatModel, fact: Fact) -> None:
        super().__init__(name=model.name, window=model.window)
        self._model = model
        self.fact = fact
        self.served: list[ServedCall] = []
        self.completion_tokens = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One HTTP request; all but chat calls are answered as the fake server does."""
        if scope["type"] != "http" or not scope["path"].endswith("/chat/completions"):
            await super().__call__(scope, receive, send)
            return
        body = b""
        while (message := await receive())["type"] == "http.request":
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        call = json.loads(body)
        try:
            completion = await self._complete(_request(call))
        except _Refused as refused:
            error = {"error": {"message": refused.message, "type": "invalid_request_error", "code": refused.status}}
            await _send(send, refused.status, b"application/json", json.dumps(error))
            return
        if call.get("stream"):
            await _send(send, 200, b"text/event-stream", _events(completion, self._model.name))
        else:
            await _send(send, 200, b"application/json", json.dumps(_whole(completion, self._model.name)))

    async def _complete(self, request: Request) -> Completion:
        try:
            completion = await self._model.complete(request)
        except ModelError as error:
            self._note(request, self._model.measure(request.messages), type(error).__name__)
            raise _Refused(400 if isinstance(error, WindowExceeded) else 500, str(error)) from error
        self._note(request, completion.usage.prompt, "200")
        self.completion_tokens += completion.usage.completion
        return completion

    def _note(self, request: Request, prompt_tokens: int, status: str) -> None:
        shown = any(self.fact.shown_in(message.content) for message in request.messages)
        self.served.append(ServedCall(faithful.kind(request.messages), prompt_tokens, shown, status))


def _request(call: Mapping[str, Any]) -> Request:
    schema = ((call.get("response_format") or {}).get("json_schema") or {}).get("schema")
    stop = call.get("stop") or ()
    return Request(
        messages=tuple(Message(item["role"], item["content"]) for item in call["messages"]),
        max_tokens=call.get("max_tokens") or call.get("max_completion_tokens") or 1_024,
        schema=schema,
        logprobs=bool(call.get("logprobs")),
        temperature=call.get("temperature", 0.0),
        seed=call.get("seed"),
        stop=(stop,) if isinstance(stop, str) else tuple(stop),
    )


def _usage(completion: Completion) -> dict[str, Any]:
    usage = completion.usage
    return {
        "prompt_tokens": usage.prompt,
        "completion_tokens": usage.completion,
        "total_tokens": usage.prompt + usage.completion,
        "prompt_tokens_details": {"cached_tokens": usage.cached},
    }


def _logprobs(completion: Completion) -> dict[str, Any] | None:
    if not completion.logprobs:
        return None
    return {
        "content": [
            {
                "token": item.token,
                "logprob": item.logprob,
                "top_logprobs": [{"token": token, "logprob": logprob} for token, logprob in item.top],
            }
            for item in completion.logprobs
        ]
    }


def _whole(completion: Completion, name: str) -> dict[str, Any]:
    choice = {
        "index": 0,
        "message": {"role": "assistant", "content": completion.text},
        "finish_reason": completion.finish_reason,
        "logprobs": _logprobs(completion),
    }
    return {"object": "chat.completion", "model": name, "choices": [choice], "usage": _usage(completion)}


def _events(completion: Completion, name: str) -> str:
    head = {"object": "chat.completion.chunk", "model": name, "id": "0", "created": 0}
    said = {"index": 0, "delta": {"content": completion.text}, "finish_reason": None}
    end = {"index": 0, "delta": {}, "finish_reason": completion.finish_reason, "logprobs": _logprobs(completion)}
    events = [{**head, "choices": [said]}, {**head, "choices": [end]}]
    events.append({**head, "choices": [], "usage": _usage(completion)})
    return "".join(f"data: {json.dumps(event)}\n\n" for event in events) + "data: [DONE]\n\n"


async def _send(send: Send, status: int, kind: bytes, content: str) -> None:
    body = content.encode("utf-8")
    headers = [(b"content-type", kind), (b"content-length", str(len(body)).encode("ascii"))]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
