"""Names made from a seed: people, islands, legendary items, words, in English and Chinese.

For benchmarks whose own lists are not at hand; the parts that names are made of stand in `names.toml`. Lists come in a
fixed order, to be drawn from by the caller. Knows nothing of tasks.
"""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from itertools import product
from random import Random
from typing import Literal

from octavo.errors import MissingExtra

Language = Literal["en", "zh"]
"""The languages in which names can be made."""

_ONSETS = ("b", "br", "c", "ch", "d", "dr", "f", "fl", "g", "gr", "h", "j", "k", "l", "m", "n", "p", "pl", "r", "s")
_VOWELS = ("a", "e", "i", "o", "u", "ai", "ea", "ee", "oa", "ou")
_CODAS = ("", "b", "ck", "d", "g", "l", "m", "n", "nd", "p", "r", "rn", "s", "st", "t", "x")


def people(language: Language) -> list[str]:
    """All names that people can have, each once: more than 2,000."""
    parts = _parts()["people"][language]
    between = " " if language == "en" else ""
    return [between.join(pair) for pair in product(parts["first"].split(), parts["last"].split())]


def islands(language: Language) -> list[str]:
    """All names of islands: "Amber Island", "碧波岛"."""
    named = _parts()["islands"][language]["all"].split()
    return [f"{name} Island" if language == "en" else f"{name}岛" for name in named]


def items(language: Language) -> list[str]:
    """All names of legendary items: "Dream Bubble", "魔法之源"."""
    parts = _parts()["items"][language]
    between = " " if language == "en" else ""
    return [between.join(pair) for pair in product(parts["first"].split(), parts["last"].split())]


@cache
def english_words(kind: Literal["noun", "adjective", "verb"]) -> tuple[str, ...]:
    """The words of the package `wonderwords`, which RULER takes its words from, in its own order. Raises `MissingExtra`
    where it is not installed."""
    try:
        listed = (files("wonderwords.assets") / f"{kind}list.txt").read_text(encoding="utf-8")
    except ModuleNotFoundError as error:
        raise MissingExtra("the word list of RULER", "eval") from error
    return tuple(word for line in listed.splitlines() if (word := line.rstrip()))


def made_up_words(count: int, rng: Random, *, besides: frozenset[str] = frozenset()) -> list[str]:
    """`count` different pronounceable words of two or three syllables, none of them in `besides`."""
    made: dict[str, None] = {}
    while len(made) < count:
        syllables = range(rng.choice((2, 3)))
        word = "".join(rng.choice(_ONSETS) + rng.choice(_VOWELS) for _ in syllables) + rng.choice(_CODAS)
        if word not in besides:
            made[word] = None
    return list(made)


@cache
def _parts() -> dict[str, dict[Language, dict[str, str]]]:
    parts: dict[str, dict[Language, dict[str, str]]] = tomllib.loads(
        (files("octavo.evaluation") / "names.toml").read_text(encoding="utf-8")
    )
    return parts
