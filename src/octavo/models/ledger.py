"""The ledger: every completed model call, kept on disk as it returns.

The cache, the journal that a killed run resumes from, and the account of what models cost are this one SQLite file.
It keeps completions, not prompts. A call is committed before `put` returns, so what `kill -9` can lose is in flight.
Many loops, threads and processes may use it at once. Knows keys and completions; nothing of how calls are made.
"""

from __future__ import annotations

import asyncio
import sqlite3
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

from octavo.errors import LibraryError
from octavo.models.chat import Completion
from octavo.models.ledger_file import completion_of, ledger_error, open_ledger, row_of

_MOST_IN_A_COMMIT = 1_024
_RECENT_CALLS = 2_000

_PUT = """
    INSERT INTO calls (
        key, fingerprint, finished, text, finish_reason, prompt, cached, completion, seconds, logprobs, tool_calls
    )
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (key) DO UPDATE SET fingerprint = excluded.fingerprint, finished = excluded.finished,
        text = excluded.text, finish_reason = excluded.finish_reason, prompt = excluded.prompt,
        cached = excluded.cached, completion = excluded.completion, seconds = excluded.seconds,
        logprobs = excluded.logprobs, tool_calls = excluded.tool_calls
"""
_TAG = "INSERT OR IGNORE INTO call_documents (document_id, key) VALUES (?, ?)"
_GET = """
    SELECT text, finish_reason, prompt, cached, completion, seconds, logprobs, tool_calls FROM calls WHERE key = ?
"""
_RECENT = """
    SELECT finished - seconds, finished, prompt - cached, completion FROM calls
    WHERE fingerprint = ? ORDER BY finished DESC LIMIT ?
"""


@dataclass(frozen=True, slots=True)
class Speed:
    """How fast a model went lately: `prompt_rate` uncached prompt tokens and `completion_rate` tokens of replies per
    second in which at least one call was under way, over `calls` calls."""

    prompt_rate: float
    completion_rate: float
    calls: int


@dataclass(frozen=True, slots=True)
class _Write:
    """Something for the writer's thread; `done` hears of its commit."""

    apply: Callable[[sqlite3.Connection], int]
    done: Future[int] | asyncio.Future[int] | None


class Ledger:
    """The ledger in the SQLite file at `path`; None keeps it in memory. `clock` gives seconds since the epoch.

    Raises `LibraryTooNew`, `LibraryFull` or another `LibraryError` where the file cannot be used.
    """

    def __init__(
        self, path: Path | None = None, *, max_bytes: int | None = None, clock: Callable[[], float] = time.time
    ) -> None:
        self._path = path
        self._clock = clock
        self._writing = open_ledger(path, max_bytes=max_bytes)
        self._write_lock = threading.Lock()
        # A database in memory is seen by its own connection only.
        self._reading = self._writing if path is None else open_ledger(path)
        self._read_lock = self._write_lock if path is None else threading.Lock()
        self._queue: SimpleQueue[_Write | None] = SimpleQueue()
        self._closed = False
        self._writer = threading.Thread(target=self._write_all, name="octavo-ledger", daemon=True)
        self._writer.start()

    def get(self, key: bytes) -> Completion | None:
        """The completion of the call with this key, marked as reused."""
        row = self._read(_GET, (key,))
        return completion_of(row[0]) if row else None

    async def put(self, key: bytes, completion: Completion, *, fingerprint: str, documents: Sequence[str] = ()) -> None:
        """Keep a completed call, tagged with the ids of the documents whose text was in its prompt.

        Returns when it is committed. Raises `LibraryFull` on a full disk. Cancelling the wait does not undo it.
        """
        row = row_of(key, fingerprint, self._clock(), completion)

        def apply(connection: sqlite3.Connection) -> int:
            connection.execute(_PUT, row)
            _tag(connection, key, documents)
            return 1

        done: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._enqueue(_Write(apply, done))
        await done

    def tag(self, key: bytes, documents: Iterable[str]) -> None:
        """Say that a kept call serves these documents as well; committed a moment later."""
        documents = tuple(documents)
        if documents:
            self._enqueue(_Write(lambda connection: _tag(connection, key, documents), None))

    def purge(self, document_id: str) -> int:
        """Forget every call that is tagged with the document; returns how many."""

        def apply(connection: sqlite3.Connection) -> int:
            tagged = "SELECT key FROM call_documents WHERE document_id = ?"
            removed = connection.execute(f"DELETE FROM calls WHERE key IN ({tagged})", (document_id,)).rowcount
            connection.execute(f"DELETE FROM call_documents WHERE key IN ({tagged})", (document_id,))
            return removed

        done: Future[int] = Future()
        self._enqueue(_Write(apply, done))
        return done.result()

    def speed(self, fingerprint: str) -> Speed | None:
        """How fast the model was in its latest calls; None where there are none."""
        rows = self._read(_RECENT, (fingerprint, _RECENT_CALLS))
        busy = _union_seconds((started, finished) for started, finished, _, _ in rows)
        if busy <= 0:
            return None
        return Speed(sum(row[2] for row in rows) / busy, sum(row[3] for row in rows) / busy, len(rows))

    def close(self) -> None:
        """Commit what is waiting and close the file. May be called again."""
        if self._closed:
            return
        self._closed = True
        self._queue.put(None)
        self._writer.join()
        if self._reading is not self._writing:
            self._reading.close()
        self._writing.close()

    def __enter__(self) -> Ledger:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _read(self, statement: str, parameters: tuple[object, ...]) -> list[tuple[Any, ...]]:
        try:
            with self._read_lock:
                return self._reading.execute(statement, parameters).fetchall()
        except sqlite3.Error as error:
            raise ledger_error(error, self._path) from error

    def _enqueue(self, write: _Write) -> None:
        if self._closed:
            raise LibraryError("the ledger of calls is closed")
        self._queue.put(write)

    def _write_all(self) -> None:
        """The writer's thread: everything that is waiting goes into one commit."""
        open_for_more = True
        while open_for_more:
            batch = [self._queue.get()]
            while len(batch) < _MOST_IN_A_COMMIT:
                try:
                    batch.append(self._queue.get_nowait())
                except Empty:
                    break
            open_for_more = None not in batch
            self._commit([write for write in batch if write is not None])

    def _commit(self, writes: list[_Write]) -> None:
        results: list[int | LibraryError]
        try:
            with self._write_lock:
                self._writing.execute("BEGIN IMMEDIATE")
                try:
                    results = [write.apply(self._writing) for write in writes]
                    self._writing.execute("COMMIT")
                except BaseException:
                    if self._writing.in_transaction:
                        self._writing.execute("ROLLBACK")
                    raise
        except sqlite3.Error as error:
            results = [ledger_error(error, self._path)] * len(writes)
        _announce(writes, results)


def _tag(connection: sqlite3.Connection, key: bytes, documents: Sequence[str]) -> int:
    connection.executemany(_TAG, [(document_id, key) for document_id in documents])
    return len(documents)


def _announce(writes: list[_Write], results: Sequence[int | LibraryError]) -> None:
    """Tell those who wait: a thread directly, an event loop by one call for all of its futures."""
    by_loop: dict[asyncio.AbstractEventLoop, list[tuple[asyncio.Future[int], int | LibraryError]]] = defaultdict(list)
    for write, result in zip(writes, results, strict=True):
        if isinstance(write.done, Future):
            _settle(write.done, result)
        elif write.done is not None:
            by_loop[write.done.get_loop()].append((write.done, result))
    for loop, settled in by_loop.items():
        try:
            loop.call_soon_threadsafe(_settle_all, settled)
        except RuntimeError:  # the loop is closed: nobody waits any more
            continue


def _settle_all(settled: list[tuple[asyncio.Future[int], int | LibraryError]]) -> None:
    for future, result in settled:
        if not future.done():
            _settle(future, result)


def _settle(future: Future[int] | asyncio.Future[int], result: int | LibraryError) -> None:
    if isinstance(result, LibraryError):
        future.set_exception(result)
    else:
        future.set_result(result)


def _union_seconds(intervals: Iterable[tuple[float, float]]) -> float:
    """The seconds that at least one of the intervals covers."""
    covered, reached = 0.0, float("-inf")
    for start, end in sorted(intervals):
        if end > reached:
            covered += end - max(start, reached)
            reached = end
    return covered
