"""How an answer is to be given: what the right one is then, and that examples ask for it."""

from __future__ import annotations

from random import Random

import pytest

from octavo.evaluation.names import Language
from octavo.reading import prompts
from octavo.training.reader.forms import form, with_instruction
from octavo.training.worlds.questions import question
from octavo.training.worlds.world import World
from tests.training.reader.test_examples import TEXTS, made


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("hops", [1, 2])
def test_an_answer_follows_its_instruction_and_holds_what_is_asked_for(language: Language, hops: int) -> None:
    world = World.make("forms", language)
    instructions = set()
    for seed in range(60):
        rng = Random(seed)
        asked = question(world.chain(hops, rng), language, rng)
        wanted = form(asked, rng)
        instructions.add(wanted.instruction.partition('"')[0].partition("“")[0])
        assert asked.answer in wanted.answer
        if wanted.answer != asked.answer:  # a sentence: it says what it is about
            assert asked.chain[0].subject.name in wanted.answer
        text = with_instruction(asked.text, wanted.instruction, language)
        assert text.startswith(asked.text) and text.endswith(wanted.instruction)
    assert len(instructions) >= 6


def test_what_is_asked_for_is_named_through_the_chain() -> None:
    world = World.make("forms", "en")
    asked = question(world.chain(2, Random(3)), "en", Random(3))
    first = question(asked.chain[:1], "en", Random(3))
    assert first.named in asked.named
    assert asked.chain[0].subject.name in first.named


def test_a_third_of_the_questions_have_an_instruction_behind_them() -> None:
    questions = [example.request.messages[-1].content.rpartition("Question: ")[2] for example in made("read", 120)]
    instructed = sum(not text.strip().endswith(("?", "？")) for text in questions)
    assert 20 <= instructed <= 60


def test_some_passages_are_real_text_and_nothing_else() -> None:
    examples = made("read", 120)
    plain = [example for example in examples if example.about["plain"]]
    assert len(plain) >= 8
    for example in examples:
        whole = any(example.about["text"].strip() in text for text in TEXTS.values())
        assert whole == bool(example.about["plain"])
        assert example.reply == prompts.NONE or not whole


def test_what_was_looked_up_in_vain_is_asked_in_other_words() -> None:
    missed = [
        example for example in made("plan", 120) if "not found in the documents" in example.request.messages[-1].content
    ]
    assert len(missed) >= 10
    for example in missed:
        told = example.request.messages[-1].content
        assert not any(question in told.partition("Known so far")[2] for question in _asked(example.reply))


def _asked(reply: str) -> list[str]:
    import json

    asked: list[str] = json.loads(reply)["questions"]
    return asked
