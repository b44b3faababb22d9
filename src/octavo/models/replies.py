"""Requests as the JSON that servers take, and their replies as completions.

The chat completions protocol of OpenAI, as vLLM, SGLang, llama.cpp, Ollama and gateways speak it. Knows JSON; nothing
of HTTP.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from octavo.models.chat import Completion, Message, Request, TokenLogprob, TokenUsage, ToolCall, ToolSchema
from octavo.models.json_tokenizer import well_formed
from octavo.models.tool_calls import StreamedCalls, tool_call

TOP_LOGPROBS = 5


@dataclass
class Dialect:
    """What one server turned out not to take. Learnt from its refusals, kept for all later calls."""

    refused: set[str] = field(default_factory=set)

    def learn(self, said: str, body: Mapping[str, Any]) -> bool:
        """Whether a refusal in these words is about a part of `body` that the call can do without; it is remembered."""
        said = said.lower()
        for parameter, words in _OPTIONAL.items():
            if parameter in body and any(word in said for word in words):
                self.refused.add(parameter)
                return True
        return False


_OPTIONAL = {
    "response_format": ("response_format", "json_schema", "json schema", "structured output"),
    "logprobs": ("logprobs",),
    "stream_options": ("stream_options",),
    "max_tokens": ("max_completion_tokens",),  # the newer name, which some servers insist on
    "temperature": ("temperature",),
    "seed": ("seed",),
}


def request_body(request: Request, *, model: str, dialect: Dialect, stream: bool) -> dict[str, Any]:
    """The call as JSON, without what the server refused before."""
    body: dict[str, Any] = {"model": model, "messages": messages_body(request.messages)}
    body["max_completion_tokens" if "max_tokens" in dialect.refused else "max_tokens"] = request.max_tokens
    optional: dict[str, Any] = {"temperature": request.temperature}
    if request.schema is not None:
        named = {"name": "reply", "schema": dict(request.schema), "strict": True}
        optional["response_format"] = {"type": "json_schema", "json_schema": named}
    if request.logprobs:
        optional["logprobs"] = True
    if request.seed is not None:
        optional["seed"] = request.seed
    if request.stop:
        optional["stop"] = list(request.stop)
    if request.tools:
        body["tools"] = [_tool_body(tool) for tool in request.tools]
    if stream:
        body["stream"] = True
        optional["stream_options"] = {"include_usage": True}
    body |= {name: value for name, value in optional.items() if name not in dialect.refused}
    if "logprobs" in body:
        body["top_logprobs"] = TOP_LOGPROBS
    return body


def messages_body(messages: Sequence[Message]) -> list[dict[str, str]]:
    """Messages as JSON."""
    return [{"role": message.role, "content": well_formed(message.content)} for message in messages]


def _tool_body(tool: ToolSchema) -> dict[str, Any]:
    function = {
        "name": tool.name,
        "description": well_formed(tool.description),
        "parameters": dict(tool.parameters),
    }
    return {"type": "function", "function": function}


def completion(reply: Any, *, seconds: float) -> Completion:
    """The completion in a whole reply. Raises `ValueError` for JSON that is not a chat completion."""
    try:
        choice = reply["choices"][0]
        message = choice["message"]
        return Completion(
            text=message.get("content") or "",
            finish_reason=choice.get("finish_reason") or "stop",
            usage=_usage(reply.get("usage")),
            seconds=seconds,
            logprobs=_logprobs(choice.get("logprobs")),
            tool_calls=_tool_calls(message.get("tool_calls")),
        )
    except (KeyError, IndexError, TypeError, AttributeError) as error:
        raise ValueError(f"not a chat completion: {error!r}") from error


class StreamedReply:
    """A reply that comes in pieces; `text` grows as they are taken in."""

    def __init__(self) -> None:
        self._texts: list[str] = []
        self._logprobs: list[TokenLogprob] = []
        self._calls = StreamedCalls()
        self._finish_reason: str | None = None
        self._usage: TokenUsage | None = None

    @property
    def text(self) -> str:
        """All the text so far."""
        return "".join(self._texts)

    @property
    def finished(self) -> bool:
        """Whether the server said that the reply is complete."""
        return self._finish_reason is not None

    def take(self, piece: Any) -> str:
        """Take in one event of the stream and return the text that it adds. Raises `ValueError` for JSON that is no
        such event."""
        try:
            if piece.get("usage"):
                self._usage = _usage(piece["usage"])
            if not piece.get("choices"):
                return ""
            choice = piece["choices"][0]
            delta = choice.get("delta") or {}
            text: str = delta.get("content") or ""
            self._texts.append(text)
            for part in delta.get("tool_calls") or ():
                self._calls.take(part)
            self._logprobs.extend(_logprobs(choice.get("logprobs")))
            self._finish_reason = choice.get("finish_reason") or self._finish_reason
            return text
        except (KeyError, IndexError, TypeError, AttributeError) as error:
            raise ValueError(f"not a piece of a chat completion: {error!r}") from error

    def completion(self, *, seconds: float, estimated: TokenUsage) -> Completion:
        """The whole; `estimated` stands in for usage that the server did not report."""
        return Completion(
            text=self.text,
            finish_reason=self._finish_reason or "stop",
            usage=self._usage or estimated,
            seconds=seconds,
            logprobs=tuple(self._logprobs),
            tool_calls=self._calls.calls(),
        )


def _usage(usage: Mapping[str, Any] | None) -> TokenUsage:
    if not usage:
        return TokenUsage(prompt=0, completion=0)
    details = usage.get("prompt_tokens_details") or {}
    return TokenUsage(
        prompt=usage.get("prompt_tokens") or 0,
        completion=usage.get("completion_tokens") or 0,
        cached=details.get("cached_tokens") or 0,
    )


def _tool_calls(calls: Sequence[Mapping[str, Any]] | None) -> tuple[ToolCall, ...]:
    functions = [call["function"] for call in calls or ()]
    return tuple(tool_call(function.get("name"), function.get("arguments")) for function in functions)


def _logprobs(logprobs: Mapping[str, Any] | None) -> tuple[TokenLogprob, ...]:
    if not logprobs:
        return ()
    return tuple(
        TokenLogprob(
            token=item["token"],
            logprob=item["logprob"],
            top=tuple((other["token"], other["logprob"]) for other in item.get("top_logprobs") or ()),
        )
        for item in logprobs.get("content") or ()
    )
