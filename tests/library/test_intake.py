"""Many files cost few commits and few queries; an interruption loses at most what was not yet committed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from octavo.documents import load
from octavo.errors import LibraryError
from octavo.library import intake, table
from octavo.library.library import Library
from octavo.library.rows import former_rows
from octavo.library.store import Store
from octavo.library.table import Table
from octavo.models.estimated_tokenizer import EstimatedTokenizer

TOKENIZER = EstimatedTokenizer()
Write = Callable[[str, str], Path]


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the tables' methods as they are called."""
    calls: list[str] = []

    def counting(name: str) -> None:
        method = getattr(Table, name)

        def call(*arguments: Any) -> Any:
            calls.append(name)
            return method(*arguments)

        monkeypatch.setattr(Table, name, call)

    for name in ("read", "_write"):
        counting(name)
    return calls


def test_fifty_files_cost_as_few_commits_as_one(home: Path, write: Write, counted: list[str]) -> None:
    costs = []
    for folder, count in (("few", 1), ("many", 50)):
        paths = [write(f"{folder}/{number}.txt", f"{folder} {number}.") for number in range(count)]
        counted.clear()
        library = Library(home=home / folder)
        assert len(library.add(*paths, tokenizer=TOKENIZER)) == count
        costs.append((counted.count("_write"), counted.count("read")))
    assert costs[0] == costs[1]


def test_an_unchanged_folder_costs_the_same_queries_whatever_its_size(
    home: Path, write: Write, counted: list[str]
) -> None:
    costs = []
    for folder, count in (("few", 1), ("many", 50)):
        paths = [write(f"{folder}/{number}.txt", f"{folder} {number}.") for number in range(count)]
        Library(paths[0].parent, home=home / folder).corpus(TOKENIZER)
        counted.clear()
        assert len(Library(paths[0].parent, home=home / folder).corpus(TOKENIZER).chunks) == count
        assert "_write" not in counted
        costs.append(counted.count("read"))
    assert costs[0] == costs[1]


def test_an_interruption_loses_at_most_the_last_batch(
    home: Path, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = [write(f"{number}.txt", f"The zebra number {number}.") for number in range(9)]
    parse = load.parse
    parsed: list[str] = []

    def interrupted(source: Any, *arguments: Any, **options: Any) -> Any:
        if len(parsed) == 8:
            raise KeyboardInterrupt
        parsed.append(source.name)
        return parse(source, *arguments, **options)

    monkeypatch.setattr(intake, "_DOCUMENTS_TOGETHER", 3)
    monkeypatch.setattr(intake, "parse", interrupted)
    with pytest.raises(KeyboardInterrupt):
        Library(home=home).add(*paths, tokenizer=TOKENIZER)
    corpus = Library(home=home).corpus(TOKENIZER)
    assert [reference.name for reference in corpus.documents] == [f"{number}.txt" for number in range(6)]
    assert len(corpus.search("zebra", 10)) == 6


def test_what_many_commits_left_is_put_together(home: Path, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table, "_FRAGMENTS", 4)
    library = Library(home=home)
    for number in range(9):
        library.add(write(f"{number}.txt", f"The zebra number {number}."), tokenizer=TOKENIZER)
    store = Store(home)
    for kept in (store._documents, store._sources):
        assert kept.read(lambda opened: opened.stats()["fragment_stats"]["num_fragments"]) < 5
    assert len(library.corpus(TOKENIZER).search("zebra", 20)) == 9


def test_a_query_whose_files_another_process_dropped_is_run_again(home: Path) -> None:
    one, other = Store(home), Store(home)
    dropped = [OSError("no such file")]

    def query(opened: Any) -> str:
        if dropped:
            other._former.add(former_rows({"a.txt": "f" * 32}))
            raise dropped.pop()
        return "answered"

    assert one._former.read(query) == "answered"


def test_a_query_that_fails_on_the_latest_version_fails(home: Path) -> None:
    def query(opened: Any) -> None:
        raise RuntimeError("broken")

    with pytest.raises(LibraryError, match="broken"):
        Store(home)._former.read(query)
