"""Families told in sentences: the chains of relatives that M-RS (v2) hides in a haystack, and ATC is made of.

The terms and sentences are NeedleBench's, part of its definition (OpenCompass, `datasets/needlebench_v2/atc.py`,
`datasets/needlebench/atc.py`), and so is the order in which the seed is used.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from random import Random

from octavo.errors import EvaluationError
from octavo.evaluation.data_files import read_json
from octavo.evaluation.names import Language
from octavo.evaluation.tasks.needlebench.definition import Version
from octavo.evaluation.tasks.needlebench.needles import LANGUAGE_NAMES

_GENERATIONS: dict[Language, dict[str, int]] = {
    "en": {
        "father": 1,
        "mother": 1,
        "dad": 1,
        "mom": 1,
        "grandfather": 2,
        "grandmother": 2,
        "maternal grandmother": 2,
        "maternal grandfather": 2,
        "paternal grandfather": 2,
        "paternal grandmother": 2,
    },
    "zh": {
        "父亲": 1,
        "母亲": 1,
        "爸爸": 1,
        "妈妈": 1,
        "爷爷": 2,
        "奶奶": 2,
        "姥姥": 2,
        "姥爷": 2,
        "外公": 2,
        "外婆": 2,
    },
}
"""What each term says of its holder: how many generations above."""

_FIRST_FOUR_EN = (
    "{A} is {B}'s {relationship}.",
    "{B}'s {relationship} is {A}.",
    "{A}, as {B}'s {relationship}, has a significant impact on {B}'s upbringing.",
    "{A} is not only {B}'s {relationship} but also {B}'s role model.",
)
_FIRST_FOUR_ZH = (
    "{A}是{B}的{relationship}。",
    "{B}的{relationship}是{A}。",
    "{A}作为{B}的{relationship}，对{B}的成长有重要影响。",
    "{A}不仅是{B}的{relationship}，还是{B}的榜样。",
)
_SENTENCES: dict[tuple[Version, Language], tuple[str, ...]] = {
    ("v1", "en"): (
        *_FIRST_FOUR_EN,
        "{B} is the child of {A}.",
        "For {B}, {A} is not just a {relationship}, but also a friend.",
        "{A} plays the role of {B}'s {relationship} in {B}'s life.",
        "{B} considers {A} as their {relationship}.",
    ),
    ("v1", "zh"): (
        *_FIRST_FOUR_ZH,
        "{B}是{A}所生的孩子。",
        "{A}对{B}来说，不只是一个{relationship}，还是一个朋友。",
        "{A}在{B}的生命中扮演着{relationship}的角色。",
        "{B}把{A}视为其{relationship}。",
    ),
    ("v2", "en"): (
        *_FIRST_FOUR_EN,
        "During {B}'s upbringing, {A} was not only {B}'s {relationship}, but also {B}'s guardian.",
        "For {B}, {A} is not just a {relationship}, but also a friend.",
        "For {B}, {A} is more than just a {relationship}; {A} is a lifelong mentor of {B}.",
    ),
    ("v2", "zh"): (
        *_FIRST_FOUR_ZH,
        "{A}在{B}的成长过程中，不仅仅是{B}的{relationship}，还是{B}的监护人。",
        "{A}对{B}来说，不只是一个{relationship}，还是一个朋友。",
    ),
}


@dataclass(frozen=True, slots=True)
class Chain:
    """People from the eldest to the youngest, each the parent or grandparent of the next; `sentences` say so, one for
    each pair, shuffled; `generations` lie between the two ends."""

    people: tuple[str, ...]
    sentences: tuple[str, ...]
    generations: int

    @property
    def eldest(self) -> str:
        """The answer, as a rule."""
        return self.people[0]

    @property
    def youngest(self) -> str:
        """Whom the question starts from, as a rule."""
        return self.people[-1]


def make_chain(names: Sequence[str], people: int, rng: Random, language: Language, version: Version) -> Chain:
    """A chain of so many people, drawn from `names`. Raises `EvaluationError` where there are fewer names."""
    if people > len(names):
        raise EvaluationError(f"a family of {people:,} people needs as many names, and there are {len(names):,}")
    chosen = rng.sample(names, people)
    terms = _GENERATIONS[language]
    sentences = []
    generations = 0
    for elder, younger in pairwise(chosen):
        sentence = rng.choice(_SENTENCES[version, language])
        term = rng.choice(list(terms))
        sentences.append(sentence.format(A=elder, B=younger, relationship=term))
        generations += terms[term]
    rng.shuffle(sentences)
    return Chain(tuple(chosen), tuple(sentences), generations)


def read_names(path: Path, language: Language) -> list[str]:
    """The names of one language in NeedleBench's `names.json`: a string for each language, with commas between the
    names. Raises `EvaluationError` for any other file."""
    held = read_json(path)
    field = LANGUAGE_NAMES[language]
    if not isinstance(held, dict) or not isinstance(held.get(field), str):
        raise EvaluationError(f'{path}: has no names in the field "{field}"')
    return list(held[field].split(","))
