"""Which sentences help with a question, and the reply that points at them.

A quote begins with what the question names: "Who taught Ada?" is helped by "Ada learned everything from Emil.", and of
"As the letters say, Ada learned ..." it is "Ada learned ...". Small models look up what followed a word before (the
induction heads of Olsson et al. 2022, arXiv 2209.11895): having said the name, they go on as the passage does. The
first word of a sentence is harder for them, as nothing in it tells what the sentence is about.

Knows what was told where; nothing of prompts.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product, takewhile

import regex

from octavo.documents.document import Span
from octavo.reading import prompts
from octavo.reading.options import Strategy
from octavo.retrieval.terms import content_terms, terms
from octavo.training.reader.example import json_reply
from octavo.training.worlds.questions import Question
from octavo.training.worlds.telling import Told

_OPENING_WORDS = 5
_OPENING_CHARACTERS = 10

_PARTS = regex.compile(r"\p{Han}|[^\s\p{Han}]+")
"""What a quote may begin with: words, or characters of a script without spaces."""
_BEHIND = 2
"""Parts that stand at least behind what the question names, for a quote to begin with that: else it begins as many
before it as are missing."""


def helping(asked: Question, told: Told) -> list[Span]:
    """The sentences that help to answer a question, in the order of its facts: those of its first fact, and those of a
    later one where the facts before it are told as well, without which nobody can know that it is meant."""
    found: dict[Span, None] = {}
    for fact in asked.chain:
        spans = told.evidence(fact)
        if not spans:
            break
        found.update(dict.fromkeys(spans))
    return list(found)


def pointing_reply(
    strategy: Strategy, text: str, sentences: Sequence[Span], question: str, found: Sequence[Span]
) -> str:
    """The reply that points, in the way of `strategy`, at the sentences `found`; `sentences` are all that were shown of
    `text`."""
    if strategy == "number":
        return json_reply({"sentences": [sentences.index(span) + 1 for span in found]})
    lines, named = [], question
    for span in found:
        lines.append(_pointer(strategy, span.of(text), named))
        named = f"{named} {lines[-1]}"
    return "\n".join(lines) or prompts.NONE


def _pointer(strategy: Strategy, sentence: str, named: str) -> str:
    words = sentence.split()
    if strategy == "quote":
        return " ".join(_from_what_is_named(sentence, named).split())
    # A sentence without spaces, as in Chinese, opens with characters.
    return " ".join(words[:_OPENING_WORDS]) if len(words) > 1 else sentence.strip()[:_OPENING_CHARACTERS]


def _from_what_is_named(sentence: str, named: str) -> str:
    """The sentence from the longest run of words on that stands in `named` too; all of it where there is none."""
    parts = list(_PARTS.finditer(sentence))
    said = [terms(part[0]) for part in parts]
    telling = [bool(content_terms(part[0])) for part in parts]
    asked = [terms(part) for part in _PARTS.findall(named)]
    best, begin, end = 0, 0, len(parts)
    for start, other in product(range(len(said)), range(len(asked))):
        stop = start + _common(said[start:], asked[other:])
        if sum(telling[start:stop]) > best:
            best, begin, end = sum(telling[start:stop]), start, stop
    if not best:
        return sentence
    return sentence[parts[max(0, min(begin, len(parts) - (end - begin) - _BEHIND))].start() :]


def _common(one: Sequence[list[str]], other: Sequence[list[str]]) -> int:
    """How many parts both begin with; one without terms, such as a dash, ends that."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] and pair[0] == pair[1], zip(one, other, strict=False)))
