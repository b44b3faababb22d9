"""The SQLite file of the ledger: opening it, its tables, its rows, its errors.

Knows SQL and completions; nothing of threads.
"""

from __future__ import annotations

import json
import sqlite3
import time
from pathlib import Path
from typing import Any

from octavo.errors import LibraryError, LibraryFull, LibraryTooNew
from octavo.models.chat import Completion, TokenLogprob, TokenUsage, ToolCall

VERSION = 2
"""Of the tables; a file of a higher one was made by a newer octavo."""

_BUSY_SECONDS = 30.0
_OPEN_PAUSE_SECONDS = 0.05

_TABLES = (
    """
    CREATE TABLE IF NOT EXISTS calls (
        id INTEGER PRIMARY KEY, key BLOB NOT NULL UNIQUE, fingerprint TEXT NOT NULL, finished REAL NOT NULL,
        text TEXT NOT NULL, finish_reason TEXT NOT NULL, prompt INTEGER NOT NULL, cached INTEGER NOT NULL,
        completion INTEGER NOT NULL, seconds REAL NOT NULL, logprobs TEXT, tool_calls TEXT
    ) STRICT
    """,
    "CREATE INDEX IF NOT EXISTS calls_by_fingerprint ON calls (fingerprint, finished)",
    """
    CREATE TABLE IF NOT EXISTS call_documents (
        document_id TEXT NOT NULL, key BLOB NOT NULL, PRIMARY KEY (document_id, key)
    ) STRICT, WITHOUT ROWID
    """,
    "CREATE INDEX IF NOT EXISTS call_documents_by_key ON call_documents (key)",
)

_MIGRATIONS = {1: ("ALTER TABLE calls ADD COLUMN tool_calls TEXT",)}
"""What makes the tables of each earlier version those of the next. An octavo of that version that has the file open can
go on with it: a new column may be null."""


def open_ledger(path: Path | None, *, max_bytes: int | None = None) -> sqlite3.Connection:
    """A connection to the ledger at `path` (None: in memory), its tables made where they are missing.

    `max_bytes` bounds the file; past it a write fails as on a full disk. Raises `LibraryError`.
    """
    try:
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(
            path or ":memory:", timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
    except OSError as error:
        raise LibraryError(f"{path}: cannot make the ledger of calls: {error.strerror or error}") from error
    except sqlite3.Error as error:
        raise ledger_error(error, path) from error
    try:
        _set_up(connection, path, max_bytes)
    except sqlite3.Error as error:
        connection.close()
        raise ledger_error(error, path) from error
    except LibraryError:
        connection.close()
        raise
    return connection


def _set_up(connection: sqlite3.Connection, path: Path | None, max_bytes: int | None) -> None:
    _write_ahead(connection)
    # Safe against the death of the process; a power cut may cost the latest calls, never the file.
    connection.execute("PRAGMA synchronous = NORMAL")
    if max_bytes is not None:
        page_bytes = connection.execute("PRAGMA page_size").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {max(1, max_bytes // page_bytes)}")
    if _version(connection, path) == VERSION:
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        # Asked again: another process may have been quicker.
        found = _version(connection, path)
        statements = _TABLES if found == 0 else [step for old in range(found, VERSION) for step in _MIGRATIONS[old]]
        for statement in statements:
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {VERSION}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _version(connection: sqlite3.Connection, path: Path | None) -> int:
    """The version of the file's tables, 0 where it has none yet. Raises `LibraryTooNew`."""
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > VERSION:
        raise LibraryTooNew(
            f"{path}: the ledger of calls was made by a newer octavo (its version {version}, ours {VERSION}); "
            "update octavo, or set OCTAVO_HOME to another folder"
        )
    return version


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Switch to write-ahead logging. Of two processes that do so to a new file at once, SQLite turns one away without
    waiting, whatever the timeout: it tries again."""
    deadline = time.monotonic() + _BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(_OPEN_PAUSE_SECONDS)
        else:
            return


def ledger_error(error: sqlite3.Error, path: Path | None) -> LibraryError:
    """SQLite's error as octavo's."""
    where = f"{path or 'memory'}: the ledger of calls"
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # the lowest byte is the kind, the rest its detail
    if code == sqlite3.SQLITE_FULL:
        return LibraryFull(f"{where} cannot grow: the disk is full; make room, or set OCTAVO_HOME to another disk")
    if code in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
        return LibraryError(f"{where} is damaged ({error}); move the file away to start a new one")
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return LibraryError(f"{where} is held by another process for more than {_BUSY_SECONDS:g} s")
    return LibraryError(f"{where} cannot be used: {error}")


def row_of(key: bytes, fingerprint: str, finished: float, completion: Completion) -> tuple[object, ...]:
    """A completion as a row of the table `calls`."""
    logprobs = [[item.token, item.logprob, item.top] for item in completion.logprobs]
    tool_calls = [[call.name, call.arguments, call.said] for call in completion.tool_calls]
    return (
        key,
        fingerprint,
        finished,
        completion.text,
        completion.finish_reason,
        completion.usage.prompt,
        completion.usage.cached,
        completion.usage.completion,
        completion.seconds,
        json.dumps(logprobs, separators=(",", ":")) if logprobs else None,
        json.dumps(tool_calls, separators=(",", ":")) if tool_calls else None,
    )


def completion_of(row: tuple[Any, ...]) -> Completion:
    """The completion in a row, as one that is reused."""
    text, finish_reason, prompt, cached, completion, seconds, logprobs, tool_calls = row
    return Completion(
        text=text,
        finish_reason=finish_reason,
        usage=TokenUsage(prompt=prompt, completion=completion, cached=cached),
        seconds=seconds,
        logprobs=tuple(
            TokenLogprob(token, logprob, tuple((other, value) for other, value in top))
            for token, logprob, top in json.loads(logprobs or "[]")
        ),
        reused=True,
        tool_calls=tuple(ToolCall(*call) for call in json.loads(tool_calls or "[]")),
    )
