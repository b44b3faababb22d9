"""How a reader points at sentences, and how its reply is mapped onto exact spans.

Three strategies: by number (the sentences are numbered in the prompt, the reply is JSON), by quote, by opening words
(both cost tokens only where something is found). Whatever the model writes, what comes out are spans of sentences that
it was shown; what cannot be mapped is dropped, so a quotation is exact by construction. Knows nothing of calls.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import regex

from octavo.documents.document import Span
from octavo.errors import InvalidReply
from octavo.models.chat import Completion, Schema, TokenLogprob
from octavo.models.structured import parse_reply
from octavo.reading import prompts
from octavo.reading.options import Strategy
from octavo.retrieval.terms import terms

_REPLY_TOKENS: dict[Strategy, int] = {"number": 48, "quote": 160, "opening": 64}
_LEAST_OVERLAP = 0.75
"""The share of a quoted line's terms that a sentence must hold to be what the line means."""

_NONE = regex.compile(
    r"\W*(?:none(?: of (?:the|these|them)\b[^.\n]*)?|no sentences?\b[^.\n]*|not found|n/?a|无|没有[\p{Han}]{0,12})\W*",
    regex.IGNORECASE,
)
_THOUGHT = regex.compile(r"^\s*<think>.*?</think>", regex.DOTALL)
_LIST_MARK = regex.compile(r"^\s*(?:[-*•]|\(?\d{1,3}[.):\]])\s+")
_MARKS = regex.compile(r"[\p{P}\p{S}\s]+")


@dataclass(frozen=True, slots=True)
class Pointing:
    """What a reply points at: sentence spans in document order, none where nothing helps. `confidence` is the
    probability that the reply is not "none", where the endpoint told. `dropped` counts what could not be mapped."""

    sentences: tuple[Span, ...]
    confidence: float | None = None
    dropped: int = 0


def reply_tokens(strategy: Strategy) -> int:
    """The longest reply that the strategy needs."""
    return _REPLY_TOKENS[strategy]


def reply_schema(strategy: Strategy, sentences: int) -> Schema | None:
    """The schema that the reply is held to, where the strategy has one."""
    return prompts.numbers_schema(sentences) if strategy == "number" else None


def show(strategy: Strategy, text: str, sentences: Sequence[Span]) -> str:
    """The passage made of `sentences` (spans of `text`, adjoining) as the reader sees it."""
    if strategy == "number":
        return " ".join(f"[{number}] {span.of(text).strip()}" for number, span in enumerate(sentences, start=1))
    return text[sentences[0].start : sentences[-1].end].strip()


def understand(strategy: Strategy, completion: Completion, text: str, sentences: Sequence[Span]) -> Pointing:
    """Map a reply onto the sentences shown. Raises `InvalidReply` where it is neither a pointing nor a "none"."""
    if strategy == "number":
        return _understand_numbers(completion, sentences)
    return _understand_lines(strategy, completion, text, sentences)


def _understand_numbers(completion: Completion, sentences: Sequence[Span]) -> Pointing:
    reply = parse_reply(completion.text, prompts.numbers_schema(len(sentences)))
    numbers = [number for number in reply["sentences"] if isinstance(number, int)]
    valid = sorted({number for number in numbers if 1 <= number <= len(sentences)})
    return Pointing(
        tuple(sentences[number - 1] for number in valid),
        _confidence(completion.logprobs, _opens_empty_list, _opens_list_of_numbers),
        dropped=len(numbers) - len([number for number in numbers if 1 <= number <= len(sentences)]),
    )


def _understand_lines(strategy: Strategy, completion: Completion, text: str, sentences: Sequence[Span]) -> Pointing:
    confidence = _confidence(completion.logprobs, _begins_none, _begins_otherwise)
    lines = [_LIST_MARK.sub("", line).strip() for line in without_thoughts(completion.text).splitlines()]
    lines = [line for line in lines if line]
    if not lines:
        raise InvalidReply("the reader's reply is empty")
    if completion.finish_reason == "length" and strategy == "opening" and len(lines) > 1:
        lines.pop()  # cut off in the middle of the opening words
    find = _find_quote if strategy == "quote" else _find_opening
    shown = [_plain(span.of(text)) for span in sentences]
    # A sentence of the passage may begin with the word for none itself.
    if _NONE.fullmatch(lines[0]) and _plain(lines[0]) not in shown:
        return Pointing((), confidence)
    found: set[int] = set()
    dropped = 0
    for line in lines:
        indices = find(_plain(line), shown)
        found.update(indices)
        dropped += not indices
    return Pointing(tuple(sentences[index] for index in sorted(found)), confidence, dropped)


def without_thoughts(reply: str) -> str:
    """A reply without the thoughts that stand before it."""
    return _THOUGHT.sub("", reply)


def _plain(text: str) -> str:
    """Letters and digits only, lower-cased, single spaces: how texts are compared."""
    return _MARKS.sub(" ", text.casefold()).strip()


def _find_quote(line: str, shown: Sequence[str]) -> list[int]:
    """The sentences that a quoted line is, contains, is part of, or nearly is."""
    if len(line) < 2:
        return []
    exact = [
        index for index, sentence in enumerate(shown) if sentence and (line in sentence or _contains(line, sentence))
    ]
    if exact:
        return exact
    wanted = set(terms(line))
    if not wanted:
        return []
    overlaps = [len(wanted & set(terms(sentence))) / len(wanted) for sentence in shown]
    best = max(range(len(shown)), key=overlaps.__getitem__)
    return [best] if overlaps[best] >= _LEAST_OVERLAP else []


def _contains(line: str, sentence: str, least: int = 12) -> bool:
    return len(sentence) >= least and sentence in line


def _find_opening(line: str, shown: Sequence[str]) -> list[int]:
    """The one sentence that begins with the line's words, or else holds them."""
    if len(line) < 2:
        return []
    words = line.split()[:5]
    start = " ".join(words)
    for index, sentence in enumerate(shown):
        if sentence.startswith(start) or (sentence and line.startswith(sentence)):
            return [index]
    holding = [index for index, sentence in enumerate(shown) if start in sentence]
    return holding[:1]


# --- confidence -----------------------------------------------------------------------------------------------------


def _confidence(
    logprobs: Sequence[TokenLogprob],
    is_none: Callable[[str, str], bool],
    is_some: Callable[[str, str], bool],
) -> float | None:
    """The probability that the reply is not "none", from the first tokens at which that is decided.

    At each token, the alternatives that decide for "none" and those that decide against it are summed; one that
    decides nothing leads on to the next token. `is_none` and `is_some` judge (reply so far, alternative).
    """
    none = some = 0.0
    reach = 1.0
    so_far = ""
    for position in logprobs[:12]:
        alternatives = dict(position.top) | {position.token: position.logprob}
        undecided = 0.0
        for token, logprob in alternatives.items():
            if is_none(so_far, token):
                none += reach * math.exp(logprob)
            elif is_some(so_far, token):
                some += reach * math.exp(logprob)
            elif token == position.token:
                undecided = math.exp(logprob)
        if not undecided:
            break
        reach *= undecided
        so_far += position.token
    return some / (none + some) if none + some > 0 else None


def _begins_none(so_far: str, token: str) -> bool:
    begun = (so_far + token).strip().casefold()
    return begun.startswith("none") or (so_far == "" and len(begun) >= 2 and "none".startswith(begun))


def _begins_otherwise(so_far: str, token: str) -> bool:
    begun = (so_far + token).strip().casefold()
    return bool(begun) and not "none".startswith(begun)


def _opens_empty_list(so_far: str, token: str) -> bool:
    begun = so_far + token
    return "[" in begun and begun.split("[", 1)[1].strip().startswith("]")


def _opens_list_of_numbers(so_far: str, token: str) -> bool:
    begun = so_far + token
    return "[" in begun and begun.split("[", 1)[1].strip()[:1].isdigit()
