"""A reader that does exactly what each system asks of it: it sees a planted fact wherever the fact is shown, and never
claims one that is not there.

With it, what a system makes of perfect replies can be measured without a model: every call, prompt and choice is the
system's own. It recognises the prompts of both systems by their wording, replies in the form that each asks for, and
writes keywords of the same words for both. Knows nothing of HTTP.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from facts import Fact
from octavo.models.chat import Message
from octavo.reading import prompts
from octavo.reading.options import Strategy

_OCTAVO_READS: dict[str, Strategy] = {
    "its sentences numbered": "number",
    "word for word, one a line": "quote",
    "copy its first five words": "opening",
}
_OCTAVO_ANALYSES = "Split a question into information"
_OCTAVO_ANSWERS = ("You answer questions from passages of documents", "You are a helpful assistant.")
"""The second is what octavo says to its smallest model; no call of the peer has it as its whole system message."""

_OCTAVO_ASKS_IF_SUFFICIENT = "Do the passages above hold what is needed"

_PEER_READS = ("Please read the provided document excerpt carefully", "请仔细阅读所给的文档片段")
_PEER_KEYWORDS = ("Keywords are provided in JSON format", "关键词以JSON的格式给出")
_PEER_ANSWERS = ("# Knowledge Base", "# 知识库")

ANSWERING = "answering"
READING = "reading"
OTHER = "other"


class UnknownPrompt(Exception):
    """A prompt that is of neither system as known here: the recognition must be brought up to date."""


def kind(messages: Sequence[Message]) -> str:
    """What a call is for: reading a chunk, writing the answer, or anything else."""
    system = _system(messages)
    if _octavo_strategy(system) or _says(system, _PEER_READS):
        return READING
    if _says(system, _PEER_ANSWERS):
        return ANSWERING
    if _answers_for_octavo(system) and _OCTAVO_ASKS_IF_SUFFICIENT not in messages[-1].content[-200:]:
        return ANSWERING
    return OTHER


def reply(fact: Fact, messages: Sequence[Message]) -> str:
    """The faithful reply to a call of either system. Raises `UnknownPrompt`."""
    system, user = _system(messages), messages[-1].content
    if strategy := _octavo_strategy(system):
        return _octavo_reads(fact, strategy, user)
    if system.startswith(_OCTAVO_ANALYSES):
        question = user.removeprefix("Question: ")
        return json.dumps(
            {"information": question, "instruction": "", "keywords": fact.question_words, "whole": False},
            ensure_ascii=False,
        )
    if _answers_for_octavo(system):
        return _octavo_answers(fact, user)
    if _says(system, _PEER_READS):
        excerpt = re.split(r"\n# (?:Question:|问题：)\n", user)[0]
        if fact.shown_in(excerpt):
            return json.dumps({"res": "ans", "content": fact.sentence}, ensure_ascii=False)
        return json.dumps({"res": "none", "content": "<None>"})
    if _says(user, _PEER_KEYWORDS):
        return _peer_keywords(fact, user)
    if _says(system, _PEER_ANSWERS):
        return fact.sentence if fact.shown_in(system) else "The knowledge base does not say."
    raise UnknownPrompt(f"{system[:200]!r} ... {user[:200]!r}")


def _answers_for_octavo(system: str) -> bool:
    described, plain = _OCTAVO_ANSWERS
    return system.startswith(described) or system == plain


def _octavo_strategy(system: str) -> Strategy | None:
    return next((strategy for mark, strategy in _OCTAVO_READS.items() if mark in system), None)


def _octavo_reads(fact: Fact, strategy: Strategy, user: str) -> str:
    passage = user.rsplit("\n\nQuestion: ", 1)[0]
    if strategy == "number":
        numbered = re.split(r"\[(\d+)\] ", passage)
        numbers = [
            int(number) for number, text in zip(numbered[1::2], numbered[2::2], strict=True) if fact.core in text
        ]
        return json.dumps({"sentences": numbers})
    if not fact.shown_in(passage):
        return prompts.NONE
    return fact.sentence if strategy == "quote" else " ".join(fact.sentence.split()[:5])


def _octavo_answers(fact: Fact, user: str) -> str:
    if _OCTAVO_ASKS_IF_SUFFICIENT in user[-200:]:
        return json.dumps({"sufficient": fact.shown_in(user)})
    if not fact.shown_in(user):
        return prompts.NOT_FOUND
    numbers = re.findall(r"^\[(\d+)\] ", user[: user.index(fact.core)], re.MULTILINE)
    return f"{fact.sentence} [{numbers[-1]}]"


def _peer_keywords(fact: Fact, user: str) -> str:
    asked = user.rsplit("Question: ", 1)[-1]
    words = fact.sentence_words if fact.core in asked else ()
    keywords = list(dict.fromkeys((*fact.question_words, *words)))
    english = [word for word in keywords if word.isascii()]
    chinese = [word for word in keywords if not word.isascii()]
    return json.dumps({"keywords_zh": chinese, "keywords_en": english}, ensure_ascii=False)


def _system(messages: Sequence[Message]) -> str:
    return messages[0].content if messages[0].role == "system" else ""


def _says(text: str, marks: Sequence[str]) -> bool:
    return any(mark in text for mark in marks)
