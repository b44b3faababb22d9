"""What the fake server understands and says: chat completions as OpenAI's JSON, whole and in events.

The other side of `replies.py`. Knows JSON; nothing of faults or connections.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from octavo.models.chat import Completion, Message, Request, ToolCall, ToolSchema
from octavo.models.scripted import words_of


def parsed_request(messages: tuple[Message, ...], body: Mapping[str, Any]) -> Request:
    """The call that `body` describes."""
    response_format = body.get("response_format") or {}
    return Request(
        messages=messages,
        max_tokens=body.get("max_tokens") or body.get("max_completion_tokens") or 16,
        schema=(response_format.get("json_schema") or {}).get("schema"),
        logprobs=bool(body.get("logprobs")),
        temperature=body.get("temperature", 1.0),
        seed=body.get("seed"),
        stop=tuple(body.get("stop") or ()),
        tools=tuple(_tool(item["function"]) for item in body.get("tools") or ()),
    )


def _tool(function: Mapping[str, Any]) -> ToolSchema:
    return ToolSchema(function["name"], function.get("description", ""), function.get("parameters", {}))


def completion_json(completion: Completion, name: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """The whole reply of the model `name` to the call `body`."""
    message: dict[str, Any] = {"role": "assistant", "content": completion.text}
    if completion.tool_calls:
        message["tool_calls"] = [_call_json(number, call) for number, call in enumerate(completion.tool_calls)]
    choice = {
        "index": 0,
        "message": message,
        "finish_reason": completion.finish_reason,
        "logprobs": _logprobs_json(completion, body),
    }
    return {"object": "chat.completion", "model": name, "choices": [choice], "usage": _usage_json(completion)}


def completion_events(completion: Completion, name: str, body: Mapping[str, Any]) -> Iterator[str]:
    """The same reply as the events of a stream: word by word, then the tool calls in pieces."""

    def event(**fields: Any) -> str:
        return f"data: {json.dumps({'object': 'chat.completion.chunk', 'model': name, **fields})}\n\n"

    deltas: list[dict[str, Any]] = [{"content": piece} for piece in words_of(completion.text)]
    deltas += [{"tool_calls": [piece]} for piece in _call_pieces(completion.tool_calls)]
    for delta in deltas:
        yield event(choices=[{"index": 0, "delta": delta, "finish_reason": None}])
    logprobs = _logprobs_json(completion, body)
    last = {"index": 0, "delta": {}, "finish_reason": completion.finish_reason, "logprobs": logprobs}
    yield event(choices=[last])
    if (body.get("stream_options") or {}).get("include_usage"):
        yield event(choices=[], usage=_usage_json(completion))
    yield "data: [DONE]\n\n"


def _call_json(number: int, call: ToolCall) -> dict[str, Any]:
    arguments = call.said if call.arguments is None else json.dumps(call.arguments)
    return {"id": f"call_{number}", "type": "function", "function": {"name": call.name, "arguments": arguments}}


def _call_pieces(calls: Sequence[ToolCall]) -> Iterator[dict[str, Any]]:
    """Each call's name, then its arguments in two pieces, as servers stream them."""
    for number, call in enumerate(calls):
        whole = _call_json(number, call)
        arguments = whole["function"]["arguments"]
        middle = len(arguments) // 2
        yield {"index": number, **whole, "function": {"name": call.name, "arguments": ""}}
        for part in (arguments[:middle], arguments[middle:]):
            yield {"index": number, "function": {"arguments": part}}


def _usage_json(completion: Completion) -> dict[str, Any]:
    usage = completion.usage
    return {
        "prompt_tokens": usage.prompt,
        "completion_tokens": usage.completion,
        "total_tokens": usage.prompt + usage.completion,
        "prompt_tokens_details": {"cached_tokens": usage.cached},
    }


def _logprobs_json(completion: Completion, body: Mapping[str, Any]) -> dict[str, Any] | None:
    if not body.get("logprobs"):
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
