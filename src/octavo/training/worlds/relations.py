"""The relations that worlds are made of, and their words, as `relations.toml` has them.

Knows the file; nothing of worlds.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

import regex

from octavo.evaluation.names import Language

_VOWEL = regex.compile(r"[aeiou]", regex.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Words:
    """How one language tells a relation (`says`), asks for its object (`asks`), calls the object by its subject
    (`the`), and what a search for it would add to the subject (`short`)."""

    says: tuple[str, ...]
    asks: tuple[str, ...]
    the: str
    short: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Relation:
    """From a thing of the kind `subject` to an `object`: a kind too, or the name of a list of values, or "year",
    "number", "date". A `symmetric` one leads back as well."""

    name: str
    subject: str
    object: str
    words: Mapping[Language, Words] = field(compare=False)
    symmetric: bool = False


@cache
def relations() -> tuple[Relation, ...]:
    """All of them, in the order of the file."""
    held = tomllib.loads((files("octavo.training.worlds") / "relations.toml").read_text(encoding="utf-8"))
    return tuple(
        Relation(
            each["name"],
            each["subject"],
            each["object"],
            {"en": _words(each["en"]), "zh": _words(each["zh"])},
            symmetric=each.get("symmetric", False),
        )
        for each in held["relations"]
    )


def sentence(template: str, subject: str, value: str = "") -> str:
    """A template with subject and object in their places, with a capital at its beginning."""
    text = phrase(template, subject, value)
    return text[:1].upper() + text[1:]


def phrase(template: str, subject: str, value: str = "") -> str:
    """A template with subject and object in their places."""
    the_subject = subject if subject.startswith("the ") else f"the {subject}"
    article = "an" if _VOWEL.match(value) else "a"
    return (
        template.replace("{s's}", f"{subject}'s")
        .replace("{the_s}", the_subject)
        .replace("{s}", subject)
        .replace("{a_o}", f"{article} {value}")
        .replace("{o}", value)
    )


def _words(held: Mapping[str, Any]) -> Words:
    return Words(tuple(held["says"]), tuple(held["asks"]), held["the"], tuple(held["short"]))
