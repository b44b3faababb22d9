"""Several questions, one reading."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from octavo.errors import RequestRejected, Unauthorized, UsageError, WindowTooSmall
from octavo.library.library import Library
from octavo.models.chat import Completion, Request
from octavo.models.scripted import ScriptedModel
from octavo.reading import prompts
from octavo.reading.answer import Answer, Finding
from octavo.reading.events import Answered, BatchFinished, ChunkRead, Event
from octavo.reading.options import Budget, LevelChoice, ReadingOptions, Strategy
from octavo.reading.reader import Reader

from .conftest import book

Make = Callable[..., tuple[Reader, Library]]

FACTS = {
    "Where is the compass?": "The silver compass lies under the chapel floor of Saint Wenna.",
    "Who tends the lamp?": "Old Benet tends the lamp of the northern tower every night.",
    "What does the miller owe?": "The miller owes the abbey seven sacks of barley each Michaelmas.",
    "When did the bridge fall?": "The bridge over the Tavy fell in the flood of 1607.",
    "Which horse won?": "Greyfell won the race on the downs by a neck.",
    "How deep is the well?": "The well behind the inn is forty fathoms deep.",
}
QUESTIONS = tuple(FACTS)
PLACES = dict(zip((30, 90, 150, 210, 270, 330), FACTS.values(), strict=True))


class Reading:
    """Points at each question's fact, however many are asked at once, and answers with it."""

    def __init__(self) -> None:
        self.requests: list[Request] = []

    def __call__(self, request: Request) -> str:
        self.requests.append(request)
        prompt = request.messages[-1].content
        system = request.messages[0].content
        if "keywords" in (request.schema or {}).get("properties", {}):
            return json.dumps({"information": "", "instruction": "", "keywords": [], "whole": False})
        if "\n\nQuestions:\n" in prompt:
            passage, _, asked = prompt.rpartition("\n\nQuestions:\n")
            return self.many(request, passage, re.findall(r"(?m)^\d+\. (.*)$", asked), system)
        passage, _, question = prompt.rpartition("\n\nQuestion: ")
        if system.startswith("You are shown a passage"):
            return self.one(request, passage, question, system)
        question = question.partition("\n")[0]
        if FACTS[question] not in passage:
            return prompts.NOT_FOUND
        number = re.findall(r"(?m)^\[(\d+)\] ", passage[: passage.index(FACTS[question])])[-1]
        return f"{FACTS[question]} [{number}]"

    def many(self, request: Request, passage: str, asked: Sequence[str], system: str) -> str:
        if request.schema:
            numbers = {str(n): numbers_of(passage, FACTS[question]) for n, question in enumerate(asked, start=1)}
            return json.dumps(numbers)
        words = 5 if "first five words" in system else 99
        found = [(n, FACTS[q]) for n, q in enumerate(asked, start=1) if FACTS[q] in passage]
        return "\n".join(f"{n}: {' '.join(fact.split()[:words])}" for n, fact in found) or prompts.NONE

    def one(self, request: Request, passage: str, question: str, system: str) -> str:
        if request.schema:
            return json.dumps({"sentences": numbers_of(passage, FACTS[question])})
        words = 5 if "first five words" in system else 99
        return " ".join(FACTS[question].split()[:words]) if FACTS[question] in passage else prompts.NONE

    def reading(self) -> list[Request]:
        return [request for request in self.requests if request.messages[0].content.startswith("You are shown a pass")]


def numbers_of(passage: str, fact: str) -> list[int]:
    return [int(number) for number in re.findall(r"\[(\d+)\] " + re.escape(fact), passage)]


def findings(events: Sequence[Event]) -> set[Finding]:
    return {finding for event in events if isinstance(event, ChunkRead) for finding in event.findings}


def answers(events: Sequence[Event]) -> list[Answer]:
    return [event.answer for event in events if isinstance(event, Answered)]


def batch_events(reader: Reader, library: Library, questions: Sequence[str]) -> list[Event]:
    from octavo.reading import sync

    return list(sync.iterate(reader.astream_batch(library, questions, level="read")))


@pytest.mark.parametrize("strategy", ["number", "quote", "opening"])
def test_the_findings_are_those_of_asking_one_by_one(read_with: Make, strategy: Strategy) -> None:
    document = book(400, facts=PLACES)
    reader, library = read_with(Reading(), document, strategy=strategy, fresh=True)
    together = findings(batch_events(reader, library, QUESTIONS))
    alone: set[Finding] = set()
    for question in QUESTIONS:
        alone |= findings(list(reader.stream(library, question, level="read")))
    assert {(f.question, f.chunk, f.sentences) for f in together} == {(f.question, f.chunk, f.sentences) for f in alone}
    assert len(together) == len(FACTS)


def test_one_prompt_a_chunk_holds_all_questions(read_with: Make) -> None:
    reading = Reading()
    reader, library = read_with(reading, book(400, facts=PLACES))
    events = batch_events(reader, library, QUESTIONS)
    assert [answer.text.partition(" [")[0] for answer in answers(events)] == list(FACTS.values())
    assert len(reading.reading()) == answers(events)[0].coverage.chunks


@pytest.mark.parametrize("questions", [2, 4, 6])
def test_a_further_question_costs_less_than_a_quarter_of_the_first(read_with: Make, questions: int) -> None:
    reading = Reading()
    reader, library = read_with(reading, book(400, facts=PLACES), fresh=True)
    reader.ask(library, QUESTIONS[0], level="read")
    one = sum(reader.model.measure(request.messages) for request in reading.reading())
    reading.requests.clear()
    reader.batch(library, QUESTIONS[:questions], level="read")
    together = sum(reader.model.measure(request.messages) for request in reading.reading())
    assert together <= (1 + 0.25 * (questions - 1)) * one


def test_more_questions_than_one_prompt_takes_are_asked_in_groups(read_with: Make) -> None:
    reading = Reading()
    reader, library = read_with(reading, book(200, facts={30: PLACES[30]}), questions_at_once=4)
    events = batch_events(reader, library, QUESTIONS)
    assert len(reading.reading()) == 2 * answers(events)[0].coverage.chunks


def test_what_was_asked_alone_is_not_paid_again(read_with: Make) -> None:
    reading = Reading()
    reader, library = read_with(reading, book(200, facts={30: PLACES[30]}))
    reader.ask(library, QUESTIONS[0], level="read")
    reading.requests.clear()
    reader.batch(library, QUESTIONS[:3], level="read")
    assert not any(QUESTIONS[0] in request.messages[-1].content for request in reading.reading())
    reading.requests.clear()
    reader.batch(library, QUESTIONS[:3], level="read")
    assert not reading.requests


def test_a_group_whose_reply_cannot_be_read_is_asked_one_by_one(read_with: Make) -> None:
    class Confused(Reading):
        def many(self, request: Request, passage: str, asked: Sequence[str], system: str) -> str:
            return "I see several things here."

    reader, library = read_with(Confused(), book(200, facts={30: PLACES[30], 90: PLACES[90]}))
    first, second = reader.batch(library, QUESTIONS[:2], level="read")
    assert first.found is True
    assert second.found is True
    assert first.coverage.full


def test_a_group_that_does_not_fit_the_window_is_split(read_with: Make) -> None:
    long = [f"{question} {'Say it at length. ' * 60}".strip() for question in QUESTIONS]
    reading = Reading()
    FACTS.update(zip(long, PLACES.values(), strict=True))
    try:
        reader, library = read_with(reading, book(100, facts={30: PLACES[30]}), window=2_048)
        events = batch_events(reader, library, long)
    finally:
        for question in long:
            del FACTS[question]
    assert answers(events)[0].found is True
    assert answers(events)[0].coverage.full


def test_one_answer_that_fails_costs_itself(read_with: Make) -> None:
    class Failing(Reading):
        def __call__(self, request: Request) -> str:
            if f"Question: {QUESTIONS[0]}\n\nAnswer" in request.messages[-1].content:
                raise RequestRejected("the server does not like this prompt")
            return super().__call__(request)

    reader, library = read_with(Failing(), book(200, facts={30: PLACES[30], 90: PLACES[90]}))
    first, second = reader.batch(library, QUESTIONS[:2], level="read")
    assert first.found is None
    assert any("does not like this prompt" in warning for warning in first.warnings)
    assert second.found is True
    assert not second.warnings


def test_each_account_is_its_own_and_the_whole_is_the_batchs(read_with: Make) -> None:
    reader, library = read_with(Reading(), book(200, facts={30: PLACES[30], 90: PLACES[90]}))
    events = batch_events(reader, library, QUESTIONS[:2])
    (finished,) = [event for event in events if isinstance(event, BatchFinished)]
    chunks = answers(events)[0].coverage.chunks
    assert [answer.usage.calls for answer in answers(events)] == [2, 2]
    assert finished.usage.calls == chunks + 4


def test_a_question_asked_twice_is_answered_twice_and_paid_once(read_with: Make) -> None:
    reading = Reading()
    reader, library = read_with(reading, book(200, facts={30: PLACES[30]}))
    first, second = reader.batch(library, [QUESTIONS[0], QUESTIONS[0]], level="read")
    assert first.text == second.text
    assert len({request.messages for request in reading.requests}) == len(reading.requests)


def test_without_a_question_there_is_nothing_to_do(read_with: Make) -> None:
    reader, library = read_with(Reading(), book(40))
    with pytest.raises(UsageError, match="question"):
        reader.batch(library, [])


def test_a_question_that_leaves_no_room_is_named_before_any_call(read_with: Make) -> None:
    reading = Reading()
    reader, library = read_with(reading, book(200), window=4_096)
    endless = f"Where is the compass? {'It is made of silver and needs no needle. ' * 400}"
    with pytest.raises(WindowTooSmall, match=r"^'Where is the compass\? It is made of silver"):
        reader.batch(library, [QUESTIONS[1], endless])
    assert not reading.requests


def test_a_group_that_is_known_together_is_not_taken_apart(read_with: Make) -> None:
    """One of the group was asked alone later: the group's own replies still cost nothing."""
    reading = Reading()
    reader, library = read_with(reading, book(200, facts={30: PLACES[30]}))
    reader.batch(library, QUESTIONS[:3], level="read")
    reader.ask(library, QUESTIONS[0], level="read")
    reading.requests.clear()
    reader.batch(library, QUESTIONS[:3], level="read")
    assert not reading.requests


@pytest.mark.parametrize("share", [0.6, 0.9])
async def test_a_budget_holds_for_answers_that_are_written_at_once(tmp_path: Path, share: float) -> None:
    document = book(200, facts=dict(zip(range(5, 120, 18), FACTS.values(), strict=False)))

    async def usage(name: str, budget: Budget) -> int:
        model = ScriptedModel(Reading(), latency=1.0, sleep=lambda _: asyncio.sleep(0))
        options = ReadingOptions(concurrency=8)
        reader = Reader(model, home=tmp_path / name, options=options)
        events = [event async for event in reader.astream_batch(document, QUESTIONS, level="read", budget=budget)]
        (finished,) = [event for event in events if isinstance(event, BatchFinished)]
        return finished.usage.prompt_tokens + finished.usage.completion_tokens

    budget = round(share * await usage("free", Budget()))
    assert await usage("capped", Budget(tokens=budget)) <= budget


@pytest.mark.parametrize("level", ["retrieve", "read"])
async def test_what_ends_a_batch_ends_the_answers_under_way(tmp_path: Path, level: LevelChoice) -> None:
    asked: list[str] = []
    replied: list[str] = []

    class Slow(ScriptedModel):
        """Refuses the first question's answer at once; the others' never come."""

        async def complete(self, request: Request) -> Completion:
            prompt = request.messages[-1].content
            if "\n\nAnswer from" not in prompt:
                return await super().complete(request)
            asked.append(prompt)
            if f"Question: {QUESTIONS[0]}\n" in prompt:
                raise Unauthorized("wrong key")
            try:
                await asyncio.Event().wait()
            finally:
                replied.append(prompt)
            raise AssertionError("nothing sets the event")

    reader = Reader(Slow(Reading()), home=tmp_path, options=ReadingOptions(concurrency=8))
    with pytest.raises(Unauthorized):
        await reader.abatch(book(400, facts=PLACES), QUESTIONS, level=level)
    assert len(replied) == len(asked) - 1
    assert asyncio.all_tasks() == {asyncio.current_task()}
