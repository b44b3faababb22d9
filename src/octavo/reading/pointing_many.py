"""A reply about several questions, taken apart into one reply for each.

Several questions put to a passage in one prompt cost one prompt. What the reader writes is split by the questions'
numbers, so that `pointing.py` reads each part as if that question had been asked alone. Knows nothing of calls.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

import regex

from octavo.errors import InvalidReply
from octavo.models.chat import Completion, Schema, TokenLogprob
from octavo.models.structured import parse_reply
from octavo.reading import pointing, prompts
from octavo.reading.options import Strategy

_NUMBERED = regex.compile(
    r"^\W{0,3}(?:questions?\s*|q)?(\d{1,2}(?:\s*(?:,|&|and)\s*q?\d{1,2})*)\W{0,2}(?:[:)\]]|\.(?!\d))\s*(.*)$",
    regex.IGNORECASE,
)
_NUMBER = regex.compile(r"\d+")


def reply_tokens(strategy: Strategy, questions: int, *, each: int | None = None) -> int:
    """The longest reply about so many questions; `each` is the longest about one, by default the strategy's."""
    return (each or pointing.reply_tokens(strategy)) * questions


def reply_schema(strategy: Strategy, sentences: int, questions: int) -> Schema | None:
    """The schema that the reply is held to, where the strategy has one."""
    if questions == 1:
        return pointing.reply_schema(strategy, sentences)
    return prompts.numbers_for_each_schema(sentences, questions) if strategy == "number" else None


def replies(strategy: Strategy, completion: Completion, *, sentences: int, questions: int) -> tuple[Completion, ...]:
    """The completion as one for each question, in order. Raises `InvalidReply` where it is about none of them."""
    if questions == 1:
        return (completion,)
    if strategy == "number":
        return _by_property(completion, sentences, questions)
    return _by_line(completion, questions)


def _by_property(completion: Completion, sentences: int, questions: int) -> tuple[Completion, ...]:
    reply = parse_reply(completion.text, prompts.numbers_for_each_schema(sentences, questions))
    return tuple(
        replace(
            completion,
            text=json.dumps({"sentences": reply[str(number)]}),
            logprobs=_from_key(completion.logprobs, f'"{number}"'),
        )
        for number in range(1, questions + 1)
    )


def _from_key(logprobs: Sequence[TokenLogprob], key: str) -> tuple[TokenLogprob, ...]:
    """The tokens behind the key of a JSON object, from the one that the key ends in."""
    so_far = ""
    for index, position in enumerate(logprobs):
        so_far += position.token
        if key in so_far:
            return tuple(logprobs[index:])
    return ()


def _by_line(completion: Completion, questions: int) -> tuple[Completion, ...]:
    """Lines go to the question whose number they begin with ("2: ...", "1, 2: ..."), or to that of the line before. A
    reply without any number is about all of them."""
    lines = [line for line in pointing.without_thoughts(completion.text).splitlines() if line.strip()]
    if not lines:
        raise InvalidReply("the reader's reply is empty")
    of_question: list[list[str]] = [[] for _ in range(questions)]
    current: set[int] = set()
    for line in lines:
        numbered = _NUMBERED.match(line)
        named = {int(number) - 1 for number in _NUMBER.findall(numbered[1])} if numbered else set()
        if numbered and named <= set(range(questions)):
            current, said = named, numbered[2]
        else:
            said = line
        if said.strip():
            for index in current:
                of_question[index].append(said)
    if not current:
        of_question = [lines] * questions
    cut_off = completion.finish_reason == "length"
    return tuple(
        replace(
            completion,
            text="\n".join(of_question[index]) or prompts.NONE,
            # Only the last part is cut where the whole is.
            finish_reason="length" if cut_off and index in current else "stop",
            logprobs=(),
        )
        for index in range(questions)
    )
