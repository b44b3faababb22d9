"""octavo's own prompts, taken apart: what a call asks, and what it is shown.

Scripted readers reply to octavo by what stands in these parts. The prompts are recognised by the instructions that
`octavo.reading.prompts` itself makes, so a new wording needs no change here. Knows nothing of facts or replies.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import get_args

from octavo.models.chat import Message
from octavo.reading import prompts
from octavo.reading.options import Strategy

_NOTES_IN_READING = "\n\nNotes from other passages:\n"
_NOTES_IN_ANSWERING = "\n\nFound out on the way:\n"
_NUMBERED_SENTENCE = re.compile(r"\[(\d+)\] ")
_PASSAGE = re.compile(r"(?:^|\n\n)\[(\d+)\] ")
_ENTRY = re.compile(r"^\d+\. (.*)\n   Answer: (.*)$", re.MULTILINE)


class UnknownPrompt(Exception):
    """A call that is none of octavo's as known here."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A passage is to be read for `questions`, with `notes`. `sentences` are those shown: by their numbers where the
    strategy is "number", else one that holds the whole passage."""

    strategy: Strategy
    questions: tuple[str, ...]
    sentences: tuple[str, ...]
    notes: str


@dataclass(frozen=True, slots=True)
class Planning:
    """The next step towards an answer is to be planned; `known` are the questions answered so far, with the answers."""

    question: str
    known: dict[str, str]


@dataclass(frozen=True, slots=True)
class Answering:
    """A question is to be answered from `passages`, by number; `judged`: only whether they suffice. `shown` is all that
    stands before the question, what was found out on the way included."""

    question: str
    passages: dict[int, str]
    shown: str
    judged: bool


@dataclass(frozen=True, slots=True)
class Analysing:
    """A question is to be split into parts, with keywords."""

    question: str


Asked = Reading | Planning | Answering | Analysing


def _system(messages: Sequence[Message]) -> str:
    return messages[0].content


_READS = {
    _system(prompts.read(strategy, "", "", questions)): strategy
    for strategy in get_args(Strategy)
    for questions in (["?"], ["?", "?"])
}
_PLANS = _system(prompts.plan("?", ""))
_ANSWERS = _system(prompts.answer("", "?", None))
_JUDGES = prompts.sufficient("", "?")[-1].content.rsplit("\n\n", 1)[1]
_ANALYSES = _system(prompts.analyse("?", [""])).split("{", 1)[0][:60]


def asked(messages: Sequence[Message]) -> Asked:
    """What a call asks. Raises `UnknownPrompt`."""
    system, user = _system(messages), messages[-1].content
    if strategy := _READS.get(system):
        return _reading(strategy, user)
    if system == _PLANS:
        return _planning(user)
    if system == _ANSWERS:
        return _answering(user)
    if system.startswith(_ANALYSES):
        return Analysing(user.removeprefix("Question: "))
    raise UnknownPrompt(f"{system[:200]!r} ... {user[:200]!r}")


def squeezed(text: str) -> str:
    """`text` with single spaces, so that two can be compared however their lines are broken."""
    return " ".join(text.split())


def _reading(strategy: Strategy, user: str) -> Reading:
    shown, one, question = user.rpartition("\n\nQuestion: ")
    questions: tuple[str, ...] = (question,)
    if not one:
        shown, _, listed = user.rpartition("\n\nQuestions:\n")
        questions = tuple(line.partition(". ")[2] for line in listed.splitlines())
    shown, _, notes = shown.partition(_NOTES_IN_READING)
    passage = shown.partition("\n\n")[2]
    sentences = tuple(_numbered(passage)) if strategy == "number" else (passage,)
    return Reading(strategy, questions, sentences, notes)


def _numbered(passage: str) -> list[str]:
    """The sentences of a numbered passage; a number in brackets that is not the next one belongs to the text."""
    starts: list[re.Match[str]] = []
    for mark in _NUMBERED_SENTENCE.finditer(passage):
        if int(mark[1]) == len(starts) + 1:
            starts.append(mark)
    ends = [mark.start() for mark in starts[1:]] + [len(passage)]
    return [passage[mark.end() : end].strip() for mark, end in zip(starts, ends, strict=True)]


def _planning(user: str) -> Planning:
    asked_for, _, known = user.removeprefix("Question: ").partition("\n\nKnown so far:\n")
    return Planning(asked_for, {entry[1]: entry[2] for entry in _ENTRY.finditer(known)})


def _answering(user: str) -> Answering:
    rest, _, tail = user.rpartition("\n\n")
    shown, _, question = rest.rpartition("\n\nQuestion: ")
    passages = shown.partition(_NOTES_IN_ANSWERING)[0]
    numbered = _PASSAGE.split(passages)
    by_number = {int(number): text for number, text in zip(numbered[1::2], numbered[2::2], strict=True)}
    return Answering(question, by_number, shown, judged=tail == _JUDGES)
