"""Passages: the best first until the room is full, then in document order."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from octavo.library.library import Library
from octavo.models.scripted import ScriptedModel
from octavo.reading.packing import pack, render

from .conftest import book

TOKENIZER = ScriptedModel(lambda request: "").tokenizer
HOME = Path(tempfile.mkdtemp(prefix="octavo-test-packing-"))
CORPUS = Library(*(book(600, name=f"book-{n}.txt", seed=n) for n in range(3)), home=HOME).corpus(TOKENIZER, 256)


@given(st.permutations(range(40)), st.integers(0, 6000), st.booleans())
def test_passages_fit_the_room_and_stand_in_document_order(order: list[int], room: int, neighbours: bool) -> None:
    ranked = [CORPUS.chunks[index] for index in order]
    packing = pack(CORPUS, ranked, room, TOKENIZER.count, neighbours=neighbours)
    assert TOKENIZER.count(packing.text) <= room
    names = [reference.id for reference in CORPUS.documents]
    places = [(names.index(p.document.id), p.span.start) for p in packing.passages]
    assert places == sorted(places)
    assert [p.number for p in packing.passages] == list(range(1, len(places) + 1))
    if not neighbours:
        assert {chunk.index for chunk in packing.chunks} <= {chunk.index for chunk in ranked}


def test_the_best_chunk_is_always_among_the_passages_where_it_fits() -> None:
    best = CORPUS.chunks[7]
    packing = pack(CORPUS, [best, *CORPUS.chunks[20:40]], best.tokens + 60, TOKENIZER.count)
    assert packing.chunks[0] == best


def test_where_no_chunk_fits_the_beginning_of_the_best_is_shown() -> None:
    best = CORPUS.chunks[7]
    packing = pack(CORPUS, [best], best.tokens // 2, TOKENIZER.count)
    (passage,) = packing.passages
    assert passage.span.start == best.span.start
    assert best.span.start < passage.span.end < best.span.end


def test_the_neighbours_of_the_best_fill_what_the_ranking_leaves() -> None:
    best = CORPUS.chunks[7]
    packing = pack(CORPUS, [best], 2000, TOKENIZER.count)
    assert set(packing.chunks) == {CORPUS.chunks[6], best, CORPUS.chunks[8]}
    (passage,) = packing.passages
    assert passage.span.start == CORPUS.chunks[6].span.start
    assert passage.span.end == CORPUS.chunks[8].span.end


def test_a_passage_shows_its_document_and_section() -> None:
    packing = render(CORPUS, [CORPUS.chunks[3]])
    assert packing.text.startswith("[1] book-0.txt > Chapter ")
