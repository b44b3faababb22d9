"""The library on disk survives crashes, sharing, and versions to come."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock, Timeout

from octavo.documents.chunks import Chunk, chunk_document
from octavo.documents.document import Document, Span
from octavo.errors import LibraryError, LibraryFull, LibraryTooNew, SourceChanged
from octavo.library import chunk_table
from octavo.library.chunk_table import ChunkTable, ChunkTerms
from octavo.library.indexer import Indexer, Prepared
from octavo.library.library import Library
from octavo.library.store import Store
from octavo.models.estimated_tokenizer import EstimatedTokenizer

TOKENIZER = EstimatedTokenizer()

ADDING = textwrap.dedent(
    """
    import sys
    from pathlib import Path
    from octavo.library.library import Library
    from octavo.models.estimated_tokenizer import EstimatedTokenizer
    home, files = Path(sys.argv[1]), sys.argv[2:]
    library = Library(home=home)
    print("ready", flush=True)
    for file in files:
        library.add(file, tokenizer=EstimatedTokenizer())
    print("done", flush=True)
    """
)


def adding(home: Path, *files: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", ADDING, str(home), *map(str, files)],
        stdout=subprocess.PIPE,
        text=True,
    )


def written(folder: Path, count: int, prefix: str) -> list[Path]:
    folder.mkdir(exist_ok=True)
    paths = []
    for number in range(count):
        path = folder / f"{prefix}{number}.txt"
        path.write_text(f"{prefix} file {number}. " + f"Its word is zebra{prefix}{number}. " * 200)
        paths.append(path)
    return paths


def wholly_in(library: Library) -> int:
    """How many documents are listed; each must be wholly in, and found by its words."""
    corpus = library.corpus(TOKENIZER)
    for reference in corpus.documents:
        text = corpus.document(reference.id).text
        chunks = [chunk for chunk in corpus.chunks if chunk.document_id == reference.id]
        assert [(c.index, c.span) for c in chunks] == [
            (c.index, c.span) for c in chunk_document(corpus.document(reference.id), TOKENIZER)
        ]
        hits = corpus.search(text.split("word is ")[1].split(".")[0], 3)
        assert hits[0].chunk.document_id == reference.id
    return len(corpus.documents)


def test_killed_while_adding_the_library_is_usable_and_documents_are_in_or_out(tmp_path: Path) -> None:
    home = tmp_path / "home"
    files = written(tmp_path / "files", 12, "a")
    process = adding(home, *files)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    while not Library(home=home).listed():  # killed once the first is in and others are under way
        assert process.poll() is None
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()
    library = Library(home=home)
    assert 1 <= wholly_in(library) <= len(files)
    library.add(*files, tokenizer=TOKENIZER)
    assert wholly_in(library) == len(files)


def test_two_processes_may_add_at_once(tmp_path: Path) -> None:
    home = tmp_path / "home"
    shared = written(tmp_path / "files", 2, "s")
    processes = [adding(home, *written(tmp_path / "files", 4, prefix), *shared) for prefix in "ab"]
    for process in processes:
        output, _ = process.communicate(timeout=120)
        assert output.endswith("done\n")
    assert wholly_in(Library(home=home)) == 10


def test_chunks_without_their_document_are_swept(tmp_path: Path) -> None:
    store = Store(tmp_path)
    table = store.chunk_table(TOKENIZER.id, 512)
    kept = Document.of("Kept.", name="kept")
    store.put_documents([kept])
    rows = [(Chunk(kept.id, 0, Span(0, 5), 2), "kept"), (Chunk("f" * 32, 0, Span(0, 4), 1), "lost")]
    table.add(ChunkTerms(chunk, terms) for chunk, terms in rows)
    store.sweep()
    assert table.documents() == {kept.id}


def test_an_open_library_sees_what_another_removes(tmp_path: Path) -> None:
    document = Document.of("The zebra runs.", name="a")
    one, other = Library(document, home=tmp_path), Library(home=tmp_path)
    corpus = one.corpus(TOKENIZER)
    assert corpus.search("zebra", 1)
    other.remove(document.id)
    assert corpus.search("zebra", 1) == []
    with pytest.raises(SourceChanged):
        corpus.document(document.id)


def test_many_new_rows_are_taken_into_the_index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunk_table, "_UNINDEXED", 10)
    first = Document.of("The zebra runs. " * 400, name="a")
    Library(first, home=tmp_path).corpus(TOKENIZER, 64)
    second = Document.of("The okapi rests. " * 400, name="b")
    corpus = Library(first, second, home=tmp_path).corpus(TOKENIZER, 64)
    hits = corpus.search("okapi", 5)
    assert len(hits) == 5
    assert {hit.chunk.document_id for hit in hits} == {second.id}


def test_a_library_of_a_newer_version_is_refused_and_not_touched(tmp_path: Path) -> None:
    (tmp_path / "library").mkdir()
    version = tmp_path / "library" / "version"
    version.write_text("99\n")
    with pytest.raises(LibraryTooNew, match="update octavo"):
        Store(tmp_path)
    assert version.read_text() == "99\n"


def test_a_damaged_library_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "library").mkdir()
    (tmp_path / "library" / "version").write_text("what?")
    with pytest.raises(LibraryError, match="move the folder away"):
        Store(tmp_path)


def test_a_version_that_a_killed_process_left_unwritten_is_written(tmp_path: Path) -> None:
    (tmp_path / "library").mkdir()
    version = tmp_path / "library" / "version"
    version.touch()
    Store(tmp_path)
    assert version.read_text() == "1\n"
    assert [path.name for path in version.parent.glob("version*")] == ["version"]


def test_a_damaged_data_file_is_said_to_be_one(tmp_path: Path) -> None:
    document = Document.of("The zebra runs.", name="a")
    Library(document, home=tmp_path).corpus(TOKENIZER)
    for file in (tmp_path / "library").glob("chunks_*/data/*.lance"):
        file.write_bytes(b"damaged")
    with pytest.raises(LibraryError, match="move the folder away"):
        Library(document, home=tmp_path).corpus(TOKENIZER)


def test_chunks_of_an_addition_under_way_cannot_be_swept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (file,) = written(tmp_path / "files", 1, "a")
    seen: list[str] = []

    def checked(method: Callable[..., None], what: str) -> Callable[..., None]:
        def run(*arguments: object) -> None:
            method(*arguments)
            if seen != ["chunks", "documents"]:
                with pytest.raises(Timeout):  # a sweep would have to wait
                    FileLock(tmp_path / "home" / "library" / "writers.lock").acquire(timeout=0)
                seen.append(what)

        return run

    monkeypatch.setattr(ChunkTable, "add", checked(ChunkTable.add, "chunks"))
    monkeypatch.setattr(Store, "put_documents", checked(Store.put_documents, "documents"))
    library = Library(home=tmp_path / "home")
    library.add(file, tokenizer=TOKENIZER)
    assert seen == ["chunks", "documents"]
    Store(tmp_path / "home").sweep()
    assert wholly_in(library) == 1


def test_an_addition_sweeps_what_a_killed_one_left(tmp_path: Path) -> None:
    table = Store(tmp_path / "home").chunk_table(TOKENIZER.id, 512)
    table.add([ChunkTerms(Chunk("f" * 32, 0, Span(0, 4), 1), "lost")])
    Library(home=tmp_path / "home").add(*written(tmp_path / "files", 1, "a"))
    assert table.documents() == set()


def test_a_document_removed_while_it_is_chunked_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept, removed = Document.of("Kept words.", name="kept"), Document.of("Removed words.", name="removed")
    prepare = Indexer.prepare

    def slow(*arguments: Any) -> Prepared:
        prepared = prepare(*arguments)
        Library(home=tmp_path).remove(removed.id)
        return prepared

    monkeypatch.setattr(Indexer, "prepare", slow)
    library = Library(kept, removed, home=tmp_path)
    corpus = library.corpus(TOKENIZER)
    assert [reference.name for reference in corpus.documents] == ["kept"]
    assert [problem.source for problem in library.problems] == ["removed"]
    assert Store(tmp_path).chunk_table(TOKENIZER.id, 512).documents() == {kept.id}


def test_a_full_disk_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*arguments: object, **options: object) -> None:
        raise OSError(28, "No space left on device")

    store = Store(tmp_path)
    monkeypatch.setattr("lancedb.table.LanceTable.add", full)
    with pytest.raises(LibraryFull, match="disk is full"):
        store.put_documents([Document.of("Text.", name="a")])
