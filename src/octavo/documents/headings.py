"""Headings become sections: spans that nest.

A parser reports where headings stand and how they rank; this module alone decides what each heading's section
covers. It also knows the words by which books number their divisions (BOOK, CHAPTER, 第三回), in whatever format they
appear. It knows nothing of files.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from octavo.documents.document import Section, Span


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading at character `start`; `level` ranks it against the others of its document, 1 the highest."""

    start: int
    level: int
    title: str


_CHINESE_NUMBER = "[0-9０-９零〇○一二三四五六七八九十百千两]+"
_NUMBER_WORDS = (
    "one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|"
    "eighteen|nineteen|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety|"
    "first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|eleventh|twelfth|thirteenth|fourteenth|fifteenth"
)
_NUMBER = rf"(?:[0-9]+|[IVXLC]+|[ivxlc]+|(?i:(?:the )?(?:{_NUMBER_WORDS})(?:[- ](?:{_NUMBER_WORDS}))?))"

# The kinds of division from the largest to the smallest. Book and part share a rank: works disagree on which holds
# which, and the first to appear in a work is its larger.
_RANKS: dict[str, int] = {
    **dict.fromkeys(("volume", "tome", "band", "卷", "部", "集"), 1),
    **dict.fromkeys(("book", "part", "buch", "teil", "livre", "partie", "libro", "parte", "篇", "编"), 2),
    **dict.fromkeys(("act", "幕"), 2),
    **dict.fromkeys(("chapter", "kapitel", "chapitre", "capítulo", "capitolo", "глава", "回", "章"), 3),
    **dict.fromkeys(("scene", "节", "節"), 4),
}
_WORDS = "|".join(sorted((word for word in _RANKS if word.isascii() or len(word) > 1), key=len, reverse=True))
_SIGNS = "".join(word for word in _RANKS if not word.isascii() and len(word) == 1)

# What may follow the number: nothing; a colon, stop or dash with a title; after a space, a title that starts with a
# capital and is no sentence.
_WESTERN = re.compile(
    rf"(?P<word>(?i:{_WORDS}))[ \t]+(?P<number>{_NUMBER})"
    r"(?:[ \t]*[.:]?[ \t]*|[ \t]*[.:—–-]+[ \t]*\S.*|[ \t]+(?:[^a-z\n]*|[A-ZÀ-Þ\"“‘(][^.!?;\n]*))"
)
_EASTERN = re.compile(
    rf"第[ 　]?{_CHINESE_NUMBER}[ 　]?(?P<sign>[{_SIGNS}])(?:[\s　]*|[\s　：:、．.·—-]+[^。；;]*|[（(【《“].*)"
)


@dataclass(frozen=True, slots=True)
class Division:
    """How a numbered heading calls its section: `kind` as written (lower case) and its `rank`, 1 the largest."""

    kind: str
    rank: int


def division(title: str) -> Division | None:
    """The numbered division that `title` announces ("CHAPTER IV", "第三回 贾雨村…"), or None."""
    stripped = title.strip(" \t　*_")
    if match := _WESTERN.fullmatch(stripped):
        kind = match["word"].lower()
    elif match := _EASTERN.fullmatch(stripped):
        kind = match["sign"]
    else:
        return None
    return Division(kind, _RANKS[kind])


def sections_of(headings: Iterable[Heading], length: int) -> tuple[Section, ...]:
    """The sections that `headings`, in order of their starts, make of a text of `length` characters.

    A section ends where the next heading of its level or a higher one starts. Levels are made gapless, so the
    outermost sections have level 1 whatever the source called them. A numbered division is never a sibling of a larger
    one that is open, nor higher than its own kind: the chapters after "BOOK ONE" stand in it even where the source is
    careless of their level.
    """
    found: list[tuple[Heading, int]] = []
    ends: list[int] = []
    open_sections: list[tuple[int, int, Division | None]] = []  # index, level as the source has it, division
    for heading in headings:
        level = heading.level
        called = division(heading.title)
        if called is not None:
            level = max((level, *_lowest_levels(open_sections, called)))
        while open_sections and open_sections[-1][1] >= level:
            ends[open_sections.pop()[0]] = heading.start
        open_sections.append((len(found), level, called))
        found.append((heading, len(open_sections)))
        ends.append(length)
    return tuple(
        Section(heading.title, depth, Span(heading.start, end))
        for (heading, depth), end in zip(found, ends, strict=True)
        if end > heading.start
    )


def _lowest_levels(open_sections: list[tuple[int, int, Division | None]], called: Division) -> Iterator[int]:
    for _, level, other in open_sections:
        if other is not None and other.rank < called.rank:
            yield level + 1
        elif other is not None and other.kind == called.kind:
            yield level


def levels_by_kind(kinds: Iterable[Division]) -> dict[str, int]:
    """Levels for texts that have no marks of level: each kind of division, by rank and then first appearance."""
    first: dict[str, int] = {}
    for order, called in enumerate(kinds):
        first.setdefault(called.kind, order)
    ordered = sorted(first, key=lambda kind: (_RANKS[kind], first[kind]))
    return {kind: level for level, kind in enumerate(ordered, start=1)}
