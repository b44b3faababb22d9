"""The tools of an MCP server, started as a process (stdio) or reached by a URL (streamable HTTP), with the `mcp` SDK.

None of them is harmless, whatever the server says of them. The client lives in a task of its own, since it must be left
where it was entered; what the server writes on its standard error is taken in, and its end told where it fails. Knows
the Model Context Protocol (https://modelcontextprotocol.io); nothing of who may call what (`toolbox.py`).
"""

from __future__ import annotations

import asyncio
import logging
import os
import re
import shlex
import threading
from collections import deque
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from octavo.errors import MissingExtra, ToolError, ToolServerFailed, UsageError
from octavo.models.connections import is_loopback
from octavo.reading.tools.tool import Tool

if TYPE_CHECKING:
    import anyio
    import mcp
    from mcp_types import CallToolResult, ContentBlock

_START_SECONDS = 20.0
_LEAVE_SECONDS = 10.0
"""For a server to end by itself once it is told to; the SDK ends its process then."""

_READ_SECONDS = 300.0
"""The longest silence of a server over HTTP. A call's own limit is shorter (`running.py`)."""

_MOST_PAGES = 20
_LONGEST_NAME, _LONGEST_DESCRIPTION, _LONGEST_SHOWN, _LONGEST_REASON = 64, 600, 60, 200
_NOT_IN_NAMES = re.compile(r"[^a-zA-Z0-9_-]")


@asynccontextmanager
async def mcp_tools(
    server: str,
    *,
    name: str = "",
    timeout: float = _START_SECONDS,  # noqa: ASYNC109 - it ends the start of the server, not the body
) -> AsyncIterator[tuple[Tool, ...]]:
    """The tools of `server`, a command line or an http(s) URL, for as long as the context is open. With a `name` they
    are called `name_tool`, so that they cannot clash with others'.

    Raises `ToolServerFailed` where the server does not start, is no MCP server, or has given no list of its tools in
    `timeout` seconds; `UsageError` for what is no command line; `MissingExtra` without the SDK.
    """
    connection = _Connection(server, name)
    try:
        yield await connection.opened(timeout)
    finally:
        await connection.close()


class _Connection:
    """A client in a task of its own, which opens it, lists the tools, waits, and closes it."""

    def __init__(self, server: str, name: str) -> None:
        self._server = server
        self._prefix = f"{name}_" if name else ""
        self._said = _StandardError()
        self._leave = asyncio.Event()
        self._listed: asyncio.Future[tuple[Tool, ...]] = asyncio.get_running_loop().create_future()
        self._scope: anyio.CancelScope | None = None
        self._owner: asyncio.Task[None] | None = None

    async def opened(self, seconds: float) -> tuple[Tool, ...]:
        """The tools. Raises as `mcp_tools` does."""
        if not self._server.strip():
            raise UsageError("an MCP server is a command line or an http(s) URL; this one is empty")
        self._owner = asyncio.create_task(self._own())
        either: set[asyncio.Future[Any]] = {self._owner, self._listed}
        await asyncio.wait(either, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        if self._listed.done():
            return self._listed.result()
        timed_out = not self._owner.done()
        await self.close()
        error = None if self._owner.cancelled() else self._owner.exception()
        if isinstance(error, MissingExtra | UsageError):
            raise error
        raise ToolServerFailed(
            f"the MCP server {self.shown!r} "
            + (f"gave no list of its tools in {seconds:g} s" if timed_out else f"failed: {self._reason(error)}")
            + "; run it by itself to see why, or leave it out"
        ) from error

    async def close(self) -> None:
        """Leave the server. Never raises for what it does."""
        self._leave.set()
        if self._owner is not None:
            if not self._listed.done() and self._scope is not None:
                self._scope.cancel()
            await asyncio.wait({self._owner}, timeout=_LEAVE_SECONDS)
            if not self._owner.done() and self._scope is not None:
                self._scope.cancel()
                await asyncio.wait({self._owner})
            if not self._owner.cancelled():
                self._owner.exception()  # looked at: a server that broke off has failed its calls already
        await asyncio.to_thread(self._said.close)

    @property
    def shown(self) -> str:
        """The server in messages: without a password in its URL, and short."""
        server = self._server
        if _is_url(server):
            parts = urlsplit(server)
            server = parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl()
        return server if len(server) <= _LONGEST_SHOWN else server[: _LONGEST_SHOWN - 1] + "…"

    async def _own(self) -> None:
        try:
            import anyio
            import mcp
        except ImportError as error:
            raise MissingExtra("an MCP server's tools", "mcp") from error
        _quieten()
        # Cancelled through the scope: a plain cancellation would break off the SDK's ending of the process.
        with anyio.CancelScope() as self._scope:
            if self._leave.is_set():
                return
            async with AsyncExitStack() as stack:
                transport = await self._transport(stack)
                client = await stack.enter_async_context(mcp.Client(transport, cache=None))
                self._listed.set_result(await self._list(client))
                await self._leave.wait()

    async def _transport(self, stack: AsyncExitStack) -> Any:
        if _is_url(self._server):
            import httpx2
            from mcp.client.streamable_http import streamable_http_client

            http_client = await stack.enter_async_context(
                httpx2.AsyncClient(
                    timeout=httpx2.Timeout(_START_SECONDS, read=_READ_SECONDS),
                    trust_env=not is_loopback(self._server),
                )
            )
            return streamable_http_client(self._server, http_client=http_client)
        import mcp

        command, *arguments = _words(self._server)
        parameters = mcp.StdioServerParameters(command=command, args=arguments, encoding_error_handler="replace")
        return mcp.stdio_client(parameters, errlog=self._said.open())

    async def _list(self, client: mcp.Client) -> tuple[Tool, ...]:
        tools: list[Tool] = []
        cursor: str | None = None
        for _ in range(_MOST_PAGES):
            page = await client.list_tools(cursor=cursor)
            tools += [
                self._tool(client, listed.name, listed.description or listed.title or "", listed.input_schema)
                for listed in page.tools
            ]
            cursor = page.next_cursor
            if cursor is None:
                break
        return tuple(tools)

    def _tool(self, client: mcp.Client, name: str, description: str, schema: Mapping[str, Any]) -> Tool:
        import mcp

        async def run(arguments: Mapping[str, Any]) -> str:
            if self._owner is None or self._owner.done() or self._leave.is_set():
                raise ToolError("its server is gone")
            try:
                result = await client.call_tool(name, dict(arguments))
            except mcp.MCPError as error:
                raise ToolError(f"its server says: {_line(str(error))}") from error
            text = _text(result)
            if result.is_error:
                raise ToolError(text)
            return text

        shown = " ".join(description.split())
        return Tool(
            name=_NOT_IN_NAMES.sub("_", f"{self._prefix}{name}")[:_LONGEST_NAME],
            description=shown if len(shown) <= _LONGEST_DESCRIPTION else shown[: _LONGEST_DESCRIPTION - 1] + "…",
            parameters={key: value for key, value in schema.items() if key != "$schema"},
            run=run,
        )

    def _reason(self, error: BaseException | None) -> str:
        """Why the server is not there, in one line."""
        while isinstance(error, BaseExceptionGroup):
            error = error.exceptions[0]
        said = _line(str(error)) or type(error).__name__
        last = _line(self._said.last_line())
        return f"{said} ({last})" if last else said


def _text(result: CallToolResult) -> str:
    """A result as text; what is none is named."""
    if result.content:
        return "\n\n".join(map(_block_text, result.content))
    if result.structured_content is not None:
        from pydantic_core import to_json

        return to_json(result.structured_content).decode()
    return "done"


def _block_text(block: ContentBlock) -> str:
    match block.type:
        case "text":
            return block.text
        case "resource":
            return getattr(block.resource, "text", f"[{block.resource.mime_type or 'binary'}: {block.resource.uri}]")
        case "resource_link":
            return f"[{block.name}: {block.uri}]"
        case kind:
            return f"[{kind}: {block.mime_type}]"


class _StandardError:
    """Takes in what a server writes on its standard error, which would run into ours, and keeps the end of it."""

    def __init__(self) -> None:
        self._lines: deque[bytes] = deque(maxlen=20)
        self._thread: threading.Thread | None = None
        self._file: Any = None

    def open(self) -> Any:
        """A file for the server to write to."""
        reading, writing = os.pipe()
        self._file = os.fdopen(writing, "w")
        self._thread = threading.Thread(target=self._read, args=(reading,), name="octavo-mcp-stderr", daemon=True)
        self._thread.start()
        return self._file

    def close(self) -> None:
        """Stop writing, and read what is still there. May be called again."""
        if self._file is not None:
            self._file.close()
        if self._thread is not None:
            self._thread.join(timeout=1.0)  # longer only where a process that the server started goes on

    def last_line(self) -> str:
        """What it said last; an exception's name and message, most often."""
        text = b"".join(self._lines).decode("utf-8", "replace").strip()
        return text.splitlines()[-1] if text else ""

    def _read(self, reading: int) -> None:
        with suppress(OSError), os.fdopen(reading, "rb", buffering=0) as file:
            while part := file.read(4096):
                self._lines.append(part)


def _is_url(server: str) -> bool:
    return server.lower().startswith(("http://", "https://"))


def _words(command_line: str) -> list[str]:
    try:
        return shlex.split(command_line, posix=os.name == "posix")
    except ValueError as error:
        raise UsageError(f"{command_line!r} is no command line: {error}") from error


def _line(said: str) -> str:
    line = " ".join(said.split())
    return line if len(line) <= _LONGEST_REASON else line[: _LONGEST_REASON - 1] + "…"


def _quieten() -> None:
    """Keep the SDK's log off standard error, where Python writes the log of whoever has configured none."""
    logger = logging.getLogger("mcp")
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())
