"""Chunks become the passages that a model is shown: the best first until the room is full, then in document order.

Neighbouring chunks become one passage. Nothing here asks a model; the caller measures the whole prompt once more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from octavo.documents.chunks import Chunk
from octavo.documents.document import Span
from octavo.documents.sentences import sentence_spans
from octavo.library.corpus import Corpus
from octavo.reading import prompts
from octavo.reading.answer import Passage

_LONGEST_PASSAGE = 1024
"""Neighbouring chunks are shown as one passage up to so many tokens: a longer one makes its number say too little."""

_NEIGHBOUR_SHARE = 0.75
"""The share of the room that the ranked chunks fill before the neighbours of the best are added."""

PASSED_OVER = 8
"""So many chunks that do not fit are passed over for smaller ones; beyond, the ranking would count for nothing."""


@dataclass(frozen=True, slots=True)
class Packing:
    """Passages in document order, numbered from 1, and their text as the model will see it; `chunks` are those shown,
    best first."""

    passages: tuple[Passage, ...]
    text: str
    chunks: tuple[Chunk, ...]


_NOTHING = Packing((), "", ())


def pack(
    corpus: Corpus,
    ranked: Sequence[Chunk],
    room: int,
    count: Callable[[str], int],
    *,
    neighbours: bool = True,
    numbered: bool = True,
) -> Packing:
    """The best of `ranked` (best first), and then their neighbours, that `room` tokens hold.

    A chunk that does not fit is passed over for a smaller one; where none fits, the beginning of the best is shown. The
    rendered text is measured with `count` and the least of the chosen chunks dropped until it fits.
    """
    chosen = choose(corpus, ranked, room, count, neighbours=neighbours)
    while True:
        if not chosen:
            return _beginning(corpus, ranked[0], room, count, numbered=numbered) if ranked else _NOTHING
        packing = render(corpus, chosen, numbered=numbered)
        if count(packing.text) <= room:
            return packing
        chosen = chosen[:-1]


def _beginning(corpus: Corpus, chunk: Chunk, room: int, count: Callable[[str], int], *, numbered: bool) -> Packing:
    """As many of a chunk's first sentences as `room` tokens hold; nothing where not even one fits."""
    sentences = sentence_spans(corpus.document(chunk.document_id).text, chunk.span)
    for end in (sentence.end for sentence in reversed(sentences[:-1])):
        part = replace(chunk, span=Span(chunk.span.start, end))
        packing = render(corpus, [part], numbered=numbered)
        if count(packing.text) <= room:
            return packing
    return _NOTHING


def render(corpus: Corpus, chunks: Sequence[Chunk], *, numbered: bool = True) -> Packing:
    """All of `chunks` as passages in document order; where not `numbered`, the model does not see the numbers."""
    document_order = {reference.id: index for index, reference in enumerate(corpus.documents)}
    ordered = sorted(chunks, key=lambda chunk: (document_order[chunk.document_id], chunk.span))
    passages = []
    lines = []
    for number, run in enumerate(runs(ordered, _LONGEST_PASSAGE), start=1):
        document = corpus.document(run[0].document_id)
        span = Span(run[0].span.start, run[-1].span.end)
        passages.append(Passage(number, document.ref, span))
        # The section of the passage's middle: a chunk may begin with the last words of the section before.
        path = document.section_path((span.start + span.end) // 2)
        mark = f"[{number}] " if numbered else ""
        lines.append(f"{mark}{prompts.place(document.name, path)}\n{span.of(document.text).strip()}")
    return Packing(tuple(passages), "\n\n".join(lines), tuple(chunks))


def choose(
    corpus: Corpus, ranked: Sequence[Chunk], room: int, count: Callable[[str], int], *, neighbours: bool
) -> list[Chunk]:
    """Whole chunks that `room` tokens hold with their headers, best first."""
    headers: dict[str, int] = {}

    def cost(chunk: Chunk) -> int:
        if chunk.document_id not in headers:
            headers[chunk.document_id] = header(corpus, chunk, count)
        return chunk.tokens + headers[chunk.document_id]

    chosen: dict[Chunk, None] = {}
    left = room

    def take(candidates: Iterable[Chunk], keep: float) -> None:
        nonlocal left
        passed_over = 0
        for chunk in candidates:
            if chunk in chosen:
                continue
            if left - cost(chunk) >= keep:
                chosen[chunk] = None
                left -= cost(chunk)
            elif (passed_over := passed_over + 1) == PASSED_OVER:
                return

    if neighbours:
        take(ranked, keep=room * (1 - _NEIGHBOUR_SHARE))
        # Where the first pass took nothing, the best chunk itself fills most of the room.
        take(ranked[:1], keep=0)
        take(_neighbours(corpus, tuple(chosen)), keep=0)
    take(ranked, keep=0)
    return list(chosen)


def header(corpus: Corpus, chunk: Chunk, count: Callable[[str], int]) -> int:
    """The tokens that a passage takes beside its text: number, document and section."""
    document = corpus.document(chunk.document_id)
    return count(f"[99] {prompts.place(document.name, document.section_path(chunk.span.start))}\n\n")


def _neighbours(corpus: Corpus, chunks: Sequence[Chunk]) -> Iterable[Chunk]:
    positions = {(chunk.document_id, chunk.index): chunk for chunk in corpus.chunks} if chunks else {}
    for chunk in chunks:
        for index in (chunk.index + 1, chunk.index - 1):
            neighbour = positions.get((chunk.document_id, index))
            if neighbour is not None:
                yield neighbour


def runs(ordered: Sequence[Chunk], most: int) -> list[list[Chunk]]:
    """Chunks in document order, those that adjoin put together up to `most` tokens."""
    found: list[list[Chunk]] = []
    tokens = 0
    for chunk in ordered:
        last = found[-1][-1] if found else None
        follows = last and last.document_id == chunk.document_id and last.span.end == chunk.span.start
        if follows and tokens + chunk.tokens <= most:
            found[-1].append(chunk)
            tokens += chunk.tokens
        else:
            found.append([chunk])
            tokens = chunk.tokens
    return found
