"""The right replies are right: octavo's own code understands each of them as what was told."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable
from random import Random
from typing import get_args

import pytest

from octavo.documents.document import Span
from octavo.documents.sentences import sentence_spans
from octavo.evaluation.names import Language
from octavo.models.chat import Completion, Message, TokenUsage
from octavo.models.estimated_tokenizer import EstimatedTokenizer
from octavo.models.structured import parse_reply
from octavo.reading import pointing, prompts
from octavo.reading.options import Strategy
from octavo.training.reader.calls import answer, sufficient
from octavo.training.reader.example import Example, Kind
from octavo.training.reader.examples import BOTH, FIRST, IN_USE, THEN, Course, reader_examples
from octavo.training.reader.excerpts import Excerpts
from octavo.training.reader.scene import Scene
from octavo.training.worlds.questions import Question
from octavo.training.worlds.world import World

TOKENIZER = EstimatedTokenizer(exact=True)
TEXTS: dict[Language, str] = {
    "en": "The rain had stopped. Nobody spoke for a while. Then, late as always, the carriage came! " * 60,
    "zh": "雨停了。半晌没有人说话。后来马车来了，照例迟到！" * 60,
}


def made(kind: Kind, count: int = 60, strategy: Strategy = "quote", seed: str = "test") -> list[Example]:
    return list(
        reader_examples(
            count,
            seed=seed,
            tokenizer=TOKENIZER,
            texts=TEXTS,
            languages={"en": 0.6, "zh": 0.4},
            strategies=[strategy],
            course=Course({kind: 1.0}, told=0.5),
        )
    )


def replied(text: str) -> Completion:
    return Completion(text, "stop", TokenUsage(prompt=1, completion=1))


@pytest.mark.parametrize("strategy", get_args(Strategy))
def test_a_reader_that_replies_so_points_at_the_sentences_that_help(strategy: Strategy) -> None:
    found = 0
    for example in made("read", strategy=strategy):
        text, expected = example.about["text"], {Span(*span) for span in example.about["gold"]}
        sentences = [span for span in sentence_spans(text) if span.of(text).strip()]
        pointed = pointing.understand(strategy, replied(example.reply), text, sentences).sentences
        # The opening words of one sentence may be those of another, of the same wording.
        assert set(pointed) == expected or (strategy == "opening" and len(pointed) == len(expected))
        found += bool(expected)
    assert found >= 15


def test_a_passage_that_is_asked_about_on_and_on_is_shown_once_and_all_replies_are_right() -> None:
    helped = 0
    for example in made("read-on", 30):
        system, first, *turns = example.request.messages
        assert system.role == "system"
        assert example.about["text"] in first.content
        assert [turn.role for turn in turns] == ["assistant", "user"] * (len(turns) // 2)
        assert all(turn.content.startswith("Question: ") for turn in turns if turn.role == "user")
        for reply in [*(turn.content for turn in turns if turn.role == "assistant"), example.reply]:
            lines = [] if reply == prompts.NONE else reply.splitlines()
            assert all(line in " ".join(example.about["text"].split()) for line in lines)
            helped += bool(lines)
    assert helped >= 40


def test_the_first_course_is_about_passages_that_help() -> None:
    def helping(course: Course) -> float:
        examples = list(reader_examples(60, seed="t", tokenizer=TOKENIZER, texts=TEXTS, course=course))
        replies = [e.reply for e in examples if e.kind == "read-on"]
        return sum(reply != prompts.NONE for reply in replies) / len(replies)

    assert helping(FIRST) >= 0.75
    assert 0.25 <= helping(THEN) <= 0.65


def test_planning_and_reading_are_each_a_third_and_more_of_what_the_last_course_teaches() -> None:
    learned: Counter[str] = Counter()
    for example in reader_examples(200, seed="t", tokenizer=TOKENIZER, texts=TEXTS, course=BOTH):
        messages = [*example.request.messages, Message("assistant", example.reply)]
        learned[example.kind] += sum(TOKENIZER.count(m.content) for m in messages if m.role == "assistant")
    assert learned["plan"] >= learned.total() / 3
    assert learned["read-on"] >= learned.total() / 3


def test_a_third_of_the_passages_and_more_hold_nothing_that_helps() -> None:
    examples = made("read", 120)
    nothing = sum(example.reply == prompts.NONE for example in examples)
    assert 40 <= nothing <= 90


def test_answers_cite_passages_that_hold_them_and_refuse_where_none_does() -> None:
    refused = 0
    for example in made("answer", 160):
        prompt = example.request.messages[-1].content
        if example.about["answer"] is None:
            assert example.reply == prompts.NOT_FOUND
            refused += 1
            continue
        answer, numbers = example.about["answer"], example.about["passages"]
        markers = "".join(f"[{number}]" for number in numbers) if example.about["cite"] else ""
        assert example.reply == f"{answer} {markers}".rstrip()
        assert bool(markers) == ("like [1]" in prompt)
        fact = example.about["fact"]
        assert fact in answer
        if not markers:
            assert fact.casefold() in prompt.casefold()
            assert "[1] " not in prompt
            continue
        passages = re.split(r"(?:^|\n\n)(?=\[\d+\] )", prompt)
        cited = [part for part in passages if any(part.startswith(f"[{number}] ") for number in numbers)]
        assert len(cited) == len(numbers)
        assert any(fact.casefold() in part.casefold() for part in cited)
    assert 5 <= refused <= 30


def test_passages_that_are_asked_about_on_and_on_hold_every_answer_that_is_given() -> None:
    refused = given = 0
    for example in made("answer-on", 30):
        system, first, *turns = example.request.messages
        assert system.role == "system"
        assert [turn.role for turn in turns] == ["assistant", "user"] * (len(turns) // 2)
        for reply in [*(turn.content for turn in turns if turn.role == "assistant"), example.reply]:
            refused += reply == prompts.NOT_FOUND
            given += reply != prompts.NOT_FOUND
        if example.about["answer"] is None:
            assert example.reply == prompts.NOT_FOUND
        else:
            assert example.reply == example.about["answer"]
            assert example.about["fact"].casefold() in first.content.casefold()
    assert given >= 50
    assert 2 <= refused <= given / 3


def test_what_is_not_answered_is_neither_in_the_passages_nor_in_the_notes() -> None:
    noted = together = 0
    for example in made("answer", 400):
        prompt = example.request.messages[-1].content
        if example.about["answer"] is None and "Answer: " in prompt:
            noted += 1
            known = re.findall(r"Answer: (.+)", prompt)[-1]
            told = [span.of(prompt) for span in sentence_spans(prompt)]
            together += any(known in sentence and example.about["fact"] in sentence for sentence in told)
    assert noted >= 10
    assert together <= noted / 10  # another fact may be about the same two


def test_analyses_fit_their_schema_and_change_no_question() -> None:
    examples = made("analyse")
    for example in examples:
        reply = parse_reply(example.reply, prompts.ANALYSIS_SCHEMA)
        question = example.about["question"]
        assert reply["information"] in question
        assert reply["instruction"] in question
        assert bool(reply["keywords"]) != reply["whole"]
    assert any(json.loads(example.reply)["whole"] for example in examples)


def test_plans_ask_the_next_question_until_all_is_known() -> None:
    ended = 0
    for example in made("plan"):
        reply = parse_reply(example.reply, prompts.plan_schema(None))
        known, hops, chain = (example.about[name] for name in ("known", "hops", "chain"))
        told = example.request.messages[-1].content
        assert all(answer.casefold() in told.casefold() for answer in chain[:known])
        assert reply["enough"] == (known == hops)
        assert len(reply["questions"]) == (known < hops)
        if 0 < known < hops:
            assert chain[known - 1] in reply["questions"][0]
        ended += reply["enough"]
    assert 5 <= ended <= 50


class Recording(Scene):
    """Knows what was asked about it last."""

    asked: Question

    def question(self, hops: int) -> Question:
        self.asked = super().question(hops)
        return self.asked


def told_in_full(prompt: str, asked: Question) -> bool:
    """Whether each fact of a chain is told in a sentence: what names both of its ends."""
    said = [span.of(prompt).casefold() for span in sentence_spans(prompt)]
    return all(
        any(fact.subject.name.casefold() in sentence and fact.answer.casefold() in sentence for sentence in said)
        for fact in asked.chain
    )


@pytest.mark.parametrize("call", [sufficient, answer])
def test_what_is_said_not_to_be_told_is_not_told(call: Callable[[Scene], Example]) -> None:
    refused = wrong = 0
    for number in range(300):
        world = World.make(f"test/{number % 5}", "en")
        scene = Recording(world, Random(number), TOKENIZER, Excerpts(TEXTS["en"], TOKENIZER))
        example = call(scene)
        prompt = example.request.messages[-1].content
        if "Answer: " in prompt:  # what is told as known stands for passages too
            continue
        right = json.loads(example.reply)["sufficient"] if call is sufficient else example.reply != prompts.NOT_FOUND
        refused += not right
        wrong += right != told_in_full(prompt, scene.asked)
    assert refused >= 10
    assert wrong <= 3  # another fact may be about the same two


def test_verdicts_of_sufficiency_are_of_both_kinds() -> None:
    verdicts = [parse_reply(example.reply, prompts.SUFFICIENT_SCHEMA)["sufficient"] for example in made("sufficient")]
    assert 15 <= sum(verdicts) <= 45


def test_the_same_seed_gives_the_same_examples_of_all_kinds() -> None:
    def mixed(seed: str) -> list[Example]:
        return list(reader_examples(60, seed=seed, tokenizer=TOKENIZER, texts=TEXTS))

    assert mixed("a") == mixed("a")
    assert mixed("a") != mixed("b")
    assert {example.kind for example in mixed("a")} == set(IN_USE.shares)


def test_an_example_is_a_line_of_training_data() -> None:
    (example,) = made("read", 1)
    line = json.loads(json.dumps(example.as_json(), ensure_ascii=False))
    assert [turn["role"] for turn in line["messages"]] == ["system", "user", "assistant"]
    assert line["messages"][-1]["content"] == example.reply
    assert line["kind"] == "read"
