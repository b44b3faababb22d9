"""What a tool is: a name and a description for the model, and what runs when the model calls it.

Where tools come from: octavo itself (`builtin.py`), a Python function (`functions.py`), an MCP server
(`servers.py`). This module knows nothing of how they are run (`running.py`) or of who may (`toolbox.py`).
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from octavo.documents.chunks import Chunk
from octavo.errors import UsageError
from octavo.models.chat import Schema, ToolCall, ToolSchema

_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What a tool gave: a text for the model, and the chunks that it stands in, as evidence for the answer."""

    text: str
    chunks: tuple[Chunk, ...] = ()


Run = Callable[[Mapping[str, Any]], str | ToolResult | Awaitable[str | ToolResult]]
"""Does what a tool does, with arguments that fit its schema: in a thread, or, where it is asynchronous, in the running
loop. It may raise anything; the message of a `ToolError` is passed to the model as it is."""


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool. `parameters` is the JSON Schema of its arguments, an object.

    `harmless` says that it changes nothing and reaches nothing outside of the documents. Documents are untrusted, and
    what stands in them may lead a model to call anything: all other tools need the user's word (`toolbox.py`).
    `patient` says that it may take its time, since all that it waits for has an end of its own; any other is given up
    after a while (`running.py`).

    Raises `UsageError` for a name that servers refuse.
    """

    name: str
    description: str
    parameters: Schema
    run: Run
    harmless: bool = False
    patient: bool = False

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise UsageError(
                f"{self.name!r} cannot be a tool's name: give it one of at most 64 letters (a-z), digits, _ and -"
            )

    @property
    def schema(self) -> ToolSchema:
        """The tool as a model is told of it."""
        return ToolSchema(self.name, self.description, self.parameters)


@dataclass(frozen=True, slots=True)
class ToolOutcome:
    """What a call came to. Where it `failed`, `text` tells the model why; else it is the result. It stems from
    documents or from outside, and is as untrusted as they are."""

    call: ToolCall
    text: str
    failed: bool = False
    chunks: tuple[Chunk, ...] = ()
