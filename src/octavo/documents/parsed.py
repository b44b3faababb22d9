"""What a parser makes of a file: text, a title, sections and pages.

The one type that parsers return and that travels back from the process they run in.
"""

from __future__ import annotations

from dataclasses import dataclass

from octavo.documents.document import Page, Section


@dataclass(frozen=True, slots=True)
class Parsed:
    """The extracted `text`; sections and pages are spans of it. `title` is the source's own, None where it has none."""

    text: str
    title: str | None = None
    sections: tuple[Section, ...] = ()
    pages: tuple[Page, ...] = ()


def one_line(text: str) -> str:
    """`text` as a title: on one line, single spaces, no more than 200 characters."""
    return " ".join(text.split())[:200]
