"""Needles: a sentence to hide, the question about it, and the keyword that answers it.

Read from NeedleBench's `needles.jsonl`, or made in the same form from a seed.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from random import Random

from octavo.errors import EvaluationError
from octavo.evaluation.names import Language, islands, items
from octavo.evaluation.records import read_records

LANGUAGE_NAMES: dict[Language, str] = {"en": "English", "zh": "Chinese"}
"""As the benchmark's files write them."""

_FIELDS = ("needle", "retrieval_question", "arg1", "arg2", "language")
_QUESTION_MARKS: dict[Language, str] = {"en": "?", "zh": "？"}


@dataclass(frozen=True, slots=True)
class Needle:
    """`text` stands in the haystack; `question` asks for `keyword` and says how to answer; `place` is what the question
    names (arg1 and arg2 in the benchmark's files)."""

    text: str
    question: str
    place: str
    keyword: str
    language: Language

    @property
    def asked(self) -> str:
        """The question alone, without the way to answer."""
        mark = _QUESTION_MARKS[self.language]
        return self.question.split(mark)[0] + mark

    @property
    def form(self) -> str:
        """The sentence in which the question wants the answer, without its full stop."""
        return self.question.split("'")[1].split("." if self.language == "en" else "。")[0]


def read_needles(path: Path, language: Language) -> list[Needle]:
    """The needles of one language in a `needles.jsonl`, in its order. Raises `EvaluationError` for a file that is no
    such file, naming line and field, or that has none of the language."""
    needles = []
    for record in read_records(path):
        text, question, place, keyword, named = (record.text(field) for field in _FIELDS)
        if named != LANGUAGE_NAMES[language]:
            continue
        if "'" not in question or _QUESTION_MARKS[language] not in question:
            raise record.wrong("retrieval_question", "is no question with the form of its answer in single quotes")
        needles.append(Needle(text, question, place, keyword, language))
    if not needles:
        raise EvaluationError(f"{path}: has no needle in {LANGUAGE_NAMES[language]}; ask for another language")
    return needles


def make_needles(language: Language, seed: int) -> list[Needle]:
    """Fifty needles or more, each with an island and an item of its own."""
    rng = Random(seed)
    places, things = islands(language), items(language)
    rng.shuffle(places)
    rng.shuffle(things)
    return [_needle(place, thing, language) for place, thing in zip(places, things, strict=False)]


def _needle(place: str, thing: str, language: Language) -> Needle:
    # The wording of the benchmark's own needles.
    if language == "en":
        text = f"Hidden on {place} is the legendary {thing}."
        question = (
            f"What legendary item is hidden on {place}? Please answer in the format 'The legendary item hidden on the "
            f"{place} is ______.'"
        )
    else:
        text = f"{place}上隐藏着传说中的{thing}。"
        question = f"{place}上隐藏着什么传说中的物品？请按照'{place}上隐藏的传说中的物品是________。'的格式回答。"
    return Needle(text, question, place, thing, language)


def distinct(needles: list[Needle], count: int, seed: int) -> list[Needle]:
    """The first `count` of the shuffled needles of which no two share a place or a keyword. Raises `EvaluationError`
    where there are fewer."""
    shuffled = list(needles)
    Random(seed).shuffle(shuffled)
    places: set[str] = set()
    keywords: set[str] = set()
    chosen: list[Needle] = []
    for needle in shuffled:
        if len(chosen) < count and needle.place not in places and needle.keyword not in keywords:
            places.add(needle.place)
            keywords.add(needle.keyword)
            chosen.append(needle)
    if len(chosen) < count:
        raise EvaluationError(
            f"{count} needles with places and keywords of their own are needed, and there are "
            f"{len(chosen)}; use a needles.jsonl with more"
        )
    return chosen
