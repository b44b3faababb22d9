"""Documents are parsed once, kept by their content, found by their words, and forgotten when asked."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from octavo.documents import load
from octavo.documents.document import Document, Span
from octavo.errors import CorruptSource, EmptySource, SourceChanged, SourceNotFound, UsageError
from octavo.library import intake
from octavo.library.corpus import StoredCorpus
from octavo.library.library import Library
from octavo.models.estimated_tokenizer import EstimatedTokenizer

TOKENIZER = EstimatedTokenizer()


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the sources that were parsed, in order."""
    names: list[str] = []
    parse = load.parse

    def counting(source, *arguments, **options):  # type: ignore[no-untyped-def]
        names.append(source.name)
        return parse(source, *arguments, **options)

    monkeypatch.setattr(intake, "parse", counting)
    return names


def texts(corpus: StoredCorpus) -> list[str]:
    return [corpus.document(reference.id).text for reference in corpus.documents]


def test_the_chunks_of_a_corpus_cover_its_documents(home: Path, write: Callable[[str, str], Path]) -> None:
    paths = [write(f"{name}.txt", f"{name} is a word. " * 400) for name in ("one", "two")]
    corpus = Library(*paths, home=home).corpus(TOKENIZER, 128)
    for reference in corpus.documents:
        text = corpus.document(reference.id).text
        chunks = [chunk for chunk in corpus.chunks if chunk.document_id == reference.id]
        assert "".join(chunk.span.of(text) for chunk in chunks) == text
        assert [chunk.index for chunk in chunks] == list(range(len(chunks)))
        assert max(chunk.tokens for chunk in chunks) <= 128


def test_an_unchanged_file_is_not_parsed_again(
    home: Path, write: Callable[[str, str], Path], parsed: list[str]
) -> None:
    path = write("a.txt", "The same words.")
    Library(path, home=home).corpus(TOKENIZER)
    Library(path, home=home).corpus(TOKENIZER)
    assert parsed == ["a.txt"]


def test_a_file_touched_but_unchanged_is_not_parsed_again(
    home: Path, write: Callable[[str, str], Path], parsed: list[str]
) -> None:
    path = write("a.txt", "The same words.")
    Library(path, home=home).corpus(TOKENIZER)
    os.utime(path, (1_000_000_000, 1_000_000_000))
    Library(path, home=home).corpus(TOKENIZER)
    assert parsed == ["a.txt"]


def test_an_edited_file_is_seen_at_once(home: Path, tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("Version one.")
    library = Library(path, home=home)
    assert texts(library.corpus(TOKENIZER)) == ["Version one."]
    path.write_text("Version two.")  # the same size, within the same second
    assert texts(library.corpus(TOKENIZER)) == ["Version two."]


def test_words_are_found_in_any_script_and_inflection(home: Path) -> None:
    documents = [
        Document.of("The bicycles were invented long ago.", name="en"),
        Document.of("林黛玉走进了大观园，看见宝玉。", name="zh"),
        Document.of("Автомобили ехали по дороге.", name="ru"),
    ]
    corpus = Library(*documents, home=home).corpus(TOKENIZER)
    for query, name in (("bicycle", "en"), ("INVENTED", "en"), ("大观园", "zh"), ("дорога", "ru")):
        (hit, *_) = corpus.search(query, 5)
        assert corpus.document(hit.chunk.document_id).name == name
    assert corpus.search("zeppelin", 5) == []


def test_a_search_keeps_to_the_documents_selected(home: Path) -> None:
    documents = [Document.of(f"The zebra number {number} runs.", name=str(number)) for number in range(20)]
    Library(*documents, home=home).corpus(TOKENIZER)
    for selected in (documents[:3], documents[:15]):
        corpus = Library(*selected, home=home).corpus(TOKENIZER)
        found = {hit.chunk.document_id for hit in corpus.search("zebra", 100)}
        assert found == {document.id for document in selected}


def test_what_is_asked_is_kept_but_only_what_is_added_is_listed(home: Path, write: Callable[[str, str], Path]) -> None:
    asked, added = write("asked.txt", "Asked words."), write("added.txt", "Added words.")
    Library(asked, home=home).corpus(TOKENIZER)
    library = Library(home=home)
    assert library.listed() == []
    library.add(added)
    assert [listing.document.name for listing in library.listed()] == ["added.txt"]
    assert texts(library.corpus(TOKENIZER)) == ["Added words."]
    library.add(asked)
    assert len(Library(home=home).documents) == 2


def test_a_bad_source_costs_only_itself(home: Path, write: Callable[[str, str], Path]) -> None:
    good, empty = write("good.txt", "Good words."), write("empty.txt", "")
    library = Library(good, empty, "missing.txt", home=home)
    assert texts(library.corpus(TOKENIZER)) == ["Good words."]
    assert {type(problem) for problem in library.problems} == {EmptySource, SourceNotFound}


def test_two_documents_of_one_name_are_told_apart(home: Path) -> None:
    documents = [Document.of(text, name="notes.txt") for text in ("First.", "Second.")]
    names = [reference.name for reference in Library(*documents, home=home).documents]
    assert len(set(names)) == 2
    assert all(name.startswith("notes.txt (") for name in names)


def test_two_sources_of_one_text_are_one_document(home: Path, write: Callable[[str, str], Path]) -> None:
    library = Library(write("a.txt", "Same."), write("b.txt", "Same."), home=home)
    assert len(library.documents) == 1


def test_a_document_is_found_by_the_beginning_of_its_id(home: Path) -> None:
    document = Document.of("Some text.", name="a")
    _ = Library(document, home=home).documents
    library = Library(document.id[:10], home=home)
    assert [reference.id for reference in library.documents] == [document.id]
    assert library.document(document.id[:10]) == document
    with pytest.raises(SourceChanged, match="octavo list"):
        library.document("0123456789")


def test_removed_documents_are_gone(home: Path, write: Callable[[str, str], Path]) -> None:
    path = write("a.txt", "The zebra runs.")
    library = Library(home=home)
    (added,) = library.add(path, tokenizer=TOKENIZER)
    assert library.remove(str(path)) == [added]
    assert library.listed() == []
    with pytest.raises(SourceChanged):
        library.document(added.id)
    assert Library(path, home=home).corpus(TOKENIZER).search("zebra", 5)  # and can be read again
    with pytest.raises(SourceNotFound):
        library.remove("nothing.txt")


def test_a_span_is_shown_with_its_surroundings(home: Path) -> None:
    document = Document.of("0123456789", name="a")
    library = Library(document, home=home)
    _ = library.documents
    assert library.show(document.id, Span(4, 6), context=2) == ("23", "45", "67")
    assert library.show(document.id, Span(8, 99), context=50) == ("01234567", "89", "")


def test_an_id_that_several_documents_begin_with_is_refused(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    documents = [Document.of(text, name=text) for text in "abcdefghijklmnopqrstuvwxyz"]
    library = Library(*documents, home=home)
    _ = library.documents
    shared = next(d.id[0] for d in documents if sum(other.id[0] == d.id[0] for other in documents) > 1)
    with pytest.raises(UsageError, match="documents begin with this id"):
        library.document(shared)


def test_a_text_that_is_not_unicode_is_a_problem_of_its_own(home: Path) -> None:
    good, bad = Document.of("Good.", name="good"), Document.of("Half \ud800 a pair.", name="bad")
    library = Library(bad, good, home=home)
    assert texts(library.corpus(TOKENIZER)) == ["Good."]
    assert [type(problem) for problem in library.problems] == [CorruptSource]
    assert "bad: character 5 of its text is half of a surrogate pair" in str(library.problems[0])
    named = Library(Document.of("Text.", name="\udcff.txt"), home=home)
    assert named.documents == []
    assert "of its name" in str(named.problems[0])


def test_an_id_that_is_none_is_said_to_be_none(home: Path) -> None:
    for prefix in ("\udcff", "it's", ""):
        with pytest.raises(SourceChanged):
            Library(home=home).document(prefix)


def test_standard_input_may_be_asked_about_twice(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"Piped words.")))
    library = Library("-", home=home)
    assert texts(library.corpus(TOKENIZER)) == ["Piped words."]
    assert texts(library.corpus(TOKENIZER)) == ["Piped words."]
    assert texts(Library("-", home=home).corpus(TOKENIZER)) == ["Piped words."]
    assert library.problems == []


def test_what_one_process_was_piped_outlasts_what_another_is(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    corpora = []
    for piped in (b"First words.", b"Second words."):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(piped)))
        corpora.append(Library("-", home=home).corpus(TOKENIZER))
    assert [texts(corpus) for corpus in corpora] == [["First words."], ["Second words."]]
    assert len(Library(home=home).remove("-")) == 2
