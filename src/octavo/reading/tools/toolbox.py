"""The tools of one reading, behind one door: what a model calls is looked up, checked, permitted or not, and run.

Documents are untrusted: a sentence in one may lead the model to call any tool with any arguments. So a tool that is not
harmless runs only where the user has named it or says yes to this call. Knows tools; nothing of models or prompts.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from typing import Any, ClassVar

from octavo.errors import InvalidReply, UsageError
from octavo.models.chat import Schema, ToolCall, ToolSchema
from octavo.models.structured import fitted
from octavo.models.tokenizer import Tokenizer
from octavo.reading.tools.running import MOST_TOKENS, SECONDS, cut_text, run_tool
from octavo.reading.tools.tool import Tool, ToolOutcome

Confirm = Callable[[Tool, Mapping[str, Any]], Awaitable[bool]]
"""Asks the user whether a tool may run with these arguments."""

LOOK_UP = "look_up"
"""What a model that calls tools calls to have the documents read: no tool has this name."""

_LONGEST_QUOTE = 200


class Toolbox:
    """The tools of one reading. Those in `allowed`, by name, run without being confirmed; others that are not harmless
    where `confirm` says yes (one is asked about at a time), and without `confirm` not at all.

    `timeout` is in seconds, for each call of a tool that is not `patient`; `most_tokens`, as `tokenizer` counts, is the
    longest result. Raises `UsageError` where two tools have the same name, or one has that of looking up.
    """

    CALL: ClassVar[Schema] = {
        "type": "object",
        "properties": {"tool": {"type": "string"}, "arguments": {"type": "object"}},
        "required": ["tool", "arguments"],
        "additionalProperties": False,
    }
    """The schema of one call of any tool."""

    def __init__(
        self,
        tools: Iterable[Tool],
        tokenizer: Tokenizer,
        *,
        allowed: Collection[str] = (),
        confirm: Confirm | None = None,
        timeout: float = SECONDS,
        most_tokens: int = MOST_TOKENS,
    ) -> None:
        self._tools: dict[str, Tool] = {}
        for tool in tools:
            if tool.name in self._tools:
                raise UsageError(f"two tools are called {tool.name!r}: give one of them another name")
            if tool.name == LOOK_UP:
                raise UsageError(
                    f"no tool may be called {LOOK_UP!r}, which reads the documents: give it another name (a server's "
                    "tools: --mcp NAME=SERVER)"
                )
            self._tools[tool.name] = tool
        self._tokenizer = tokenizer
        self._allowed = frozenset(allowed)
        self._confirm = confirm
        self._timeout = timeout
        self._most_tokens = most_tokens
        self._confirming = asyncio.Lock()

    def __len__(self) -> int:
        return len(self._tools)

    @property
    def schemas(self) -> tuple[ToolSchema, ...]:
        """The tools as a request offers them."""
        return tuple(tool.schema for tool in self._tools.values())

    def describe(self) -> str:
        """The tools as text, a line each, for a model that calls them by a schema."""
        return "\n".join(
            f"- {tool.name}: {' '.join(tool.description.split())} "
            f"Arguments: {json.dumps(tool.parameters, ensure_ascii=False, separators=(',', ':'))}"
            for tool in self._tools.values()
        )

    def calls_schema(self) -> Schema:
        """The schema of one call in the reply of such a model; `call_of` turns it into a call."""
        properties = {**self.CALL["properties"], "tool": {"type": "string", "enum": list(self._tools)}}
        return {**self.CALL, "properties": properties}

    @staticmethod
    def call_of(item: Mapping[str, Any]) -> ToolCall:
        """The call in a reply that fits `CALL`."""
        return ToolCall(item["tool"], item["arguments"])

    async def run(self, call: ToolCall) -> ToolOutcome:
        """What a call comes to. Never raises for what a model or a tool did: that is a failed outcome, which says what
        was wrong."""
        tool = self._tools.get(call.name)
        if tool is None:
            return self._failed(call, f"there is no tool {_quoted(call.name)}; there are: {', '.join(self._tools)}")
        if call.arguments is None:
            return self._failed(call, f"the arguments of {tool.name} are no JSON object: {_quoted(call.said)}")
        try:
            arguments = fitted(dict(call.arguments), tool.parameters, "arguments")
        except InvalidReply as error:
            return self._failed(call, f"{tool.name} was called wrongly: {error}")
        except (TypeError, AttributeError):  # a server's schema that is none: it checks what it is given itself
            arguments = dict(call.arguments)
        if not await self._may_run(tool, arguments):
            return self._failed(call, f"{tool.name} is not allowed: pass --allow {tool.name}")
        timeout = None if tool.patient else self._timeout
        return await run_tool(
            tool, arguments, tokenizer=self._tokenizer, timeout=timeout, most_tokens=self._most_tokens
        )

    async def _may_run(self, tool: Tool, arguments: Mapping[str, Any]) -> bool:
        if tool.harmless or tool.name in self._allowed:
            return True
        if self._confirm is None:
            return False
        async with self._confirming:
            return await self._confirm(tool, arguments) is True

    def _failed(self, call: ToolCall, why: str) -> ToolOutcome:
        return ToolOutcome(call, cut_text(why, self._most_tokens, self._tokenizer), failed=True)


def _quoted(said: str) -> str:
    return repr(said if len(said) <= _LONGEST_QUOTE else said[:_LONGEST_QUOTE] + "…")
