"""A section or document is found by what people call it. Knows titles; nothing of models."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher

import regex

from octavo.documents.document import Document, Section
from octavo.errors import UsageError
from octavo.library.corpus import Corpus

_LIKE = 0.75
"""How like a title must be to what is asked for, from 0 to 1, where it does not hold its words."""

_TITLES_TOLD = 12
_MARKS = regex.compile(r"[\p{P}\p{S}\s]+")


@dataclass(frozen=True, slots=True)
class Titled:
    """A section of a document, or, without one, the document itself. `path` are the titles of the sections around it
    and its own."""

    document: Document
    section: Section | None
    path: tuple[str, ...]

    @property
    def title(self) -> str:
        """Its own title."""
        return self.path[-1]


def find_titled(corpus: Corpus, title: str) -> Titled:
    """The section or document whose title, alone or behind those around it, is most like `title`; of equals the first.
    Case and marks do not count. Raises `UsageError` with some of the titles that there are."""
    wanted = _plain(title)
    best: Titled | None = None
    most = 0.0
    for place in titled(corpus):
        likeness = _likeness(wanted, place)
        if likeness > most:
            best, most = place, likeness
    if best is None:
        raise UsageError(f"no section is called {title!r}{_choice(corpus)}")
    return best


def titled(corpus: Corpus) -> Iterator[Titled]:
    """Everything in the corpus that has a title, in order."""
    for reference in corpus.documents:
        document = corpus.document(reference.id)
        yield Titled(document, None, (document.name,))
        for section in document.sections:
            path = document.section_path(section.span.start)
            yield Titled(document, section, path or (section.title,))


def _likeness(wanted: str, place: Titled) -> float:
    """From 0 (something else) to 4 (its title); the more of a title is asked for, the more like."""
    own, full = _plain(place.title), _plain(" ".join((place.document.name, *place.path)))
    if not wanted or not own:
        return 0.0
    if wanted == own:
        return 4.0
    if f" {full}".endswith(f" {wanted}"):
        return 3.0
    words, of_own = set(wanted.split()), set(own.split())
    if words <= set(full.split()) and words & of_own:
        return 2.0 + len(words & of_own) / len(of_own)
    if f" {wanted} " in f" {own} " or (wanted in own and not own.isascii()):
        return 1.0 + len(wanted) / len(own)
    like = SequenceMatcher(None, wanted, own, autojunk=False)
    return like.ratio() if like.real_quick_ratio() >= _LIKE and like.ratio() >= _LIKE else 0.0


def _choice(corpus: Corpus) -> str:
    titles = list(dict.fromkeys(place.title for place in titled(corpus) if place.section))
    if not titles:
        return ": the documents have no sections"
    told = ", ".join(titles[:_TITLES_TOLD])
    return f"; there are: {told}" + (f" and {len(titles) - _TITLES_TOLD:,} more" if len(titles) > _TITLES_TOLD else "")


def _plain(text: str) -> str:
    return _MARKS.sub(" ", text.casefold()).strip()
