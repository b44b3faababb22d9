"""All that a reader found is shown, even where its chunks do not all fit: sentences, with a little around each.

The best chunks are shown whole in three quarters of the room; of the others that were found, the sentences that the
reader pointed at take the rest, and what they leave goes to the sentences around them. Where all that was found fits
whole, nothing is cut. Where nothing was found, the sentences nearest to the question stand in for them. Knows nothing
of how things are found or ranked.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count as numbers
from itertools import groupby

from octavo.documents.chunks import Chunk
from octavo.documents.document import Span
from octavo.documents.sentences import sentence_spans
from octavo.library.corpus import Corpus
from octavo.reading.answer import Finding
from octavo.reading.packing import PASSED_OVER, Packing, choose, header, pack, render
from octavo.retrieval.terms import content_terms

_WHOLE_SHARE = 0.75
"""The share of the room for whole chunks. A reader may point beside what helps, or miss it: with none of the room, or a
quarter, for whole chunks, passages of a poor reader's findings (it finds 70 % and claims 5 %) held less evidence than
without excerpts; with a half a little less than with three quarters."""

_NEAREST, _OF_EACH = 8, 2
"""Chunks whose nearest sentences are shown, and how many of each: where several are as near, what is asked may stand in
any."""


def pack_found(
    corpus: Corpus,
    ranked: Sequence[Chunk],
    findings: Sequence[Finding],
    room: int,
    count: Callable[[str], int],
    *,
    numbered: bool = True,
) -> Packing:
    """The best of `ranked` (best first) that `room` tokens hold, as `pack` has it; where chunks of `findings` are
    missing then, fewer of them, and the found sentences of the others.

    No sentence is cut. The `chunks` of the packing are those that are shown whole.
    """
    packing = pack(corpus, ranked, room, count, numbered=numbered)
    pointed: dict[Chunk, tuple[Span, ...]] = {}
    for finding in findings:
        if finding.sentences:
            pointed[finding.chunk] = pointed.get(finding.chunk, ()) + finding.sentences
    if pointed.keys() <= set(packing.chunks):
        return packing
    whole = choose(corpus, ranked, int(room * _WHOLE_SHARE), count, neighbours=False)
    left = room - sum(chunk.tokens + header(corpus, chunk, count) for chunk in whole)
    cut = {chunk: pointed[chunk] for chunk in ranked if chunk in pointed and chunk not in whole}
    excerpts = _excerpts(corpus, cut, left, count)
    while excerpts:
        pieces = [piece for excerpt in excerpts for piece in excerpt.pieces()]
        shown = render(corpus, [*whole, *pieces], numbered=numbered)
        if count(shown.text) <= room:
            complete = {*whole, *(excerpt.chunk for excerpt in excerpts if excerpt.complete)}
            return replace(shown, chunks=tuple(chunk for chunk in ranked if chunk in complete))
        excerpts.pop()
    return packing


def pack_nearest(
    corpus: Corpus,
    ranked: Sequence[Chunk],
    query: str,
    room: int,
    count: Callable[[str], int],
    *,
    numbered: bool = True,
) -> Packing:
    """Of the best of `ranked` (best first) the few sentences that are nearest to `query`, and as much around each as
    `room` tokens hold: little text of many chunks, for a model that loses its way in more."""
    pointed = _nearest(corpus, ranked[:_NEAREST], set(content_terms(query)))
    excerpts = _excerpts(corpus, pointed, room, count)
    while excerpts:
        shown = render(corpus, [piece for excerpt in excerpts for piece in excerpt.pieces()], numbered=numbered)
        if count(shown.text) <= room:
            return replace(shown, chunks=tuple(excerpt.chunk for excerpt in excerpts if excerpt.complete))
        excerpts.pop()
    return Packing((), "", ())


def _nearest(corpus: Corpus, chunks: Sequence[Chunk], wanted: set[str]) -> dict[Chunk, list[Span]]:
    """The sentences of each chunk that are nearest to some words, the chunk with the nearest first: each word that a
    sentence holds counts the more, the fewer sentences of all these chunks hold it. Chunks without any are left out."""
    held: list[tuple[Chunk, Span, set[str]]] = []
    for chunk in chunks:
        text = corpus.document(chunk.document_id).text
        held += [(chunk, span, wanted & set(content_terms(span.of(text)))) for span in sentence_spans(text, chunk.span)]
    often = Counter(word for _, _, words in held for word in words)
    near = sorted(
        (each for each in held if each[2]), key=lambda each: sum(1 / often[word] for word in each[2]), reverse=True
    )
    nearest: dict[Chunk, list[Span]] = {}
    for chunk, span, _ in near:
        if len(spans := nearest.setdefault(chunk, [])) < _OF_EACH:
            spans.append(span)
    return nearest


@dataclass(frozen=True, slots=True)
class _Excerpt:
    """Some sentences of a chunk: `pointed` and `shown` are indices of `sentences`; what touches is one piece."""

    chunk: Chunk
    sentences: Sequence[Span]
    pointed: Sequence[int]
    shown: set[int] = field(default_factory=set)

    @property
    def complete(self) -> bool:
        """Whether the whole chunk is shown."""
        return len(self.shown) == len(self.sentences)

    def around(self, distance: int) -> Iterator[int]:
        """The sentences that stand so many from one that was pointed at, touch what is shown, and are not shown."""
        for index in self.pointed:
            for step in (1, -1):
                near = index + step * distance
                if 0 <= near < len(self.sentences) and near not in self.shown and near - step in self.shown:
                    yield near

    def stretches(self) -> list[Span]:
        """What is shown, in order."""
        runs = groupby(enumerate(sorted(self.shown)), key=lambda pair: pair[1] - pair[0])
        touching = [[index for _, index in run] for _, run in runs]
        return [Span(self.sentences[run[0]].start, self.sentences[run[-1]].end) for run in touching]

    def pieces(self) -> Iterator[Chunk]:
        """The same as chunks; their tokens in proportion."""
        for span in self.stretches():
            yield replace(self.chunk, span=span, tokens=self.chunk.tokens * len(span) // len(self.chunk.span))


def _excerpts(
    corpus: Corpus, pointed: Mapping[Chunk, Collection[Span]], left: int, count: Callable[[str], int]
) -> list[_Excerpt]:
    """Of the chunks (best first), the sentences `pointed` at that `left` tokens hold with their headers, and as many
    around each as there is room for then: all get their next ones before any gets those after."""
    excerpts: list[_Excerpt] = []
    passed_over = 0
    for chunk, found in pointed.items():
        excerpt = _pointed_at(corpus, chunk, found)
        text = corpus.document(chunk.document_id).text
        stretches = excerpt.stretches()
        cost = len(stretches) * header(corpus, chunk, count) + sum(count(span.of(text)) for span in stretches)
        if cost <= left:
            excerpts.append(excerpt)
            left -= cost
        elif (passed_over := passed_over + 1) == PASSED_OVER:
            break
    for distance in numbers(1):
        grown = False
        for excerpt in excerpts:
            text = corpus.document(excerpt.chunk.document_id).text
            for near in excerpt.around(distance):
                cost = count(excerpt.sentences[near].of(text))
                if cost <= left:
                    excerpt.shown.add(near)
                    left -= cost
                    grown = True
        if not grown:
            break
    return excerpts


def _pointed_at(corpus: Corpus, chunk: Chunk, found: Collection[Span]) -> _Excerpt:
    """The sentences of a chunk that a reader pointed at, whole even where it was shown a part of one."""
    sentences = sentence_spans(corpus.document(chunk.document_id).text, chunk.span)
    pointed = [index for index, each in enumerate(sentences) if any(each.overlaps(span) for span in found)]
    return _Excerpt(chunk, sentences, pointed, set(pointed))
