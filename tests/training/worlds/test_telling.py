"""Wherever a fact is told, it is known which sentence tells it."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from octavo.evaluation.names import Language
from octavo.training.worlds.questions import question, sub_questions
from octavo.training.worlds.telling import told_in, told_together
from octavo.training.worlds.world import Thing, World

WORLDS: dict[Language, World] = {"en": World.make("told", "en"), "zh": World.make("told", "zh")}
REAL: dict[Language, str] = {
    "en": "The rain had stopped. Nobody spoke for a while!\n\nThen the carriage came. It was late, as always.",
    "zh": "雨停了。半晌没有人说话！\n\n后来马车来了。它照例迟到了。",
}


@given(seed=st.integers(0, 10_000), language=st.sampled_from(["en", "zh"]), planted=st.booleans())
@settings(max_examples=80, deadline=None)
def test_the_sentence_of_a_fact_holds_its_answer(seed: int, language: Language, planted: bool) -> None:
    rng = Random(seed)
    facts = rng.sample(WORLDS[language].facts, rng.randrange(1, 9))
    told = told_in(REAL[language], facts, language, rng) if planted else told_together(facts, language, rng)
    for fact in facts:
        said = [span.of(told.text).casefold() for span in told.evidence(fact)]
        assert any(fact.answer.casefold() in sentence for sentence in said)
        assert any(fact.subject.name.casefold() in sentence for sentence in said)


def test_a_real_text_is_whole_around_what_is_put_in() -> None:
    facts = WORLDS["en"].facts[:3]
    text = told_in(REAL["en"], facts, "en", Random(1)).text
    for sentence in ("The rain had stopped.", "Nobody spoke for a while!", "Then the carriage came."):
        assert sentence in text


def test_what_is_not_told_has_no_evidence() -> None:
    first, second = WORLDS["en"].facts[:2]
    assert told_together([first], "en", Random(0)).evidence(second) == []


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_question_of_several_hops_names_its_first_subject_alone(language: Language) -> None:
    world = WORLDS[language]
    for seed in range(40):
        rng = Random(seed)
        asked = question(world.chain(2, rng), language, rng)
        first, last = asked.chain
        assert first.subject.name in asked.text
        assert isinstance(first.object, Thing)
        assert first.object.name not in asked.text.replace(first.subject.name, "")
        assert asked.answer == last.answer
        assert asked.keywords[0] == first.subject.name
        steps = sub_questions(asked)
        assert [step.answer for step in steps] == [first.answer, last.answer]
        assert first.object.name in steps[1].text


def test_a_question_is_split_in_its_own_words() -> None:
    world = WORLDS["en"]
    for seed in range(40):
        rng = Random(seed)
        asked = question(world.chain(3, rng), "en", rng)
        first, _, last = sub_questions(asked)
        who, named = first.text.rstrip("?").split(" is ", 1)
        assert who in ("Who", "What")
        assert named in asked.text or named.capitalize() in asked.text
        said = set(last.text.rstrip("?").split()) - set(last.chain[0].subject.name.split())
        assert said <= set(asked.text.rstrip("?").split())


def test_a_relic_that_leads_on_has_its_article() -> None:
    drawn = [question(WORLDS["en"].chain(2, Random(seed)), "en", Random(seed)) for seed in range(200)]
    of_relics = [asked for asked in drawn if asked.chain[1].relation.subject == "relic"]
    assert of_relics
    for asked in of_relics:
        assert f"the {asked.chain[1].subject.name}" in sub_questions(asked)[1].text


def test_nothing_is_put_in_where_only_a_line_ended_and_damage_is_told() -> None:
    wrapped = "He went to the old\nmill by the river. She stayed at home."
    for seed in range(20):
        told = told_in(wrapped, WORLDS["en"].facts[:2], "en", Random(seed))
        assert told.clean
        assert "He went to the old\nmill by the river." in told.text
    assert not told_in("no end of a sentence", WORLDS["en"].facts[:1], "en", Random(0)).clean
