"""What a document is: text, and spans of it.

Character offsets are the one currency of octavo: sections, pages, chunks, sentences and citations are all spans of
`Document.text`. This module knows nothing of files, parsers, tokens or models.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Characters `start` to `end` (half open) of a document's text."""

    start: int
    end: int

    def __len__(self) -> int:
        return self.end - self.start

    def of(self, text: str) -> str:
        """The characters themselves."""
        return text[self.start : self.end]

    def overlaps(self, other: Span) -> bool:
        """Whether the two share at least one character."""
        return self.start < other.end and other.start < self.end


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and all that stands under it, subsections included.

    `level` is 1 for the outermost; `span` starts at the heading itself. The sections of a document are in order of
    their starts and nest: a section's span contains those of its subsections.
    """

    title: str
    level: int
    span: Span


@dataclass(frozen=True, slots=True)
class Page:
    """A page of the original, `number` counted from 1."""

    number: int
    span: Span


@dataclass(frozen=True, slots=True)
class DocumentRef:
    """A document's id and the name that people know it by."""

    id: str
    name: str


@dataclass(frozen=True)
class Document:
    """The extracted text of one source, with its sections and pages as spans.

    `id` is the hash of the text, so spans never shift under an id; two sources with the same text are one document.
    `name` is what people call it: a title where the source has one, else the file's name.
    """

    id: str
    name: str
    media_type: str
    text: str
    sections: tuple[Section, ...] = ()
    pages: tuple[Page, ...] = ()

    @classmethod
    def of(
        cls,
        text: str,
        *,
        name: str,
        media_type: str = "text/plain",
        sections: Sequence[Section] = (),
        pages: Sequence[Page] = (),
    ) -> Document:
        """A document with the id that its text has."""
        return cls(text_id(text), name, media_type, text, tuple(sections), tuple(pages))

    @property
    def ref(self) -> DocumentRef:
        """Id and name."""
        return DocumentRef(self.id, self.name)

    def section_path(self, offset: int) -> tuple[str, ...]:
        """The titles of the sections that the character at `offset` stands in, outermost first."""
        index: int | None = bisect_right(self._section_starts, offset) - 1
        path: list[str] = []
        while index is not None and index >= 0:
            if offset < self.sections[index].span.end:
                path.append(self.sections[index].title)
            index = self._parents[index]
        return tuple(reversed(path))

    def page_at(self, offset: int) -> int | None:
        """The number of the page that the character at `offset` stands on; None where there are no pages."""
        index = bisect_right(self._page_starts, offset) - 1
        return self.pages[index].number if index >= 0 else None

    @cached_property
    def _section_starts(self) -> list[int]:
        return [section.span.start for section in self.sections]

    @cached_property
    def _parents(self) -> list[int | None]:
        parents: list[int | None] = []
        open_sections: list[int] = []
        for index, section in enumerate(self.sections):
            while open_sections and self.sections[open_sections[-1]].level >= section.level:
                open_sections.pop()
            parents.append(open_sections[-1] if open_sections else None)
            open_sections.append(index)
        return parents

    @cached_property
    def _page_starts(self) -> list[int]:
        return [page.span.start for page in self.pages]


def text_id(text: str) -> str:
    """The id of the document with this text: the first 32 hexadecimal digits of its SHA-256."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]
