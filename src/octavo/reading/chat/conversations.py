"""Conversations on disk: a file each, under HOME/conversations, which grows by a line a turn.

The first line is the head; every other holds a turn, or the documents that the conversation goes on over. A turn is on
the disk before the next question is taken, and adding one costs the same however long the conversation is. A process
that is killed loses at most the turn under way: a last line without its end is passed over, and cut off by the next.
Knows files; nothing of models.
"""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from datetime import datetime
from functools import cache, cached_property
from io import SEEK_END, FileIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from octavo.errors import LibraryError, LibraryFull, LibraryTooNew, UsageError
from octavo.reading.chat.conversation import Conversation, Turn, is_conversation_id
from octavo.reading.events import AnswerDelta, Answered, Event

if TYPE_CHECKING:
    from pydantic import TypeAdapter

VERSION = 1
"""Of the files. One of a higher version is refused, never damaged."""

_SUFFIX = ".jsonl"
_BLOCK = 65_536


@dataclass(frozen=True, slots=True)
class _Line:
    """What a line after the head may hold; of `events`, which are for others, nothing is read here."""

    turn: Turn | None = None
    sources: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Kept:
    """The conversations of a folder, the latest first, and why others could not be read."""

    conversations: tuple[Conversation, ...]
    problems: tuple[LibraryError, ...] = field(default=())


class Conversations:
    """The conversations under `home`. Nothing is made before the first turn is kept."""

    def __init__(self, home: Path) -> None:
        self.folder = home / "conversations"

    def path(self, conversation_id: str) -> Path:
        """The file of a conversation. Raises `UsageError` for what cannot be an id."""
        if not is_conversation_id(conversation_id):
            raise UsageError(f"no conversation {conversation_id!r}; to see those that are kept: octavo chat --list")
        return self.folder / f"{conversation_id}{_SUFFIX}"

    def load(self, conversation_id: str) -> Conversation:
        """The conversation as it was kept. Raises `UsageError` where there is none, `LibraryTooNew` for a file of a
        newer octavo, and `LibraryError` for a damaged one."""
        path = self.path(conversation_id)
        if not path.exists():
            raise UsageError(f"no conversation {conversation_id!r}; to see those that are kept: octavo chat --list")
        return self._read(path)

    def last(self) -> str:
        """The id of the conversation that was last talked in. Raises `UsageError` where none is kept."""
        files = sorted(self._files(), key=lambda path: (path.stat().st_mtime_ns, path.name))
        if not files:
            raise UsageError("no conversation is kept yet; to begin one: octavo chat SOURCE")
        return files[-1].stem

    def kept(self) -> Kept:
        """All conversations that can be read, and why the others cannot."""
        conversations, problems = [], []
        for path in self._files():
            try:
                conversations.append(self._read(path))
            except LibraryError as error:
                problems.append(error)
        conversations.sort(key=lambda conversation: (conversation.latest, conversation.id), reverse=True)
        return Kept(tuple(conversations), tuple(problems))

    def keep(self, conversation: Conversation, turn: Turn, events: Sequence[Event] | None = None) -> None:
        """Keep one more turn of `conversation`, with the `events` of its reading where the user wants them recorded
        (None: they are not). Raises `LibraryError`, `LibraryFull` where the disk is full."""
        line: dict[str, Any] = {"turn": _adapter(Turn).dump_python(turn, mode="json")}
        if events is not None:
            line |= {"recorded": True, "events": recorded_events(events)}
        self._add(conversation, line)

    def keep_sources(self, conversation: Conversation) -> None:
        """Note that a conversation which is kept goes on over other documents. Raises as `keep` does."""
        if self.path(conversation.id).exists():
            self._add(conversation, {"sources": conversation.sources})

    def _add(self, conversation: Conversation, line: dict[str, Any]) -> None:
        path = self.path(conversation.id)
        with _said_plainly(path):
            self.folder.mkdir(parents=True, exist_ok=True)
            with self._lock:
                if path.exists():
                    _append(path, _encoded(line))
                else:
                    _create(path, _encoded(_head(conversation)) + _encoded(line))

    def _files(self) -> list[Path]:
        return [path for path in self.folder.glob(f"*{_SUFFIX}") if is_conversation_id(path.stem)]

    def _read(self, path: Path) -> Conversation:
        with _said_plainly(path):
            text = path.read_bytes()
        lines = text.split(b"\n")[:-1]  # what stands after the last line end was never finished
        try:
            head = json.loads(lines[0])
            version = int(head["version"])
            if version > VERSION:
                raise LibraryTooNew(
                    f"{path}: made by a newer octavo (version {version}, this one reads {VERSION}); update octavo"
                )
            conversation = Conversation(path.stem, datetime.fromisoformat(head["started"]), tuple(head["sources"]))
            entries = [_adapter(_Line).validate_json(line) for line in lines[1:]]
        except (ValueError, TypeError, KeyError, IndexError) as error:
            reason = str(error).partition("\n")[0][:120]
            raise LibraryError(
                f"{path}: this conversation is damaged ({reason}); move the file away, the others are not touched"
            ) from error
        sources = [entry.sources for entry in entries if entry.sources is not None]
        return Conversation(
            conversation.id,
            conversation.started,
            sources[-1] if sources else conversation.sources,
            tuple(entry.turn for entry in entries if entry.turn is not None),
        )

    @cached_property
    def _lock(self) -> Any:
        from filelock import FileLock

        return FileLock(self.folder / "writers.lock")


def recorded_events(events: Sequence[Event]) -> list[dict[str, Any]]:
    """Events as JSON objects, each with its name under "event"; without those that only repeat the answer."""
    return [
        {"event": type(event).__name__, **asdict(event)}
        for event in events
        if not isinstance(event, (AnswerDelta, Answered))
    ]


def _head(conversation: Conversation) -> dict[str, Any]:
    return {
        "version": VERSION,
        "id": conversation.id,
        "started": conversation.started.isoformat(),
        "sources": conversation.sources,
    }


def _encoded(line: dict[str, Any]) -> bytes:
    return json.dumps(line, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace") + b"\n"


def _create(path: Path, content: bytes) -> None:
    unfinished = path.with_suffix(".unfinished")
    with unfinished.open("wb", buffering=0) as file:
        _write(file, content)
    unfinished.replace(path)


def _append(path: Path, content: bytes) -> None:
    with path.open("r+b", buffering=0) as file:
        end = _end_of_last_line(file)
        file.seek(end)
        file.truncate()
        try:
            _write(file, content)
        except OSError:
            with suppress(OSError):
                file.truncate(end)  # who tries again must not find the turn there twice
            raise


def _write(file: FileIO, content: bytes) -> None:
    """All of `content`, on the disk when this returns."""
    written = 0
    while written < len(content):
        written += file.write(content[written:])
    os.fsync(file.fileno())


def _end_of_last_line(file: FileIO) -> int:
    """Where the next line begins: behind the last line end."""
    position = file.seek(0, SEEK_END)
    while position:
        start = max(0, position - _BLOCK)
        file.seek(start)
        found = file.read(position - start).rfind(b"\n")
        if found >= 0:
            return start + found + 1
        position = start
    return 0


@cache
def _adapter(kind: type) -> TypeAdapter[Any]:
    from pydantic import TypeAdapter

    return TypeAdapter(kind)


@contextmanager
def _said_plainly(path: Path) -> Iterator[None]:
    """The system's own errors become octavo's."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise LibraryFull(f"{path}: the disk is full: this turn is not kept; free some space") from error
        raise LibraryError(f"{path}: the conversation cannot be kept here ({error.strerror or error})") from error
