"""The tools of level `reason` as the command line names them."""

from __future__ import annotations

import asyncio
import io
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, redirect_stderr

import pytest
from pytest import MonkeyPatch

from octavo.cli.progress import SilentProgress
from octavo.cli.tools import ToolWords, chosen_tools
from octavo.errors import ToolServerFailed
from octavo.reading.tools.tool import Tool
from octavo.reading.tools.toolbox import Confirm

CONVERT = Tool("rates_convert", "Converts.", {"type": "object", "properties": {}}, lambda arguments: "6 EUR")


@pytest.fixture(autouse=True)
def servers(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server called "rates" that has a tool, and one that does not start."""

    @asynccontextmanager
    async def started(server: str, *, name: str = "") -> AsyncIterator[tuple[Tool, ...]]:
        if server != "rates":
            raise ToolServerFailed(f"the MCP server {server!r} failed")
        yield (CONVERT,)

    monkeypatch.setattr("octavo.reading.tools.servers.mcp_tools", started)


@pytest.mark.parametrize("order", [("rates", "broken"), ("broken", "rates")])
async def test_a_server_that_fails_costs_its_own_tools_alone(
    order: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    words = ToolWords(("search",), order, ("rates_convert", "broken_delete"))
    async with chosen_tools(words, SilentProgress()) as choice:
        assert list(choice.tools) == ["search", CONVERT]
        assert list(choice.allowed) == ["rates_convert"]
    assert "warning: the MCP server 'broken' failed" in capsys.readouterr().err


async def test_what_is_allowed_is_not_looked_at_where_all_servers_start() -> None:
    """A name that is none is told where the tools are known: it may be a slip."""
    async with chosen_tools(ToolWords((), ("rates",), ("rates_covert",)), SilentProgress()) as choice:
        assert list(choice.allowed) == ["rates_covert"]


async def test_a_tool_that_is_named_twice_is_given_once() -> None:
    async with chosen_tools(ToolWords(("search", "search")), SilentProgress()) as choice:
        assert list(choice.tools) == ["search"]


# The user's word


class Terminal(io.StringIO):
    """What is shown on a terminal."""

    def isatty(self) -> bool:
        return True


@asynccontextmanager
async def at_a_terminal() -> AsyncIterator[tuple[Confirm, int, Terminal]]:
    """What asks the user, the descriptor to type at, and what is shown."""
    keyboard, typed = os.openpty()
    with (
        os.fdopen(typed, "r", buffering=1) as stdin,
        redirect_stderr(Terminal()) as shown,
        MonkeyPatch.context() as patch,
    ):
        patch.setattr(sys, "stdin", stdin)
        async with chosen_tools(ToolWords(), SilentProgress()) as choice:
            assert choice.confirm is not None
            yield choice.confirm, keyboard, shown
    os.close(keyboard)


@pytest.mark.parametrize(("said", "allowed"), [(b"y\n", True), (b"YES\n", True), (b"\n", False), (b"no\n", False)])
async def test_a_call_is_shown_and_runs_where_the_user_says_yes(said: bytes, allowed: bool) -> None:
    async with at_a_terminal() as (confirm, keyboard, shown):
        os.write(keyboard, said)
        assert await confirm(CONVERT, {"amount": 3}) is allowed
    assert 'the model wants to call rates_convert({"amount": 3})' in shown.getvalue()


async def test_a_line_that_was_waited_for_in_vain_is_left_to_who_reads_next() -> None:
    """An interrupt at the question for a tool: what is typed then is the next question of the conversation."""
    async with at_a_terminal() as (confirm, keyboard, _):
        asked = asyncio.ensure_future(confirm(CONVERT, {}))
        await asyncio.sleep(0)
        asked.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asked
        os.write(keyboard, b"y\n")
        async with asyncio.timeout(5):
            assert await confirm(CONVERT, {}) is True
