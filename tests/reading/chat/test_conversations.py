"""Conversations on disk: what is kept, what a kill costs, and what cannot be read."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path

import pytest

from octavo.documents.chunks import Chunk
from octavo.documents.document import Span
from octavo.errors import LibraryError, LibraryFull, LibraryTooNew, UsageError
from octavo.reading.answer import Coverage, Finding
from octavo.reading.chat.conversation import Conversation
from octavo.reading.chat.conversations import VERSION, Conversations
from octavo.reading.events import AnswerDelta, Answered, ChunkRead, Event, LevelStarted

from .made_turns import BOOK, conversation, turn


@pytest.fixture
def store(tmp_path: Path) -> Conversations:
    """A place for conversations, empty."""
    return Conversations(tmp_path)


def keep(store: Conversations, kept: Conversation) -> Path:
    """Keep all turns, one by one."""
    for one in kept.turns:
        store.keep(kept, one)
    return store.path(kept.id)


def test_a_conversation_comes_back_as_it_was(store: Conversations) -> None:
    kept = conversation(3)
    keep(store, kept)
    assert store.load(kept.id) == kept


def test_nothing_is_made_before_a_turn_is_kept(store: Conversations, tmp_path: Path) -> None:
    assert store.kept().conversations == ()
    store.keep_sources(conversation())
    assert list(tmp_path.iterdir()) == []


def test_a_turn_is_added_without_touching_those_before_it(store: Conversations) -> None:
    kept = conversation(50)
    path = keep(store, kept)
    before, file = path.read_bytes(), path.stat().st_ino
    store.keep(kept, turn(50))
    assert path.read_bytes()[: len(before)] == before
    assert path.stat().st_ino == file
    assert path.read_bytes()[len(before) :].count(b"\n") == 1


def test_a_kill_while_a_turn_is_written_costs_that_turn_alone(store: Conversations) -> None:
    kept = conversation(3)
    path = keep(store, kept)
    whole = path.read_bytes()
    last_line = whole.rindex(b"\n", 0, -1) + 1
    for end in range(last_line, len(whole), 97):
        path.write_bytes(whole[:end])
        assert store.load(kept.id).turns == kept.turns[:2]
        store.keep(kept, kept.turns[2])
        assert path.read_bytes() == whole


def test_a_torn_line_longer_than_a_block_is_cut_off_too(store: Conversations) -> None:
    kept = conversation(1)
    path = keep(store, kept)
    with path.open("ab") as file:
        file.write(b"x" * 200_000)
    store.keep(kept, turn(1))
    assert len(store.load(kept.id).turns) == 2


def test_a_file_of_a_newer_version_is_refused_by_name(store: Conversations) -> None:
    kept = conversation(1)
    path = keep(store, kept)
    head, _, rest = path.read_text("utf-8").partition("\n")
    path.write_text(json.dumps(json.loads(head) | {"version": VERSION + 1}) + "\n" + rest, "utf-8")
    with pytest.raises(
        LibraryTooNew, match=rf"{path}: made by a newer octavo \(version {VERSION + 1}, .*update octavo"
    ):
        store.load(kept.id)


@pytest.mark.parametrize(
    "content",
    [b"", b"\n", b"[]\n", b"{}\n", b"\xff\xfe\n", b'{"version": 1}\n', b'{"version": "x"}\n', b"null\n"],
)
def test_a_damaged_file_is_named_and_the_others_are_read(store: Conversations, content: bytes) -> None:
    good = conversation(1, digit=1)
    keep(store, good)
    damaged = conversation(1, digit=2)
    store.path(damaged.id).write_bytes(content)
    with pytest.raises(LibraryError, match=rf"{store.path(damaged.id)}: this conversation is damaged"):
        store.load(damaged.id)
    found = store.kept()
    assert found.conversations == (good,)
    (problem,) = found.problems
    assert damaged.id in str(problem)


def test_a_damaged_turn_in_the_middle_is_not_passed_over(store: Conversations) -> None:
    kept = conversation(3)
    path = keep(store, kept)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([lines[0], lines[1], b'{"turn": {"asked": 1}}\n', lines[3]]))
    with pytest.raises(LibraryError, match="damaged"):
        store.load(kept.id)


@pytest.mark.parametrize("name", ["0000000000", "../ledger", "", "LAST"])
def test_what_is_not_there_is_said_with_what_to_type(store: Conversations, name: str) -> None:
    with pytest.raises(UsageError, match="octavo chat --list"):
        store.load(name)


def test_the_last_is_the_one_that_was_written_last(store: Conversations) -> None:
    with pytest.raises(UsageError, match="octavo chat SOURCE"):
        store.last()
    older, newer = conversation(1, digit=1), conversation(1, digit=2)
    keep(store, newer)
    os.utime(store.path(newer.id), ns=(0, 0))
    keep(store, older)
    assert store.last() == older.id


def test_the_documents_that_a_conversation_went_on_over_are_kept(store: Conversations) -> None:
    kept = conversation(2)
    keep(store, kept)
    other = kept.with_sources(["/other"])
    store.keep_sources(other)
    assert store.load(kept.id) == other


def test_events_are_kept_only_where_they_are_given(store: Conversations) -> None:
    kept = conversation(2)
    finding = Finding("q", Chunk(BOOK.id, 4, Span(0, 9), 3), (Span(0, 5),), 0.5)
    events: list[Event] = [
        LevelStarted("read", "asked for"),
        ChunkRead(BOOK, 4, 3, (finding,), Coverage(9, 1), reused=False),
        AnswerDelta("text"),
        Answered(kept.turns[1].answer),
    ]
    store.keep(kept, kept.turns[0])
    store.keep(kept, kept.turns[1], events)
    _, without, recorded = map(json.loads, store.path(kept.id).read_text("utf-8").splitlines())
    assert set(without) == {"turn"}
    assert recorded["recorded"] is True
    assert [event["event"] for event in recorded["events"]] == ["LevelStarted", "ChunkRead"]
    assert recorded["events"][1]["findings"][0]["sentences"] == [{"start": 0, "end": 5}]
    assert store.load(kept.id) == kept


def test_a_full_disk_is_said_plainly_and_the_next_turn_fits_again(
    store: Conversations, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = conversation(2)
    store.keep(kept, kept.turns[0])

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(LibraryFull, match=r"the disk is full.*free some space"):
            store.keep(kept, kept.turns[1])
    assert store.load(kept.id).turns == kept.turns[:1]
    store.keep(kept, kept.turns[1])
    assert store.load(kept.id) == kept


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "conversations").write_text("in the way")
    kept = conversation(1)
    with pytest.raises(LibraryError, match=kept.id):
        Conversations(tmp_path).keep(kept, kept.turns[0])


def test_the_file_says_what_a_user_can_read(store: Conversations) -> None:
    text = keep(store, conversation(1)).read_text("utf-8")
    assert "война и мир.md" in text
