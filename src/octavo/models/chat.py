"""What a chat model is to octavo, whoever serves it.

The types every model call is made of, and the protocol that a model fulfils. A model makes single calls and says
plainly how they failed; it knows nothing of retries, concurrency or caching (`calls.py`), nor of documents.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from octavo.models.tokenizer import Tokenizer

Schema = Mapping[str, Any]
"""A JSON Schema, as a plain mapping."""


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a conversation."""

    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True, slots=True)
class TokenLogprob:
    """A token of the reply, the natural logarithm of its probability, and the likeliest alternatives with theirs."""

    token: str
    logprob: float
    top: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class TokenUsage:
    """What one call cost, in the model's tokens. `cached` of the `prompt` tokens came from the server's prefix
    cache."""

    prompt: int
    completion: int
    cached: int = 0


@dataclass(frozen=True, slots=True)
class ToolSchema:
    """A tool as a model is told of it; `parameters` is the schema of its arguments, an object."""

    name: str
    description: str
    parameters: Schema


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A tool that a model wants called. `arguments` is None where what it wrote is no JSON object, however tolerantly
    it is read; `said` then holds its words."""

    name: str
    arguments: Mapping[str, Any] | None
    said: str = ""


@dataclass(frozen=True, slots=True)
class Completion:
    """A finished reply. `seconds` is the wall time of the call that made it; `reused` says that it came from the
    ledger and cost nothing now; `tool_calls` are in the model's order."""

    text: str
    finish_reason: str
    usage: TokenUsage
    seconds: float = 0.0
    logprobs: tuple[TokenLogprob, ...] = ()
    reused: bool = False
    tool_calls: tuple[ToolCall, ...] = ()


@dataclass(frozen=True, slots=True)
class Request:
    """One call, complete: what the ledger's key is made from, with the model it goes to.

    `schema` asks for a reply that fits a JSON Schema. `logprobs` asks for the probabilities of the reply's tokens
    (a server that has none returns none). `replicate` tells apart repeated draws of the same request. `tools` may be
    called by the model instead of a reply in words; a server that takes none raises `ToolsRefused`.
    """

    messages: tuple[Message, ...]
    max_tokens: int
    schema: Schema | None = None
    logprobs: bool = False
    temperature: float = 0.0
    seed: int | None = None
    stop: tuple[str, ...] = ()
    replicate: int = 0
    tools: tuple[ToolSchema, ...] = ()


class ChatModel(Protocol):
    """A chat model that can be asked.

    `ready()` must have been awaited once before the properties below it are read; it is idempotent, cheap when done,
    and raises a `ModelError` that says what to do when the model cannot be reached.
    """

    @property
    def name(self) -> str:
        """What the user calls it."""
        ...

    @property
    def host(self) -> str:
        """Where calls go: a host, or "this process"."""
        ...

    async def ready(self) -> None:
        """Find the server, the window and the tokenizer."""
        ...

    @property
    def window(self) -> int:
        """Tokens that prompt and reply may have together."""
        ...

    @property
    def tokenizer(self) -> Tokenizer:
        """Counts as the model does, or conservatively (`Tokenizer.exact`)."""
        ...

    @property
    def fingerprint(self) -> str:
        """Identifies weights, adapter and endpoint as far as can be known: part of the ledger's key."""
        ...

    @property
    def parallel(self) -> int | None:
        """How many calls the server is known to work on at once; None where it is not known."""
        ...

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the user should know about this model, one line each: an estimate for a count, a parameter refused."""
        ...

    def measure(self, messages: Sequence[Message], tools: Sequence[ToolSchema] = ()) -> int:
        """Tokens of the whole prompt, chat template and tools included; an upper bound where the tokenizer is not exact
        or there are tools."""
        ...

    async def complete(self, request: Request) -> Completion:
        """One call, one reply. Raises a `ModelError`; cancelling it cancels the call at the server."""
        ...

    def stream(self, request: Request) -> AsyncIterator[str | Completion]:
        """The same reply in pieces as they come; the last item is the `Completion`, with the whole text."""
        ...

    async def aclose(self) -> None:
        """Give back connections, processes and memory. The model can be made `ready()` again."""
        ...
