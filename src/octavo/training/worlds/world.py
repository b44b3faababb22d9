"""A made-up world: things of several kinds, and facts about each, the same for the same seed.

No two things share a name, and a thing has one object for each relation, so every question that names a thing has one
answer. Knows nothing of how facts are told.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from random import Random

from octavo.evaluation.names import Language
from octavo.training.worlds.naming import KINDS, Namer
from octavo.training.worlds.relations import Relation, relations

_SHARES = {
    "person": 0.26,
    "town": 0.15,
    "river": 0.05,
    "company": 0.1,
    "book": 0.08,
    "object": 0.08,
    "building": 0.1,
    "place": 0.1,
    "relic": 0.08,
}


@dataclass(frozen=True, slots=True)
class Thing:
    """Something with a name."""

    kind: str
    name: str


@dataclass(frozen=True, slots=True)
class Fact:
    """That `relation` leads from `subject` to `object`, which is a thing, or a value as text."""

    relation: Relation
    subject: Thing
    object: Thing | str

    @property
    def answer(self) -> str:
        """What a question after the object is answered with."""
        return self.object.name if isinstance(self.object, Thing) else self.object

    def answers(self, asked: Fact) -> bool:
        """Whether telling this fact answers the question after the object of `asked`."""
        return self == asked or (
            self.relation.symmetric
            and self.relation == asked.relation
            and (self.subject, self.object) == (asked.object, asked.subject)
        )


Chain = tuple[Fact, ...]
"""Facts of which each is about the object of the one before: what a question of several hops joins."""


@dataclass(frozen=True)
class World:
    """All of it, in one language."""

    language: Language
    things: tuple[Thing, ...]
    facts: tuple[Fact, ...]

    @classmethod
    def make(cls, seed: str, language: Language, *, things: int = 60) -> World:
        """About so many things, a fact for each relation that a thing can have."""
        rng = Random(f"world/{seed}/{language}")
        namer = Namer(language, rng)
        made = {
            kind: [Thing(kind, namer.name(kind)) for _ in range(max(2, round(things * _SHARES[kind])))]
            for kind in KINDS
        }
        facts = []
        for relation in relations():
            subjects = made[relation.subject]
            if relation.symmetric:
                facts += [Fact(relation, *pair) for pair in _pairs(subjects, rng)]
            else:
                facts += [Fact(relation, subject, _object(relation, subject, made, namer, rng)) for subject in subjects]
        return cls(language, tuple(thing for kind in KINDS for thing in made[kind]), tuple(facts))

    def about(self, thing: Thing) -> Sequence[Fact]:
        """The facts whose subject it is."""
        return self._about.get(thing, ())

    def chain(self, hops: int, rng: Random) -> Chain:
        """So many facts, each about the object of the one before; no thing twice."""
        while True:
            chain = [rng.choice(self.facts)]
            seen = {chain[0].subject}
            while len(chain) < hops:
                reached = chain[-1].object
                following = self.about(reached) if isinstance(reached, Thing) and reached not in seen else ()
                following = [fact for fact in following if fact.object not in {*seen, reached}]
                if not following:
                    break
                assert isinstance(reached, Thing)
                seen.add(reached)
                chain.append(rng.choice(following))
            else:
                return tuple(chain)

    @cached_property
    def _about(self) -> Mapping[Thing, Sequence[Fact]]:
        about: dict[Thing, list[Fact]] = defaultdict(list)
        for fact in self.facts:
            about[fact.subject].append(fact)
        return about


def _object(
    relation: Relation, subject: Thing, made: Mapping[str, Sequence[Thing]], namer: Namer, rng: Random
) -> Thing | str:
    if relation.object in made:
        return rng.choice([thing for thing in made[relation.object] if thing != subject])
    return namer.value(relation.object)


def _pairs(things: Sequence[Thing], rng: Random) -> list[tuple[Thing, Thing]]:
    """Each thing with one other, both ways round; of an odd number one stays alone."""
    order = rng.sample(list(things), len(things))
    pairs = list(zip(order[::2], order[1::2], strict=False))
    return [*pairs, *((second, first) for first, second in pairs)]
