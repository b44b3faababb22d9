"""The tools that a user gives to the level `reason`: octavo's own by name, those of MCP servers, and the user's word.

Knows the command line's words for them; nothing of how they are called.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

from octavo.cli.progress import Progress, warning
from octavo.cli.terminal import one_line, say
from octavo.errors import ToolServerFailed
from octavo.reading.tools.choice import GivenTool, ToolChoice
from octavo.reading.tools.tool import Tool

_LONGEST_ARGUMENTS = 300


@dataclass(frozen=True, slots=True)
class ToolWords:
    """What the user typed: names of octavo's tools, MCP servers (a command line or a URL, perhaps as NAME=SERVER), and
    the tools that may run unasked."""

    names: Sequence[str] = ()
    servers: Sequence[str] = ()
    allowed: Sequence[str] = ()


@asynccontextmanager
async def chosen_tools(words: ToolWords, progress: Progress) -> AsyncIterator[ToolChoice]:
    """The tools, their servers started. A server that fails is warned about, and its tools are done without; then what
    was allowed of it is not missed either."""
    tools: list[GivenTool] = list(dict.fromkeys(words.names))
    allowed = list(words.allowed)
    failed = False
    async with AsyncExitStack() as stack:
        for server in words.servers:
            from octavo.reading.tools.servers import mcp_tools

            name, command = _named(server)
            progress.step(f"starting the MCP server {command}")
            try:
                tools.extend(await stack.enter_async_context(mcp_tools(command, name=name)))
            except ToolServerFailed as error:
                say(warning(str(error)))
                failed = True
        if failed:
            present = {tool if isinstance(tool, str) else getattr(tool, "name", "") for tool in tools}
            allowed = [tool for tool in allowed if tool in present]
        confirm = _asking(progress) if sys.stdin.isatty() and sys.stderr.isatty() else None
        yield ToolChoice(tools, allowed, confirm)


def _named(server: str) -> tuple[str, str]:
    """`NAME=SERVER` in two parts; a server alone has no name."""
    name, equals, command = server.partition("=")
    return (name, command) if equals and name.isidentifier() else ("", server)


def _asking(progress: Progress) -> Any:
    async def confirm(tool: Tool, arguments: Mapping[str, Any]) -> bool:
        progress.pause()
        shown = one_line(json.dumps(arguments, ensure_ascii=False))[:_LONGEST_ARGUMENTS]
        say(f"the model wants to call {tool.name}({shown}); what it read may have led it to. Run it? [y/N]")
        return (await _typed()).strip().casefold() in {"y", "yes"}

    return confirm


async def _typed() -> str:
    """The next line of standard input. Where it is not waited for to the end, it is left to whoever reads next: a
    thread that still read would take the next question of a conversation."""
    loop = asyncio.get_running_loop()
    there = asyncio.Event()
    try:
        loop.add_reader(sys.stdin, there.set)
    except NotImplementedError:  # Windows: its loop cannot wait for a terminal
        return await asyncio.to_thread(sys.stdin.readline)
    try:
        await there.wait()
    finally:
        loop.remove_reader(sys.stdin)
    return sys.stdin.readline()
