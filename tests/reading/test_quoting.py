"""What a small reader pointed at, as an answer."""

from __future__ import annotations

from pathlib import Path

import pytest

from octavo.documents.document import Document
from octavo.documents.sentences import sentence_spans
from octavo.library.corpus import Corpus
from octavo.library.library import Library
from octavo.models.scripted import ScriptedModel
from octavo.reading.answer import Answer, Finding
from octavo.reading.quoting import quotation

QUESTION = "Where is the silver compass?"
MADE_UP = Answer(QUESTION, "At the bottom of the sea.", True, "read")
TOKENIZER = ScriptedModel(lambda request: "").tokenizer


def corpus(home: Path, *texts: str) -> Corpus:
    documents = [Document.of(text, name=f"{number}.txt") for number, text in enumerate(texts)]
    return Library(*documents, home=home).corpus(TOKENIZER, 1_000)


def quoted(read: Corpus, *, tokens: int = 160) -> Answer | None:
    """The quotation where every sentence was pointed at, and the chunks are ranked as they stand."""
    found = [
        Finding(QUESTION, chunk, tuple(sentence_spans(read.document(chunk.document_id).text, chunk.span)))
        for chunk in read.chunks
    ]
    return quotation(read, MADE_UP, list(reversed(found)), read.chunks, count=TOKENIZER.count, tokens=tokens)


def test_the_first_place_of_each_finding_comes_before_the_second_of_any(tmp_path: Path) -> None:
    read = corpus(tmp_path, "Anna hid it. Anna lost it. Anna sold it.", "Boris hid it. Boris lost it.")
    first, second = (read.document(chunk.document_id).text.split(".")[0] for chunk in read.chunks)
    answer = quoted(read)
    assert answer is not None
    third = "Anna lost it" if first.startswith("Anna") else "Boris lost it"
    assert answer.text == f"{first}. [1]\n{second}. [2]\n{third}. [3]"
    assert [place.marker for place in answer.citations] == ["[1]", "[2]", "[3]"]
    assert all(place.span.of(read.document(place.document.id).text) == place.quote for place in answer.citations)
    assert (answer.found, answer.said) == (True, f"{first}.\n{second}.\n{third}.")


def test_the_same_words_are_quoted_once(tmp_path: Path) -> None:
    answer = quoted(corpus(tmp_path, "Anna hid it.", "Anna  hid it.", "Boris found it."))
    assert answer is not None
    assert sorted(line[:-4] for line in answer.text.splitlines()) == ["Anna hid it.", "Boris found it."]


@pytest.mark.parametrize("text", ["Where is the silver compass?", "The silver compass.", "It was."])
def test_what_says_no_more_than_the_question_is_no_answer(tmp_path: Path, text: str) -> None:
    assert quoted(corpus(tmp_path, text)) is None


def test_places_are_quoted_as_long_as_an_answer_may_be_and_the_first_whatever_it_takes(tmp_path: Path) -> None:
    read = corpus(tmp_path, "Anna hid it. " + "Boris has it and keeps it in the cellar. Clara sold the other one.")
    for tokens, lines in ((1, 1), (20, 2), (160, 3)):
        answer = quoted(read, tokens=tokens)
        assert answer is not None
        assert len(answer.text.splitlines()) == lines
