"""Tools of real MCP servers: one in a process, one behind a loopback address."""

from __future__ import annotations

import asyncio
import shlex
import socket
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from octavo.errors import MissingExtra, ToolServerFailed, UsageError
from octavo.models.chat import ToolCall
from octavo.models.estimated_tokenizer import EstimatedTokenizer
from octavo.reading.tools.servers import mcp_tools
from octavo.reading.tools.tool import Tool, ToolOutcome
from octavo.reading.tools.toolbox import Toolbox

pytest.importorskip("mcp")

SERVER = """
import os, sys
from mcp.server.mcpserver import MCPServer
from mcp.types import ImageContent, ToolAnnotations

server = MCPServer("clerk")

@server.tool(annotations=ToolAnnotations(read_only_hint=True))
def add(a: int, b: int = 1) -> int:
    '''Adds two numbers.'''
    return a + b

@server.tool(name="shelf.look/up")
def look_up(word: str) -> dict[str, str]:
    '''Looks a word up.'''
    return {word: "found"}

@server.tool()
def picture() -> ImageContent:
    '''Shows a picture.'''
    return ImageContent(type="image", data="AAAA", mime_type="image/png")

@server.tool()
def refuse(why: str) -> str:
    '''Refuses.'''
    from mcp.server.mcpserver.exceptions import ToolError
    raise ToolError(why)

@server.tool()
async def hang() -> str:
    '''Hangs.'''
    import anyio
    await anyio.sleep_forever()
    return ""

@server.tool()
def end() -> str:
    '''Ends the server.'''
    os._exit(3)

sys.stderr.write("a word on standard error\\n")
print("a word on standard output", flush=True)
server.run()
"""


ENDED = "import pathlib; pathlib.Path({!r}).touch()"


def command(*arguments: str) -> str:
    return shlex.join([sys.executable, *arguments])


@pytest.fixture(scope="module")
def clerk(tmp_path_factory: pytest.TempPathFactory) -> str:
    script = tmp_path_factory.mktemp("server") / "clerk.py"
    script.write_text(SERVER, encoding="utf-8")
    return command(str(script))


async def called(tools: tuple[Tool, ...], name: str, *, timeout: float = 30.0, **arguments: Any) -> ToolOutcome:  # noqa: ASYNC109
    box = Toolbox(tools, EstimatedTokenizer(), allowed=[tool.name for tool in tools], timeout=timeout)
    return await box.run(ToolCall(name, arguments))


# A server in a process


async def test_a_process_gives_its_tools_and_runs_them(clerk: str, capfd: pytest.CaptureFixture[str]) -> None:
    async with mcp_tools(clerk) as tools:
        assert {tool.name for tool in tools} == {"add", "shelf_look_up", "picture", "refuse", "hang", "end"}
        (add,) = (tool for tool in tools if tool.name == "add")
        assert add.description == "Adds two numbers."
        assert add.parameters["required"] == ["a"]
        outcomes = [
            await called(tools, "add", a=2, b=3),
            await called(tools, "shelf_look_up", word="octavo"),
            await called(tools, "picture"),
            await called(tools, "refuse", why="not today"),
            await called(tools, "hang", timeout=0.1),
            await called(tools, "add", a=2),
        ]
    assert [(outcome.text.replace("\n", "").replace(" ", ""), outcome.failed) for outcome in outcomes] == [
        ("5", False),
        ('{"octavo":"found"}', False),
        ("[image:image/png]", False),
        ("refusefailed:Errorexecutingtoolrefuse:nottoday", True),
        ("hanggavenoresultin0.1s", True),
        ("3", False),
    ]
    # Neither the server's words nor the SDK's complaint about them.
    assert capfd.readouterr() == ("", "")


async def test_none_of_its_tools_is_harmless_whatever_it_says(clerk: str) -> None:
    async with mcp_tools(clerk) as tools:
        assert not any(tool.harmless for tool in tools)
        outcome = await Toolbox(tools, EstimatedTokenizer()).run(ToolCall("add", {"a": 1}))
    assert outcome.text == "add is not allowed: pass --allow add"


async def test_a_name_keeps_its_tools_apart_from_others(clerk: str) -> None:
    async with mcp_tools(clerk, name="desk") as tools:
        assert (await called(tools, "desk_add", a=1)).text == "2"


async def test_one_that_ends_on_the_way_fails_its_calls_and_nothing_else(clerk: str) -> None:
    async with mcp_tools(clerk) as tools:
        first = await called(tools, "end")
        second = await called(tools, "add", a=1)
    assert first.failed and second.failed
    assert "its server" in second.text


async def test_it_may_be_left_in_another_task_than_it_was_entered_in(clerk: str) -> None:
    context = mcp_tools(clerk)
    tools = await asyncio.create_task(context.__aenter__())
    assert (await called(tools, "add", a=1)).text == "2"
    await asyncio.create_task(context.__aexit__(None, None, None))
    assert (await called(tools, "add", a=1)).failed


# A server behind an address


@pytest.fixture
def address() -> Iterator[str]:
    import uvicorn
    from mcp.server.mcpserver import MCPServer

    server = MCPServer("porter")

    @server.tool()
    def double(number: int) -> int:
        """Doubles a number."""
        return 2 * number

    listening = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(server.streamable_http_app(), log_config=None, log_level="critical", ws="none")
    http = uvicorn.Server(config)
    thread = threading.Thread(target=http.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{listening.getsockname()[1]}/mcp"
    http.should_exit = True
    thread.join()
    listening.close()


async def test_an_address_gives_its_tools_and_runs_them(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")  # is not asked about this machine
    async with mcp_tools(address) as tools:
        assert [tool.name for tool in tools] == ["double"]
        assert (await called(tools, "double", number=21)).text == "42"


# Servers that are none


@pytest.mark.parametrize(
    ("server", "complaint"),
    [
        ("no-such-command-anywhere", "No such file or directory"),
        (command("-c", "raise SystemExit('no such option')"), r"failed: .*\(no such option\)"),
        (command("-c", "print('hello')"), "failed: Connection closed"),
        ("http://127.0.0.1:9/mcp", "failed: All connection attempts failed"),
        ("http://ann:secret@127.0.0.1:9/mcp?key=secret", "'http://127.0.0.1:9/mcp' failed"),
    ],
)
async def test_a_server_that_does_not_start_is_an_error_of_one_line(server: str, complaint: str) -> None:
    with pytest.raises(ToolServerFailed, match=complaint) as failure:
        async with mcp_tools(server):
            pass
    said = str(failure.value)
    assert "\n" not in said
    assert "secret" not in said
    assert said.endswith("; run it by itself to see why, or leave it out")


async def test_one_that_never_answers_is_given_up_and_ended(tmp_path: Path) -> None:
    ended = tmp_path / "ended"
    script = f"import sys; sys.stdin.read(); {ENDED.format(str(ended))}"
    with pytest.raises(ToolServerFailed, match=r"gave no list of its tools in 0\.5 s"):
        async with mcp_tools(command("-c", script), timeout=0.5):
            pass
    assert ended.exists()  # it was told to end, and did


async def test_cancelling_the_start_ends_the_server(tmp_path: Path) -> None:
    begun, ended = tmp_path / "begun", tmp_path / "ended"
    script = f"import pathlib, sys; pathlib.Path({str(begun)!r}).touch(); sys.stdin.read(); {ENDED.format(str(ended))}"
    start = asyncio.create_task(mcp_tools(command("-c", script)).__aenter__())
    async with asyncio.timeout(20):
        while not begun.exists():  # noqa: ASYNC110 - what is waited for happens in the server
            await asyncio.sleep(0.005)
    start.cancel()
    with pytest.raises(asyncio.CancelledError):
        await start
    assert ended.exists()


async def test_cancelling_before_the_start_starts_nothing(tmp_path: Path) -> None:
    begun = tmp_path / "begun"
    start = asyncio.create_task(mcp_tools(command("-c", ENDED.format(str(begun)))).__aenter__())
    await asyncio.sleep(0)
    start.cancel()
    with pytest.raises(asyncio.CancelledError):
        await start
    assert not begun.exists()


@pytest.mark.parametrize("server", ["", "  ", "'unclosed"])
async def test_what_is_no_command_line_is_a_usage_error(server: str) -> None:
    with pytest.raises(UsageError):
        async with mcp_tools(server):
            pass


async def test_without_the_sdk_the_message_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mcp", None)
    with pytest.raises(MissingExtra, match=r"pip install 'octavo\[mcp\]'"):
        async with mcp_tools("anything"):
            pass
