"""How facts are told: single sentences, and passages in which some stand among others or in real text.

What comes out says where each fact was told, to the sentence. Knows worlds and text; nothing of prompts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

import regex

from octavo.documents.document import Span
from octavo.documents.sentences import sentence_spans
from octavo.evaluation.names import Language
from octavo.training.worlds.relations import phrase, sentence
from octavo.training.worlds.world import Fact

_OPENERS = {
    "en": (
        "As the records show, ",
        "According to the chronicle, ",
        "It is well known that ",
        "By all accounts, ",
        "If the letters can be trusted, ",
        "As was said at the time, ",
        "The story goes that ",
    ),
    "zh": ("据记载，", "听老人说，", "众所周知，", "从信里看，", "当时的人都说，", "按县志的说法，"),
}
_OPENED_SHARE = 0.2

_NEAR = 16
_ENDED = regex.compile(r"[.!?\u3002\uff01\uff1f][\"'\u201d\u2019)\u300d\u300f]*\s*$")
"""The end of a sentence behind which another may stand."""


@dataclass(frozen=True, slots=True)
class Told:
    """A text, and the facts told in it with the sentences that tell them (spans of the text). It is `clean` where each
    of these sentences is what was said and nothing else: real text runs on into some."""

    text: str
    facts: tuple[tuple[Fact, Span], ...]
    clean: bool = True

    def evidence(self, asked: Fact) -> list[Span]:
        """The sentences that answer a question after the object of `asked`, in order."""
        return sorted({span for fact, span in self.facts if fact.answers(asked)})


def statement(fact: Fact, language: Language, rng: Random) -> str:
    """The fact in a sentence of its own."""
    template = rng.choice(fact.relation.words[language].says)
    # After an opener only a name keeps its capital.
    if template.startswith(("{s}", "{o}")) and rng.random() < _OPENED_SHARE:
        return rng.choice(_OPENERS[language]) + phrase(template, fact.subject.name, fact.answer)
    return sentence(template, fact.subject.name, fact.answer)


def told_together(facts: Sequence[Fact], language: Language, rng: Random) -> Told:
    """A text of these facts alone, in paragraphs of two to six sentences."""
    between = " " if language == "en" else ""
    text = ""
    places: list[tuple[Fact, Span]] = []
    left = 0
    for fact in facts:
        if left == 0:
            text = f"{text.rstrip()}\n\n" if text else ""
            left = rng.randrange(2, 7)
        said = statement(fact, language, rng)
        places.append((fact, Span(len(text), len(text) + len(said))))
        text += said + between
        left -= 1
    return _by_sentences(text.rstrip(), places)


def told_in(text: str, facts: Sequence[Fact], language: Language, rng: Random) -> Told:
    """A real text with these facts put in, each between two of its sentences: where one ended, not where a line did."""
    boundaries = [
        span.start for span in sentence_spans(text) if _ENDED.search(text, max(0, span.start - _NEAR), span.start)
    ] or [len(text)]
    between = " " if language == "en" else ""
    places: list[tuple[Fact, Span]] = []
    for fact, at in sorted(((fact, rng.choice(boundaries)) for fact in facts), key=lambda pair: -pair[1]):
        said = statement(fact, language, rng)
        shift = len(said) + len(between)
        text = text[:at] + said + between + text[at:]
        places = [(other, Span(span.start + shift, span.end + shift)) for other, span in places]
        places.append((fact, Span(at, at + len(said))))
    return _by_sentences(text, places)


def _by_sentences(text: str, places: Sequence[tuple[Fact, Span]]) -> Told:
    """The facts with the whole sentences that they stand in, as a reader is shown them."""
    sentences = [span for span in sentence_spans(text) if span.of(text).strip()]
    found = [(fact, span) for fact, place in places for span in sentences if span.overlaps(place)]
    said = [place.of(text).strip() for _, place in places]
    return Told(text, tuple(found), clean=[span.of(text).strip() for _, span in found] == said)
