"""Tool calls in a server's reply, whole or in pieces, as typed calls.

Servers send the arguments as JSON in a string, which models write: it is read as tolerantly as any reply. Knows the
chat completions protocol; nothing of tools.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from octavo.models.chat import ToolCall
from octavo.models.structured import parse_arguments


def tool_call(name: object, arguments: object) -> ToolCall:
    """The call of a tool `name` with what the server gave as its arguments: a string, or, against the protocol, the
    object itself."""
    named = name if isinstance(name, str) else ""
    if isinstance(arguments, Mapping):
        return ToolCall(named, dict(arguments))
    said = arguments if isinstance(arguments, str) else ""
    parsed = parse_arguments(said)
    return ToolCall(named, parsed, said if parsed is None else "")


@dataclass
class _Parts:
    """A call of which more may come; `place` and `id` are what its pieces are known by."""

    place: object
    id: object
    name: object = None
    arguments: Any = None


class StreamedCalls:
    """Calls that come in pieces."""

    def __init__(self) -> None:
        self._begun: list[_Parts] = []

    def take(self, piece: Mapping[str, Any]) -> None:
        """Take in one piece: of the latest call with its index, or, where its id is another, of a new one (some servers
        number every call 0, or none). Raises `AttributeError` or `TypeError` for JSON that is no such piece."""
        place, identity = piece.get("index"), piece.get("id") or None
        parts = next((begun for begun in reversed(self._begun) if begun.place == place), None)
        if parts is None or (identity and parts.id and identity != parts.id):
            parts = _Parts(place, identity)
            self._begun.append(parts)
        parts.id = parts.id or identity
        function = piece.get("function") or {}
        parts.name = parts.name or function.get("name")
        arguments = function.get("arguments")
        if isinstance(arguments, str) and isinstance(parts.arguments, str):
            parts.arguments += arguments
        elif arguments is not None:
            parts.arguments = arguments

    def calls(self) -> tuple[ToolCall, ...]:
        """The calls, whole."""
        return tuple(tool_call(parts.name, parts.arguments) for parts in self._begun)
