"""What is removed or edited away is forgotten; what another source holds stays."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from octavo.documents.document import Document, text_id
from octavo.errors import SourceChanged, UsageError
from octavo.library.library import Library
from octavo.library.store import Store
from octavo.models.estimated_tokenizer import EstimatedTokenizer

TOKENIZER = EstimatedTokenizer()
Write = Callable[[str, str], Path]


def listed(home: Path) -> list[str]:
    return [Path(uri).name for listing in Library(home=home).listed() for uri in listing.uris]


def is_kept(home: Path, text: str) -> bool:
    """Whether the text is kept, as a document or as chunks."""
    store = Store(home)
    chunks = store.chunk_table(TOKENIZER.id, 512).documents()
    return bool(({text_id(text)} & chunks) | store.holds([text_id(text)]))


def test_of_two_sources_of_one_text_one_is_removed_and_the_other_stays(home: Path, write: Write) -> None:
    one, other = write("a.txt", "Same words."), write("b.txt", "Same words.")
    library = Library(home=home)
    library.add(one, other, tokenizer=TOKENIZER)
    assert library.remove(str(one)) == []
    assert listed(home) == ["b.txt"]
    assert len(library.corpus(TOKENIZER).chunks) == 1
    assert [gone.id for gone in library.remove(str(other))] == [text_id("Same words.")]
    assert not is_kept(home, "Same words.")


def test_an_id_removes_the_document_with_all_its_sources(home: Path, write: Write) -> None:
    library = Library(home=home)
    library.add(write("a.txt", "Same words."), write("b.txt", "Same words."))
    assert len(library.remove(text_id("Same words."))) == 1
    assert listed(home) == []


def test_a_source_is_removed_by_its_name_and_one_that_two_have_is_refused(home: Path, write: Write) -> None:
    library = Library(home=home)
    library.add(write("x/notes.txt", "First."), write("y/notes.txt", "Second."), write("only.txt", "Third."))
    with pytest.raises(UsageError, match="2 documents have this name"):
        library.remove("only.txt", "notes.txt")
    assert len(library.listed()) == 3
    assert [gone.id for gone in library.remove("only.txt")] == [text_id("Third.")]


@pytest.mark.parametrize("name", ["", "  "])
def test_an_empty_name_removes_nothing(
    home: Path, write: Write, monkeypatch: pytest.MonkeyPatch, name: str, tmp_path: Path
) -> None:
    library = Library(home=home)
    library.add(write("a.txt", "Words."))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match="empty name"):
        library.remove(name)
    assert listed(home) == ["a.txt"]


def test_a_folder_is_removed_with_all_that_is_in_it_and_no_more(home: Path, write: Write) -> None:
    library = Library(home=home)
    library.add(write("in/a.txt", "A."), write("in/b.txt", "B."), write("inner.txt", "C."))
    assert len(library.remove(str(write("in/a.txt", "A.").parent))) == 2
    assert listed(home) == ["inner.txt"]


def test_an_edited_text_is_forgotten(home: Path, write: Write) -> None:
    path = write("a.txt", "Version one.")
    library = Library(path, home=home)
    library.corpus(TOKENIZER)
    write("a.txt", "Version two, which is longer.")
    library.corpus(TOKENIZER)
    assert not is_kept(home, "Version one.")
    assert is_kept(home, "Version two, which is longer.")


def test_an_edited_text_that_another_source_holds_is_kept(home: Path, write: Write) -> None:
    path = write("a.txt", "Version one.")
    Library(home=home).add(path, write("b.txt", "Version one."))
    write("a.txt", "Version two, which is longer.")
    Library(home=home).refresh()
    assert is_kept(home, "Version one.")


def test_an_edited_text_that_is_asked_about_as_well_is_kept(home: Path, write: Write) -> None:
    path = write("a.txt", "Version one.")
    library = Library(path, Document.of("Version one.", name="given"), home=home)
    library.refresh()
    write("a.txt", "Version two, which is longer.")
    assert len(library.corpus(TOKENIZER).chunks) == 2


def test_removing_a_source_names_all_that_it_ever_held(home: Path, write: Write) -> None:
    versions = ["Version one.", "Version two, longer.", "Version three, the longest."]
    library = Library(home=home)
    for text in versions:
        library.add(path := write("a.txt", text))
    assert {gone.id for gone in library.remove(str(path))} == {text_id(text) for text in versions}
    library.add(write("a.txt", "Version four."))
    assert [gone.id for gone in library.remove(str(path))] == [text_id("Version four.")]


def test_what_a_source_held_before_is_not_named_while_another_holds_it(home: Path, write: Write) -> None:
    library = Library(home=home)
    library.add(path := write("a.txt", "Version one."), write("b.txt", "Version one."))
    library.add(write("a.txt", "Version two, longer."))
    assert [gone.id for gone in library.remove(str(path))] == [text_id("Version two, longer.")]


def test_a_removal_that_was_killed_halfway_costs_only_its_document(home: Path, write: Write) -> None:
    there, gone = write("there.txt", "Still there."), write("gone.txt", "Gone for good.")
    Library(home=home).add(there, gone, write("whole.txt", "Untouched."))
    gone.unlink()
    store = Store(home)
    store._documents.delete("id", [text_id("Still there."), text_id("Gone for good.")])  # as far as a killed one came
    library = Library(home=home)
    corpus = library.corpus(TOKENIZER)
    assert [reference.name for reference in corpus.documents] == ["there.txt", "whole.txt"]
    assert [type(problem) for problem in library.problems] == [SourceChanged]
    assert str(gone) in str(library.problems[0])
    library.remove(str(gone))
    library.refresh()
    assert library.problems == []
