"""Which sentences help with a question, and the reply that points at them.

Knows what was told where; nothing of prompts.
"""

from __future__ import annotations

from collections.abc import Sequence

from octavo.documents.document import Span
from octavo.reading import prompts
from octavo.reading.options import Strategy
from octavo.training.reader.example import json_reply
from octavo.training.worlds.questions import Question
from octavo.training.worlds.telling import Told

_OPENING_WORDS = 5
_OPENING_CHARACTERS = 10


def helping(asked: Question, told: Told) -> list[Span]:
    """The sentences that help to answer a question: those of its first fact, and those of a later one where the facts
    before it are told as well, without which nobody can know that it is meant."""
    found: list[Span] = []
    for fact in asked.chain:
        spans = told.evidence(fact)
        if not spans:
            break
        found += spans
    return sorted(set(found))


def pointing_reply(strategy: Strategy, text: str, sentences: Sequence[Span], found: Sequence[Sequence[Span]]) -> str:
    """The reply that points, in the way of `strategy`, at the sentences `found` for each question; `sentences` are all
    that were shown of `text`."""
    if strategy == "number":
        numbers = [[sentences.index(span) + 1 for span in spans] for spans in found]
        if len(found) == 1:
            return json_reply({"sentences": numbers[0]})
        return json_reply({str(number): listed for number, listed in enumerate(numbers, start=1)})
    lines = []
    for number, spans in enumerate(found, start=1):
        mark = f"{number}: " if len(found) > 1 else ""
        lines += [mark + _pointer(strategy, span.of(text)) for span in spans]
    return "\n".join(lines) or prompts.NONE


def _pointer(strategy: Strategy, sentence: str) -> str:
    words = sentence.split()
    if strategy == "quote":
        return " ".join(words)
    # A sentence without spaces, as in Chinese, opens with characters.
    return " ".join(words[:_OPENING_WORDS]) if len(words) > 1 else sentence.strip()[:_OPENING_CHARACTERS]
