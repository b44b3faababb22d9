"""How documents divide into the parts that are summarised: sections where there are some, else equal parts.

    whole ── documents ── sections ── ... ── leaves

A leaf is what one call is shown: a section, neighbouring small sections, or a part of a long one. A part has no more
others in it than fit a prompt as summaries; where a section has more, groups of neighbours stand between. The division
depends on the text, the chunks and the limits alone. Knows nothing of models.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice, pairwise
from typing import Literal

from octavo.documents.chunks import Chunk
from octavo.documents.document import Document, DocumentRef, Section, Span
from octavo.documents.sentences import sentence_spans
from octavo.library.corpus import Corpus

Kind = Literal["whole", "document", "section", "part", "group", "excerpt"]
"""What a part is: all documents; one; a section; a piece of one, or text between sections; neighbours put together; a
section that shares its call with others (known only of what was summarised)."""

_DEEPEST = 8
"""Sections nested deeper are text of the section that they stand in."""

_HEADING_TOKENS = 64
"""Text before a first subsection that is no longer (the heading itself, a motto) goes with that subsection."""


@dataclass(frozen=True, eq=False)
class Part:
    """A part to summarise: a leaf with the `chunks` that are shown, or made of `parts`.

    A chunk that holds the end of one part and the start of another is in both, cut to what belongs to each. `document`
    and `span` are None for what stands above documents.
    """

    kind: Kind
    title: str
    document: DocumentRef | None
    span: Span | None
    chunks: tuple[Chunk, ...] = ()
    parts: tuple[Part, ...] = ()

    def all(self) -> Iterator[Part]:
        """This part and all below it."""
        yield self
        for part in self.parts:
            yield from part.all()

    def leaves(self) -> Iterator[Part]:
        """The leaves, in document order."""
        if not self.parts:
            yield self
        for part in self.parts:
            yield from part.leaves()

    @property
    def height(self) -> int:
        """Levels below: 0 for a leaf."""
        return 1 + max((part.height for part in self.parts), default=-1)


@dataclass(frozen=True, slots=True)
class _Block:
    """A section, or text of one outside its subsections. `shown` begins before `span` where a heading goes with it."""

    kind: Kind
    title: str
    span: Span
    shown: Span
    tokens: int
    sections: tuple[Nested, ...] = ()


@dataclass(frozen=True, slots=True)
class Nested:
    """A section and those inside it."""

    section: Section
    inner: tuple[Nested, ...]


def divide(corpus: Corpus, count: Callable[[str], int], *, leaf_tokens: int, fan_in: int) -> Part:
    """The corpus as a tree of parts: a leaf shows at most `leaf_tokens` (of `count`; more only where a single chunk is
    longer), a part has at most `fan_in` (2 or more) others. Text that is white space alone is in no leaf; where there
    is no other, the root is a leaf without chunks."""
    chunks: dict[str, list[Chunk]] = {}
    for chunk in corpus.chunks:
        chunks.setdefault(chunk.document_id, []).append(chunk)
    parts = [
        part
        for reference in corpus.documents
        if reference.id in chunks
        and (part := _Division(corpus.document(reference.id), chunks[reference.id], count, leaf_tokens, fan_in).root())
    ]
    if len(parts) == 1:
        return parts[0]
    return Part("whole", f"{len(parts):,} documents", None, None, parts=_bounded(parts, fan_in))


def divide_section(
    corpus: Corpus, document: Document, section: Section, count: Callable[[str], int], *, leaf_tokens: int, fan_in: int
) -> Part | None:
    """One section as a tree of parts, as `divide`; None where it holds no text."""
    chunks = [chunk for chunk in corpus.chunks if chunk.document_id == document.id]
    return _Division(document, chunks, count, leaf_tokens, fan_in).section(section)


def sections_within(document: Document, span: Span) -> tuple[Nested, ...]:
    """The sections that stand in `span`, nested; of one that is all of it, those inside."""
    found = _nested([section for section in document.sections if _holds(span, section.span)])
    text = document.text
    while len(found) == 1 and not _text_outside(text, span, found[0].section.span):
        found = found[0].inner
    return found


def halved(text: str, chunks: Sequence[Chunk], count: Callable[[str], int]) -> tuple[list[Chunk], list[Chunk]] | None:
    """What a leaf shows, in two halves: between chunks, else between sentences, else inside one. None for what cannot
    be halved."""
    if len(chunks) > 1:
        middle = len(chunks) // 2
        return list(chunks[:middle]), list(chunks[middle:])
    (chunk,) = chunks
    sentences = sentence_spans(text, chunk.span)
    if len(sentences) > 1:
        cut = sentences[len(sentences) // 2].start
    elif len(chunk.span) > 1:
        cut = (chunk.span.start + chunk.span.end) // 2
    else:
        return None
    halves = (Span(chunk.span.start, cut), Span(cut, chunk.span.end))
    first, second = (replace(chunk, span=half, tokens=count(half.of(text))) for half in halves)
    return [first], [second]


class _Division:
    """One document, divided."""

    def __init__(
        self, document: Document, chunks: Sequence[Chunk], count: Callable[[str], int], leaf_tokens: int, fan_in: int
    ) -> None:
        self.document = document
        self.chunks = chunks
        self.ends = [chunk.span.end for chunk in chunks]
        self.count = count
        self.leaf_tokens = leaf_tokens
        self.fan_in = fan_in

    def root(self) -> Part | None:
        everything = Span(0, len(self.document.text))
        sections = _nested(self.document.sections)
        return self._part(self._block("document", self.document.name, everything, everything, sections))

    def section(self, section: Section) -> Part | None:
        inside = sections_within(self.document, section.span)
        return self._part(self._block("section", section.title, section.span, section.span, inside))

    def _part(self, block: _Block) -> Part | None:
        shown = self._clipped(block.shown)
        if not shown:
            return None
        if block.tokens <= self.leaf_tokens or len(shown) == 1:
            return self._made(block.kind, block.title, block.span, chunks=shown)
        parts = self._grouped(self._inner(block)) if block.sections else self._equal(block, shown)
        if len(parts) == 1 and not parts[0].parts and block.kind != "document":
            return replace(parts[0], kind=block.kind, title=block.title, span=block.span)
        return self._made(block.kind, block.title, block.span, parts=_bounded(parts, self.fan_in))

    def _equal(self, block: _Block, shown: Sequence[Chunk]) -> list[Part]:
        """Parts of about the same length, as few as the limit allows."""
        pieces = math.ceil(block.tokens / self.leaf_tokens)
        while True:
            runs = _shared_out(shown, pieces)
            longest = max(sum(chunk.tokens for chunk in run) for run in runs)
            if longest <= self.leaf_tokens:
                break
            if pieces >= len(shown):
                runs = [[chunk] for chunk in shown]
                break
            pieces = min(len(shown), pieces + max(1, pieces // 20))
        return [
            self._made(
                "part",
                f"part {number} of {len(runs)}",
                Span(run[0].span.start, run[-1].span.end),
                chunks=run,
            )
            for number, run in enumerate(runs, start=1)
        ]

    def _inner(self, block: _Block) -> Iterator[_Block]:
        """The sections of a block and the text around them, in order."""
        cursor = block.shown.start
        for nested in block.sections:
            span = nested.section.span
            start = max(cursor, span.start)
            between = self._between(block, Span(cursor, start))
            if between and between.tokens > _HEADING_TOKENS:
                yield between
            elif between:
                start = cursor
            yield self._block("section", nested.section.title, span, Span(start, span.end), nested.inner)
            cursor = max(cursor, span.end)
        if after := self._between(block, Span(cursor, block.shown.end)):
            yield after

    def _between(self, block: _Block, span: Span) -> _Block | None:
        if not span.of(self.document.text).strip():
            return None
        return self._block("part", block.title, span, span, ())

    def _grouped(self, blocks: Iterator[_Block]) -> list[Part]:
        """Parts for the blocks: neighbours that fit one leaf share it."""
        parts: list[Part] = []
        run: list[_Block] = []

        def close() -> None:
            if len(run) == 1 and (part := self._part(run[0])):
                parts.append(part)
            elif len(run) > 1:
                span = Span(run[0].span.start, run[-1].span.end)
                shown = self._clipped(Span(run[0].shown.start, run[-1].shown.end))
                parts.append(self._made("group", _from_to(run[0].title, run[-1].title), span, chunks=shown))
            run.clear()

        for block in blocks:
            if not block.tokens:
                continue
            if run and sum(other.tokens for other in run) + block.tokens > self.leaf_tokens:
                close()
            run.append(block)
        close()
        return parts

    def _block(self, kind: Kind, title: str, span: Span, shown: Span, sections: tuple[Nested, ...]) -> _Block:
        return _Block(kind, title, span, shown, sum(chunk.tokens for chunk in self._clipped(shown)), sections)

    def _clipped(self, span: Span) -> tuple[Chunk, ...]:
        """The chunks that `span` holds, cut to it; those without text are left out."""
        text = self.document.text
        found = []
        for chunk in islice(self.chunks, bisect_right(self.ends, span.start), None):
            if chunk.span.start >= span.end:
                break
            inside = Span(max(chunk.span.start, span.start), min(chunk.span.end, span.end))
            if not inside.of(text).strip():
                continue
            whole = inside == chunk.span
            found.append(chunk if whole else replace(chunk, span=inside, tokens=self.count(inside.of(text))))
        return tuple(found)

    def _made(
        self, kind: Kind, title: str, span: Span, *, chunks: Sequence[Chunk] = (), parts: Sequence[Part] = ()
    ) -> Part:
        return Part(kind, " ".join(title.split()), self.document.ref, span, tuple(chunks), tuple(parts))


def _bounded(parts: Sequence[Part], fan_in: int) -> tuple[Part, ...]:
    """At most `fan_in` parts, neighbours put together evenly until they are: every round leaves fewer."""
    while len(parts) > fan_in:
        runs = _evenly(parts, math.ceil(len(parts) / fan_in))
        parts = [run[0] if len(run) == 1 else _group(run) for run in runs]
    return tuple(parts)


def _group(parts: Sequence[Part]) -> Part:
    document = parts[0].document if len({part.document for part in parts}) == 1 else None
    first, last = parts[0].span, parts[-1].span
    span = Span(first.start, last.end) if document and first and last else None
    return Part("group", _from_to(parts[0].title, parts[-1].title), document, span, parts=tuple(parts))


def _from_to(first: str, last: str) -> str:
    start = first.split(" … ", maxsplit=1)[0]
    end = last.rsplit(" … ", maxsplit=1)[-1]
    return start if start == end else f"{start} … {end}"


def _evenly(parts: Sequence[Part], runs: int) -> list[Sequence[Part]]:
    edges = [len(parts) * number // runs for number in range(runs + 1)]
    return [parts[start:end] for start, end in pairwise(edges) if end > start]


def _shared_out(chunks: Sequence[Chunk], pieces: int) -> list[list[Chunk]]:
    """The chunks in `pieces` runs (or fewer) of about as many tokens."""
    share = max(1, sum(chunk.tokens for chunk in chunks)) / pieces
    runs: list[list[Chunk]] = []
    before, latest = 0, -1
    for chunk in chunks:
        piece = int((before + chunk.tokens / 2) / share)  # the one that the chunk's middle falls into
        if piece != latest:
            runs.append([])
        runs[-1].append(chunk)
        latest = piece
        before += chunk.tokens
    return runs


def _nested(sections: Sequence[Section]) -> tuple[Nested, ...]:
    """Sections in order of their starts, as trees."""
    inner: list[list[int]] = [[] for _ in sections]
    outermost: list[int] = []
    path: list[int] = []
    for index, section in enumerate(sections):
        while path and not _holds(sections[path[-1]].span, section.span):
            path.pop()
        if len(path) < _DEEPEST:
            (inner[path[-1]] if path else outermost).append(index)
            path.append(index)

    def made(index: int) -> Nested:
        return Nested(sections[index], tuple(made(child) for child in inner[index]))

    return tuple(made(index) for index in outermost)


def _holds(outer: Span, inner: Span) -> bool:
    return outer.start <= inner.start and inner.end <= outer.end


def _text_outside(text: str, outer: Span, inner: Span) -> bool:
    return bool(text[outer.start : inner.start].strip() or text[inner.end : outer.end].strip())
