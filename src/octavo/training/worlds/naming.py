"""Names for the things of a world, drawn from the parts in `names.toml`: each kind of thing has its own way.

A name is given once only by one `Namer`. Knows nothing of relations.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from functools import cache
from importlib.resources import files
from random import Random
from typing import Any

from octavo.evaluation.names import Language

KINDS = ("person", "town", "river", "company", "book", "object", "building", "place", "relic")
"""The kinds of things."""

_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
_TRIES = 1_000


class Namer:
    """Draws names, each once, and values."""

    def __init__(self, language: Language, rng: Random) -> None:
        self._language: Language = language
        self._rng = rng
        self._given: set[str] = set()

    def name(self, kind: str) -> str:
        """A name that was not given before. Raises `ValueError` where the parts allow no more."""
        make = (_ENGLISH if self._language == "en" else _CHINESE)[kind]
        for _ in range(_TRIES):
            name = make(self._rng)
            if name not in self._given:
                self._given.add(name)
                return name
        raise ValueError(f"there are no more names for things of the kind {kind}")

    def value(self, what: str) -> str:
        """A "year", "number" or "date", or one of a list of values."""
        rng = self._rng
        match what:
            case "year":
                return str(rng.randrange(1580, 1995))
            case "number":
                return str(rng.randrange(11, 990))
            case "date":
                month, day = rng.randrange(12), rng.randrange(1, 29)
                return f"{day} {_MONTHS[month]}" if self._language == "en" else f"{month + 1}月{day}日"
            case _:
                values: str = _parts()["values"][what][self._language]
                return rng.choice(values.split("|"))


# --- English --------------------------------------------------------------------------------------------------------


def _words(part: str, language: Language = "en") -> list[str]:
    held: str = _parts()[language][part]
    return [" ".join(word.split()) for word in (held.split("|") if "|" in held else held.split())]


def _english_person(rng: Random) -> str:
    return f"{rng.choice(_words('first'))} {rng.choice(_words('last'))}"


def _english_town(rng: Random) -> str:
    return rng.choice(_words("town_start")) + rng.choice(_words("town_end"))


def _english_river(rng: Random) -> str:
    return f"the {rng.choice(_words('river'))}" if rng.random() < 0.6 else f"the River {rng.choice(_words('river'))}"


def _english_company(rng: Random) -> str:
    what = rng.choice(_words("company"))
    name = rng.choice(_words("last")) if rng.random() < 0.7 else _english_town(rng)
    return f"{name} {what}"


def _english_book(rng: Random) -> str:
    return f"The {rng.choice(_words('book_adjective'))} {rng.choice(_words('book_noun'))}"


def _english_object(rng: Random) -> str:
    owner = rng.choice(_words("last")) if rng.random() < 0.5 else _english_town(rng)
    return f"the {rng.choice(_words('thing_adjective'))} {rng.choice(_words('thing_noun'))} of {owner}"


def _english_building(rng: Random) -> str:
    name = rng.choice(_words("last")) if rng.random() < 0.5 else _english_town(rng)
    return f"{name} {rng.choice(_words('building_kind'))}"


def _english_place(rng: Random) -> str:
    return rng.choice(_words("place")).replace("@", rng.choice(_words("place_name")))


def _english_relic(rng: Random) -> str:
    return f"{rng.choice(_words('relic_adjective'))} {rng.choice(_words('relic_noun'))}"


# --- Chinese --------------------------------------------------------------------------------------------------------


def _characters(part: str) -> str:
    held: str = _parts()["zh"][part]
    return held


def _chinese_person(rng: Random) -> str:
    given = "".join(rng.sample(_characters("given"), rng.choice((1, 2, 2))))
    return rng.choice(_characters("surname")) + given


def _chinese_town(rng: Random) -> str:
    return rng.choice(_characters("town_start")) + rng.choice(_characters("town_end")) + _characters("town_kind")


def _chinese_river(rng: Random) -> str:
    return rng.choice(_characters("river_start")) + rng.choice(_words("river_end", "zh"))


def _chinese_company(rng: Random) -> str:
    return "".join(rng.sample(_characters("company_start"), 2)) + rng.choice(_words("company_end", "zh"))


def _chinese_book(rng: Random) -> str:
    start = _characters("book_start")  # of two characters each
    at = 2 * rng.randrange(len(start) // 2)
    return f"《{start[at : at + 2]}{rng.choice(_words('book_end', 'zh'))}》"


def _chinese_object(rng: Random) -> str:
    owner = f"{rng.choice(_characters('surname'))}家" if rng.random() < 0.5 else _chinese_town(rng)
    return f"{owner}的{rng.choice(_words('thing_adjective', 'zh'))}{rng.choice(_words('thing_noun', 'zh'))}"


def _chinese_building(rng: Random) -> str:
    start = "".join(rng.sample(_characters("town_start"), 2))
    return start + rng.choice(_words("building_kind", "zh"))


def _chinese_place(rng: Random) -> str:
    names = _characters("place_name")  # of two characters each
    at = 2 * rng.randrange(len(names) // 2)
    return rng.choice(_words("place", "zh")).replace("@", names[at : at + 2])


def _chinese_relic(rng: Random) -> str:
    return f"{rng.choice(_words('relic_adjective', 'zh'))}的{rng.choice(_words('relic_noun', 'zh'))}"


_ENGLISH: Mapping[str, Callable[[Random], str]] = {
    "person": _english_person,
    "town": _english_town,
    "river": _english_river,
    "company": _english_company,
    "book": _english_book,
    "object": _english_object,
    "building": _english_building,
    "place": _english_place,
    "relic": _english_relic,
}
_CHINESE: Mapping[str, Callable[[Random], str]] = {
    "person": _chinese_person,
    "town": _chinese_town,
    "river": _chinese_river,
    "company": _chinese_company,
    "book": _chinese_book,
    "object": _chinese_object,
    "building": _chinese_building,
    "place": _chinese_place,
    "relic": _chinese_relic,
}


@cache
def _parts() -> dict[str, Any]:
    return tomllib.loads((files("octavo.training.worlds") / "names.toml").read_text(encoding="utf-8"))
