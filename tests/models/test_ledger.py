from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from octavo.errors import LibraryError, LibraryFull, LibraryTooNew
from octavo.models.call_key import call_key
from octavo.models.chat import Completion, Message, Request, TokenLogprob, TokenUsage, ToolCall, ToolSchema
from octavo.models.ledger import Ledger
from octavo.models.scripted import ScriptedModel


def completion(text: str = "yes", *, seconds: float = 1.0) -> Completion:
    return Completion(text, "stop", TokenUsage(prompt=100, completion=10, cached=40), seconds)


def key(number: int) -> bytes:
    return number.to_bytes(32, "big")


# Keys


def test_the_key_is_of_everything_that_can_change_the_reply() -> None:
    messages = (Message("user", "a"),)
    requests = [
        Request(messages, 10),
        Request((Message("system", "a"),), 10),
        Request((Message("user", "b"),), 10),
        Request(messages, 11),
        Request(messages, 10, schema={"type": "object"}),
        Request(messages, 10, logprobs=True),
        Request(messages, 10, temperature=0.5),
        Request(messages, 10, seed=1),
        Request(messages, 10, stop=("x",)),
        Request(messages, 10, replicate=1),
        Request(messages, 10, tools=(ToolSchema("a", "b", {}),)),
        Request(messages, 10, tools=(ToolSchema("a", "c", {}),)),
        Request(messages, 10, tools=(ToolSchema("a", "b", {"type": "object"}),)),
        Request((Message("user", "\ud800"),), 10),
    ]
    one, other = ScriptedModel(""), ScriptedModel("", name="other")
    keys = [call_key(model, request) for model in (one, other) for request in requests]
    assert len(set(keys)) == 2 * len(requests)
    assert call_key(one, Request(messages, 10)) == keys[0]
    assert call_key(one, Request(messages, 10, schema={"a": 1, "b": 2})) == call_key(
        one, Request(messages, 10, schema={"b": 2, "a": 1})
    )


def test_a_call_without_tools_has_the_key_that_it_had_before_there_were_tools() -> None:
    request = Request((Message("user", "a"),), 10, schema={"type": "object"}, stop=("x",))
    assert (
        call_key(ScriptedModel(""), request).hex() == "9778b6694f7fa06bec64be6492463808eab67a9794c077f0ae57d45cf37f5b08"
    )


# Keeping


@pytest.mark.parametrize("in_memory", [True, False])
async def test_what_was_put_is_got_and_marked_as_reused(tmp_path: Path, in_memory: bool) -> None:
    logprobs = (TokenLogprob("no", -0.5, (("no", -0.5), ("1", -2.0))), TokenLogprob("ne", -0.1))
    made = Completion("no“ne”😀", "length", TokenUsage(100, 10, 40), 1.5, logprobs)
    with Ledger(None if in_memory else tmp_path / "folder" / "calls.sqlite") as ledger:
        assert ledger.get(key(1)) is None
        await ledger.put(key(1), made, fingerprint="f")
        kept = ledger.get(key(1))
    assert kept == Completion("no“ne”😀", "length", TokenUsage(100, 10, 40), 1.5, logprobs, reused=True)


async def test_tool_calls_are_kept_those_that_cannot_be_read_too() -> None:
    calls = (ToolCall("search", {"query": "é", "limit": 3}), ToolCall("search", None, "{query"))
    with Ledger() as ledger:
        await ledger.put(key(1), Completion("", "tool_calls", TokenUsage(1, 1), tool_calls=calls), fingerprint="f")
        kept = ledger.get(key(1))
    assert kept is not None and kept.tool_calls == calls


async def test_a_second_put_replaces_the_first(tmp_path: Path) -> None:
    with Ledger(tmp_path / "calls.sqlite") as ledger:
        await ledger.put(key(1), completion("old"), fingerprint="f")
        await ledger.put(key(1), completion("new"), fingerprint="f")
        kept = ledger.get(key(1))
    assert kept is not None and kept.text == "new"


async def test_it_outlives_the_process_that_filled_it(tmp_path: Path) -> None:
    with Ledger(tmp_path / "calls.sqlite") as ledger:
        await ledger.put(key(1), completion(), fingerprint="f")
    with Ledger(tmp_path / "calls.sqlite") as ledger:
        assert ledger.get(key(1)) is not None


async def test_prompts_are_not_kept(tmp_path: Path) -> None:
    path = tmp_path / "calls.sqlite"
    request = Request((Message("user", "a secret sentence"),), 10)
    with Ledger(path) as ledger:
        await ledger.put(call_key(ScriptedModel(""), request), completion(), fingerprint="f")
    assert b"secret sentence" not in path.read_bytes()


async def test_purging_a_document_forgets_its_calls_alone(tmp_path: Path) -> None:
    with Ledger(tmp_path / "calls.sqlite") as ledger:
        await ledger.put(key(1), completion(), fingerprint="f", documents=["a"])
        await ledger.put(key(2), completion(), fingerprint="f", documents=["a", "b"])
        await ledger.put(key(3), completion(), fingerprint="f", documents=["b"])
        ledger.tag(key(3), ["c"])
        assert ledger.purge("a") == 2
        assert [ledger.get(key(number)) is not None for number in (1, 2, 3)] == [False, False, True]
        assert ledger.purge("c") == 1
        assert ledger.purge("c") == 0


async def test_speed_is_over_the_seconds_in_which_a_call_was_under_way() -> None:
    now = [10.0]
    with Ledger(clock=lambda: now[0]) as ledger:
        assert ledger.speed("f") is None
        await ledger.put(key(1), completion(seconds=10.0), fingerprint="f")  # from 0 to 10
        await ledger.put(key(2), completion(seconds=5.0), fingerprint="f")  # from 5 to 10
        now[0] = 100.0
        await ledger.put(key(3), completion(seconds=2.0), fingerprint="f")  # from 98 to 100
        await ledger.put(key(4), completion(seconds=50.0), fingerprint="other")
        speed = ledger.speed("f")
    assert speed is not None
    assert (speed.prompt_rate, speed.completion_rate, speed.calls) == (180 / 12, 30 / 12, 3)


# Holding out


async def test_two_thousand_calls_a_second_are_committed_without_holding_up_the_loop(tmp_path: Path) -> None:
    pauses: list[float] = []

    async def watch() -> None:
        while True:
            before = time.perf_counter()
            await asyncio.sleep(0)
            pauses.append(time.perf_counter() - before)

    with Ledger(tmp_path / "calls.sqlite") as ledger:

        async def worker(first: int) -> None:
            for number in range(first, 2_000, 64):
                await ledger.put(key(number), completion(), fingerprint="f", documents=["a"])

        watcher = asyncio.create_task(watch())
        # The process's own time, so that a busy machine does not fail the test.
        began, began_used = time.perf_counter(), time.process_time()
        await asyncio.gather(*(worker(first) for first in range(64)))
        took = min(time.perf_counter() - began, time.process_time() - began_used)
        watcher.cancel()
        assert ledger.get(key(1_999)) is not None
    assert took < 1.0
    assert sorted(pauses)[len(pauses) * 99 // 100] < 0.05


KILLED = """
import asyncio, sys
from pathlib import Path
from octavo.models.chat import Completion, TokenUsage
from octavo.models.ledger import Ledger

async def main():
    ledger = Ledger(Path(sys.argv[1]))
    async def worker(first):
        number = first
        while True:
            await ledger.put(number.to_bytes(32, "big"), Completion("yes", "stop", TokenUsage(1, 1)), fingerprint="f")
            sys.stdout.write(f"{number}\\n"); sys.stdout.flush()
            number += 4
    await asyncio.gather(*(worker(first) for first in range(4)))

asyncio.run(main())
"""


def test_every_put_that_returned_survives_kill_9(tmp_path: Path) -> None:
    path = tmp_path / "calls.sqlite"
    with subprocess.Popen([sys.executable, "-c", KILLED, str(path)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        returned = [int(process.stdout.readline()) for _ in range(200)]
        os.kill(process.pid, signal.SIGKILL)
        returned += [int(line) for line in process.stdout if line.endswith("\n")]
    with Ledger(path) as ledger:
        assert [number for number in returned if ledger.get(key(number)) is None] == []


SHARED = """
import asyncio, sys
from pathlib import Path
from octavo.models.chat import Completion, TokenUsage
from octavo.models.ledger import Ledger

async def main(first):
    with Ledger(Path(sys.argv[1])) as ledger:
        for number in range(first, first + 100):
            await ledger.put(number.to_bytes(32, "big"), Completion("yes", "stop", TokenUsage(1, 1)), fingerprint="f")

asyncio.run(main(int(sys.argv[2])))
"""


def test_processes_that_start_on_a_new_file_at_once_all_get_through(tmp_path: Path) -> None:
    path = tmp_path / "calls.sqlite"
    processes = [
        subprocess.Popen([sys.executable, "-c", SHARED, str(path), str(first)], stderr=subprocess.PIPE)
        for first in (0, 100, 200)
    ]
    assert [(process.communicate()[1], process.returncode) for process in processes] == [(b"", 0)] * 3
    with Ledger(path) as ledger:
        assert all(ledger.get(key(number)) is not None for number in range(300))


# Files of version 1

VERSION_1 = """
    CREATE TABLE calls (
        id INTEGER PRIMARY KEY, key BLOB NOT NULL UNIQUE, fingerprint TEXT NOT NULL, finished REAL NOT NULL,
        text TEXT NOT NULL, finish_reason TEXT NOT NULL, prompt INTEGER NOT NULL, cached INTEGER NOT NULL,
        completion INTEGER NOT NULL, seconds REAL NOT NULL, logprobs TEXT
    ) STRICT;
    CREATE TABLE call_documents (
        document_id TEXT NOT NULL, key BLOB NOT NULL, PRIMARY KEY (document_id, key)
    ) STRICT, WITHOUT ROWID;
    PRAGMA user_version = 1;
"""
INSERT_1 = """
    INSERT INTO calls (key, fingerprint, finished, text, finish_reason, prompt, cached, completion, seconds, logprobs)
    VALUES (?, 'f', 10.0, 'old', 'stop', 100, 40, 10, 1.0, NULL)
"""


@pytest.fixture
def version_1(tmp_path: Path) -> Iterator[tuple[Path, sqlite3.Connection]]:
    """A file of version 1 with one call, and a connection to it that stays open."""
    path = tmp_path / "calls.sqlite"
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.executescript(VERSION_1)
    connection.execute(INSERT_1, (key(1_000),))
    yield path, connection
    connection.close()


async def test_a_file_of_version_1_keeps_its_calls_and_takes_new_ones(
    version_1: tuple[Path, sqlite3.Connection],
) -> None:
    path, _ = version_1
    with Ledger(path) as ledger:
        assert ledger.get(key(1_000)) == Completion("old", "stop", TokenUsage(100, 10, 40), 1.0, reused=True)
        await ledger.put(
            key(1), Completion("", "stop", TokenUsage(1, 1), tool_calls=(ToolCall("a", {}),)), fingerprint="f"
        )
    with Ledger(path) as again:
        kept = again.get(key(1))
        assert kept is not None and kept.tool_calls == (ToolCall("a", {}),)


def test_a_process_of_an_older_octavo_goes_on_with_a_file_that_was_migrated(
    version_1: tuple[Path, sqlite3.Connection],
) -> None:
    path, older = version_1
    with Ledger(path) as ledger:
        older.execute(INSERT_1, (key(2_000),))
        assert ledger.get(key(2_000)) is not None


def test_processes_that_migrate_a_file_at_once_all_get_through(version_1: tuple[Path, sqlite3.Connection]) -> None:
    path, _ = version_1
    processes = [
        subprocess.Popen([sys.executable, "-c", SHARED, str(path), str(first)], stderr=subprocess.PIPE)
        for first in (0, 100, 200)
    ]
    assert [(process.communicate()[1], process.returncode) for process in processes] == [(b"", 0)] * 3
    with Ledger(path) as ledger:
        assert all(ledger.get(key(number)) is not None for number in (*range(300), 1_000))


# Failing


def test_a_file_of_a_newer_octavo_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "calls.sqlite"
    Ledger(path).close()
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(LibraryTooNew, match="newer octavo"):
        Ledger(path)


async def test_a_full_disk_is_said_to_be_one_and_what_was_kept_stays(tmp_path: Path) -> None:
    with Ledger(tmp_path / "calls.sqlite", max_bytes=64 * 1_024) as ledger:
        await ledger.put(key(0), completion(), fingerprint="f")
        with pytest.raises(LibraryFull, match="disk is full"):
            for number in range(1, 100):
                await ledger.put(key(number), completion("x" * 10_000), fingerprint="f")
        assert ledger.get(key(0)) is not None


def test_a_file_that_is_no_ledger_is_said_to_be_damaged(tmp_path: Path) -> None:
    path = tmp_path / "calls.sqlite"
    path.write_bytes(b"not a database " * 100)
    with pytest.raises(LibraryError, match="move the file away"):
        Ledger(path)


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(LibraryError, match="cannot make"):
        Ledger(tmp_path / "file" / "calls.sqlite")


async def test_a_closed_ledger_takes_no_more(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "calls.sqlite")
    ledger.close()
    ledger.close()
    with pytest.raises(LibraryError, match="closed"):
        await ledger.put(key(1), completion(), fingerprint="f")


async def test_a_put_whose_wait_is_cancelled_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "calls.sqlite"
    ledger = Ledger(path)
    put = asyncio.create_task(ledger.put(key(1), completion(), fingerprint="f"))
    await asyncio.sleep(0)
    put.cancel()
    with pytest.raises(asyncio.CancelledError):
        await put
    ledger.close()
    with Ledger(path) as again:
        assert again.get(key(1)) is not None
