"""What was found shows, whole where there is room and sentence by sentence where there is not."""

from __future__ import annotations

import random
import tempfile
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from octavo.documents.chunks import Chunk
from octavo.documents.document import Document, Span
from octavo.documents.sentences import sentence_spans
from octavo.library.library import Library
from octavo.models.scripted import ScriptedModel
from octavo.reading.answer import Finding
from octavo.reading.excerpts import pack_found, pack_nearest
from octavo.reading.packing import Packing, pack

from .conftest import FACT, book

TOKENIZER = ScriptedModel(lambda request: "").tokenizer
HOME = Path(tempfile.mkdtemp(prefix="octavo-test-excerpts-"))
CORPUS = Library(*(book(600, name=f"book-{n}.txt", seed=n) for n in range(3)), home=HOME).corpus(TOKENIZER, 256)


def sentences_of(chunk: Chunk) -> list[Span]:
    return sentence_spans(CORPUS.document(chunk.document_id).text, chunk.span)


def found(chunk: Chunk, *places: int) -> Finding:
    """A finding that points at the sentences in these places of the chunk."""
    sentences = sentences_of(chunk)
    return Finding("?", chunk, tuple(sentences[place] for place in places))


def shows(packing: Packing, chunk: Chunk, span: Span) -> bool:
    return any(
        passage.document.id == chunk.document_id and passage.span.start <= span.start and span.end <= passage.span.end
        for passage in packing.passages
    )


@st.composite
def findings(draw: st.DrawFn) -> list[Finding]:
    indices = draw(st.lists(st.integers(0, len(CORPUS.chunks) - 1), unique=True, max_size=30))
    chosen = [CORPUS.chunks[index] for index in indices]
    counts = [len(sentences_of(chunk)) for chunk in chosen]
    places = [draw(st.lists(st.integers(0, count - 1), unique=True, max_size=3)) for count in counts]
    return [found(chunk, *at) for chunk, at in zip(chosen, places, strict=True)]


@given(findings(), st.integers(0, 4000), st.booleans(), st.integers(0, 5))
def test_passages_fit_the_room_cut_no_sentence_and_stand_in_document_order(
    made: list[Finding], room: int, numbered: bool, seed: int
) -> None:
    ranked = list(dict.fromkeys([finding.chunk for finding in made] + list(CORPUS.chunks[:10])))
    random.Random(seed).shuffle(ranked)
    packing = pack_found(CORPUS, ranked, made, room, TOKENIZER.count, numbered=numbered)
    assert TOKENIZER.count(packing.text) <= room
    order = [reference.id for reference in CORPUS.documents]
    places = [(order.index(p.document.id), p.span.start, p.span.end) for p in packing.passages]
    assert places == sorted(places)
    assert all(one[2] <= other[1] for one, other in pairwise(places) if one[0] == other[0])
    assert [p.number for p in packing.passages] == list(range(1, len(places) + 1))
    edges = {(c.document_id, edge) for c in CORPUS.chunks for s in sentences_of(c) for edge in (s.start, s.end)}
    assert all({(p.document.id, p.span.start), (p.document.id, p.span.end)} <= edges for p in packing.passages)
    assert all(shows(packing, chunk, chunk.span) for chunk in packing.chunks if len(chunk.span) < 2000)


@given(findings(), st.integers(0, 8000))
def test_where_all_that_was_found_shows_whole_anyway_nothing_changes(made: list[Finding], room: int) -> None:
    ranked = [finding.chunk for finding in made]
    packing = pack(CORPUS, ranked, room, TOKENIZER.count)
    shown = [finding for finding in made if finding.chunk in packing.chunks]
    assert pack_found(CORPUS, ranked, shown, room, TOKENIZER.count) == packing


def test_every_sentence_that_was_found_shows_where_only_one_chunk_fits_whole() -> None:
    made = [found(chunk, 3) for chunk in CORPUS.chunks[10:40:6]]
    ranked = [finding.chunk for finding in made]
    room = 500
    assert len(pack(CORPUS, ranked, room, TOKENIZER.count).chunks) < len(made)
    packing = pack_found(CORPUS, ranked, made, room, TOKENIZER.count)
    assert all(shows(packing, finding.chunk, finding.sentences[0]) for finding in made)
    assert packing.chunks == (ranked[0],)
    assert len(packing.passages) == len(made)


def test_the_sentences_around_share_the_room_evenly() -> None:
    best, *others = CORPUS.chunks[10:40:6]
    made = [found(best, 0), *(found(chunk, 4) for chunk in others)]
    packing = pack_found(CORPUS, [best, *others], made, 800, TOKENIZER.count)
    shown = [sum(shows(packing, chunk, sentence) for sentence in sentences_of(chunk)) for chunk in others]
    assert min(shown) > 1
    cut = [count for count, chunk in zip(shown, others, strict=True) if chunk not in packing.chunks]
    assert len(cut) >= 3
    assert max(cut) - min(cut) <= 2


def test_sentences_of_one_chunk_that_touch_are_one_passage_and_others_are_not() -> None:
    best, other = CORPUS.chunks[2], CORPUS.chunks[20]
    made = [found(best, 0), found(other, 1, 2, 9)]
    needed = TOKENIZER.count(CORPUS.document(other.document_id).text[other.span.start : other.span.end])
    packing = pack_found(CORPUS, [best, other], made, best.tokens + needed // 2 + 60, TOKENIZER.count)
    inside = [p.span for p in packing.passages if p.document.id == other.document_id and p.span.overlaps(other.span)]
    assert [sum(finding.overlaps(span) for finding in made[1].sentences) for span in inside] in ([2, 1], [3])
    assert all(shows(packing, other, sentence) for sentence in made[1].sentences)


def test_the_best_findings_show_where_not_even_their_sentences_all_fit() -> None:
    made = [found(chunk, 2) for chunk in CORPUS.chunks[:60:3]]
    ranked = [finding.chunk for finding in made]
    packing = pack_found(CORPUS, ranked, made, 200, TOKENIZER.count)
    showing = [shows(packing, finding.chunk, finding.sentences[0]) for finding in made]
    assert showing[0]
    assert showing == sorted(showing, reverse=True)
    assert not all(showing)


def test_a_finding_that_points_nowhere_takes_no_room_from_whole_chunks() -> None:
    ranked = list(CORPUS.chunks[10:40:6])
    made = [Finding("?", chunk, ()) for chunk in ranked]
    assert pack_found(CORPUS, ranked, made, 600, TOKENIZER.count) == pack(CORPUS, ranked, 600, TOKENIZER.count)


def test_what_several_findings_point_at_in_one_chunk_all_shows() -> None:
    best, other = CORPUS.chunks[2], CORPUS.chunks[20]
    made = [found(best, 0), found(other, 1), found(other, 7)]
    packing = pack_found(CORPUS, [best, other], made, best.tokens + 160, TOKENIZER.count)
    assert all(shows(packing, finding.chunk, finding.sentences[0]) for finding in made)


@given(st.integers(0, 1_000), st.integers(0, 10_000), st.booleans())
def test_the_sentences_nearest_to_a_question_fit_the_room(room: int, seed: int, numbered: bool) -> None:
    ranked = random.Random(seed).sample(CORPUS.chunks, 12)
    packing = pack_nearest(CORPUS, ranked, "The garden in winter?", room, TOKENIZER.count, numbered=numbered)
    assert TOKENIZER.count(packing.text) <= room
    assert packing.passages or room < 100  # a sentence of twelve words, and its heading


QUESTION = "Under which floor of the winter garden is the compass?"


@pytest.mark.parametrize("place", range(4))
def test_what_shares_the_rarest_words_shows_among_little_of_other_chunks(place: int, tmp_path: Path) -> None:
    corpus = Library(book(300, facts={150: FACT}), home=tmp_path).corpus(TOKENIZER, 256)
    holding = next(chunk for chunk in corpus.chunks if FACT in chunk.span.of(corpus.document(chunk.document_id).text))
    ranked = [chunk for chunk in corpus.chunks if chunk != holding][:7]
    ranked.insert(2 * place, holding)
    packing = pack_nearest(corpus, ranked, QUESTION, 600, TOKENIZER.count)
    assert FACT in packing.text
    assert len(packing.passages) > len(pack(corpus, ranked, 600, TOKENIZER.count).passages)
    assert not packing.chunks


def test_of_a_chunk_two_sentences_show_that_are_as_near_to_the_question(tmp_path: Path) -> None:
    opened, built = "On 12 August Jessop School was opened.", "Ada Moor drew the plans of Jessop School."
    text = book(12).text
    document = Document.of(f"{text} {opened} {text} {built} {text}", name="book.txt")
    corpus = Library(document, home=tmp_path).corpus(TOKENIZER, 1_024)
    texts = [chunk.span.of(document.text) for chunk in corpus.chunks]
    assert any(opened in text and built in text for text in texts)
    shown = pack_nearest(corpus, corpus.chunks[:8], "Who is the architect of Jessop School?", 150, TOKENIZER.count).text
    assert opened in shown
    assert built in shown


def test_of_chunks_that_share_no_word_with_the_question_nothing_shows() -> None:
    assert not pack_nearest(CORPUS, CORPUS.chunks[:8], "Xylophone?", 600, TOKENIZER.count).passages
