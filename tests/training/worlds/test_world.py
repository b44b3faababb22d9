"""Worlds are the same for the same seed, and every question about them has one answer."""

from __future__ import annotations

from itertools import pairwise
from random import Random

import pytest

from octavo.evaluation.names import Language
from octavo.training.worlds.naming import Namer
from octavo.training.worlds.world import Thing, World

LANGUAGES: tuple[Language, ...] = ("en", "zh")


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_same_seed_makes_the_same_world(language: Language) -> None:
    assert World.make("a", language) == World.make("a", language)
    assert World.make("a", language) != World.make("b", language)


@pytest.mark.parametrize("language", LANGUAGES)
def test_names_are_given_once_and_a_thing_has_one_object_for_a_relation(language: Language) -> None:
    world = World.make("a", language, things=120)
    names = [thing.name for thing in world.things]
    assert len(names) == len(set(names))
    asked = [(fact.relation.name, fact.subject) for fact in world.facts]
    assert len(asked) == len(set(asked))
    assert all(fact.object != fact.subject for fact in world.facts)


def test_a_spouse_has_the_other_for_a_spouse() -> None:
    weddings = [fact for fact in World.make("a", "en").facts if fact.relation.name == "spouse"]
    assert weddings
    for fact in weddings:
        (back,) = [other for other in weddings if other.subject == fact.object]
        assert back.object == fact.subject
        assert back.answers(fact)
        assert fact.answers(fact)


@pytest.mark.parametrize("hops", [1, 2, 3])
def test_a_chain_leads_from_each_fact_to_the_next_and_never_back(hops: int) -> None:
    world = World.make("a", "en")
    for seed in range(50):
        chain = world.chain(hops, Random(seed))
        assert len(chain) == hops
        assert all(before.object == after.subject for before, after in pairwise(chain))
        met = [chain[0].subject, *(fact.object for fact in chain if isinstance(fact.object, Thing))]
        assert len(met) == len(set(met))


def test_names_that_run_out_are_an_error() -> None:
    namer = Namer("en", Random(0))
    with pytest.raises(ValueError, match="no more names for things of the kind river"):
        for _ in range(1_000):
            namer.name("river")
