"""NIAH: keys and values hidden among noise, essays, or needles like them (RULER, `data/synthetic/niah.py`)."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Literal

from octavo.evaluation.haystack import insert
from octavo.evaluation.item import Evidence
from octavo.evaluation.names import english_words
from octavo.evaluation.tasks.ruler.drafts import Draft

_Kind = Literal["words", "numbers", "uuids"]

NOISE = "The grass is green. The sky is blue. The sun is yellow. Here we go. There and back again."
"""RULER's noise, which variable tracking is hidden in too."""

TOKENS_TO_GENERATE = 128

# The wording and these parameters are RULER's (`data/synthetic/constants.py`, `synthetic.yaml`).
_NEEDLE = "One of the special magic {kind} for {key} is: {value}."
_BEFORE = (
    "Some special magic {kind} are hidden within the following text. Make sure to memorize it. I will quiz you about "
    "the {kind} afterwards."
)
_QUESTION = "What are all the special magic {kind} for {query} mentioned in the provided text?"
_ANSWER = " The special magic {kind} for {query} mentioned in the provided text are"
_DEPTHS = tuple(round(number * 100 / 39) for number in range(40))


@dataclass(frozen=True, slots=True)
class NeedleTask:
    """What RULER varies: where needles are hidden, what keys and values are, and how many there are of each."""

    haystack: Literal["noise", "essay", "needle"]
    key_kind: _Kind = "words"
    value_kind: _Kind = "numbers"
    keys: int = 1
    values: int = 1
    queries: int = 1

    @property
    def needles(self) -> int:
        """How many are hidden."""
        return max(self.keys, self.queries) * self.values


NEEDLE_TASKS: dict[str, NeedleTask] = {
    "niah_single_1": NeedleTask("noise"),
    "niah_single_2": NeedleTask("essay"),
    "niah_single_3": NeedleTask("essay", value_kind="uuids"),
    "niah_multikey_1": NeedleTask("essay", keys=4),
    "niah_multikey_2": NeedleTask("needle"),
    "niah_multikey_3": NeedleTask("needle", key_kind="uuids", value_kind="uuids"),
    "niah_multivalue": NeedleTask("essay", values=4),
    "niah_multiquery": NeedleTask("essay", queries=4),
}


def needle_draft(task: NeedleTask, seed: str, sentences: Sequence[str]) -> Callable[[int], Draft]:
    """A draft of so many sentences: of the essay that `sentences` are, or of noise or needles."""

    def build(units: int) -> Draft:
        rng = Random(seed)
        keys = [_random(task.key_kind, rng) for _ in range(max(task.keys, task.queries))]
        values = {key: [_random(task.value_kind, rng) for _ in range(task.values)] for key in keys}
        needles = [(key, value) for key in keys for value in values[key]]
        rng.shuffle(needles)
        queried = rng.sample(keys, task.queries)
        if task.haystack == "essay":
            lines, between = list(sentences[:units]), " "
            depths = sorted(rng.sample(_DEPTHS, len(needles)))
            places = [int(len(lines) * (depth / 100)) for depth in depths]
        else:
            between = "\n"
            lines = [NOISE] * units if task.haystack == "noise" else [_distractor(task, rng) for _ in range(units)]
            places = sorted(rng.sample(range(units), len(needles)))
        return _draft(task, lines, between, list(zip(places, needles, strict=True)), queried, values)

    return build


def _draft(
    task: NeedleTask,
    lines: Sequence[str],
    between: str,
    needles: Sequence[tuple[int, tuple[str, str]]],
    queried: Sequence[str],
    values: dict[str, list[str]],
) -> Draft:
    # Each line is followed by `between`; a needle goes in before its line, and the last line's is taken off again.
    offsets = [0]
    for line in lines:
        offsets.append(offsets[-1] + len(line) + len(between))
    text = "".join(f"{line}{between}" for line in lines)
    hidden = insert(
        text,
        len(text),
        [(offsets[place], _sentence(task, key, value) + between) for place, (key, value) in needles],
    )
    evidence = [
        Evidence(_sentence(task, key, value), span)
        for span, (_, (key, value)) in zip(hidden.spans, needles, strict=True)
        if key in queried
    ]
    query = queried[0] if len(queried) == 1 else f"{', '.join(queried[:-1])}, and {queried[-1]}"
    before, question, answer = (_worded(task, text, query) for text in (_BEFORE, _QUESTION, _ANSWER))
    return Draft(
        context=hidden.text.removesuffix(between),
        before=f"{before}\n",
        after=f"\n{question}{answer}",
        question=f"{before}\n{question}",
        answers=tuple(value for key in queried for value in values[key]),
        evidence=tuple(evidence),
    )


def _worded(task: NeedleTask, text: str, query: str) -> str:
    kind: str = task.value_kind
    if task.queries * task.values == 1:
        kind = kind.removesuffix("s")
        for many, one in (("Some", "A"), ("are all", "is"), ("are", "is")):
            text = text.replace(many, one)
    return text.format(kind=kind, query=query)


def _sentence(task: NeedleTask, key: str, value: str) -> str:
    return _NEEDLE.format(kind=task.value_kind, key=key, value=value)


def _distractor(task: NeedleTask, rng: Random) -> str:
    return _sentence(task, _random(task.key_kind, rng), _random(task.value_kind, rng))


def _random(kind: _Kind, rng: Random) -> str:
    match kind:
        case "numbers":
            return str(rng.randint(10**6, 10**7 - 1))
        case "words":
            return f"{rng.choice(english_words('adjective'))}-{rng.choice(english_words('noun'))}"
        case "uuids":
            return str(uuid.UUID(int=rng.getrandbits(128), version=4))
