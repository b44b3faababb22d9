"""A cited text is sentences with their citations: taken apart, and put together again under new numbers.

Knows texts and markers; nothing of models.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import regex

from octavo.reading.answer import Citation
from octavo.reading.citing import split_sentences

_MARKER = regex.compile(r"\s?(\[\d+\])")
_NO_SPACE_AFTER = ("。", "！", "？", "」", "』")


@dataclass(frozen=True, slots=True)
class Statement:
    """A sentence without markers, and what it cites."""

    text: str
    citations: tuple[Citation, ...] = ()


def statements_of(text: str, citations: Sequence[Citation]) -> list[Statement]:
    """The sentences of a text whose markers are those of `citations`; other brackets stay."""
    known = {citation.marker: citation for citation in citations}
    found = []
    for sentence in split_sentences(text):
        markers = dict.fromkeys(marker for marker in _MARKER.findall(sentence) if marker in known)
        plain = _MARKER.sub(lambda match: "" if match[1] in known else match[0], sentence).strip()
        if plain:
            found.append(Statement(plain, tuple(known[marker] for marker in markers)))
    return found


def plain_text(statements: Iterable[Statement]) -> str:
    """The sentences as one text, without markers."""
    text = ""
    for statement in statements:
        between = "" if not text or text.endswith(_NO_SPACE_AFTER) else " "
        text += between + statement.text
    return text


def cited_text(statements: Iterable[Statement]) -> tuple[str, tuple[Citation, ...]]:
    """The sentences as one text with markers in order of appearance, and the citations that they point at."""
    citations: dict[Citation, Citation] = {}
    told = []
    for statement in statements:
        markers = []
        for citation in statement.citations:
            nameless = replace(citation, marker="")
            numbered = citations.setdefault(nameless, replace(citation, marker=f"[{len(citations) + 1}]"))
            markers.append(numbered.marker)
        told.append(Statement(f"{statement.text} {''.join(markers)}" if markers else statement.text))
    return plain_text(told), tuple(citations.values())
