"""Level 2 in rounds: what one reading found, the next is read with."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import pytest

from octavo.library.library import Library
from octavo.models.chat import Request
from octavo.reading import prompts
from octavo.reading.answer import Answer
from octavo.reading.events import RoundStarted
from octavo.reading.options import Budget
from octavo.reading.question import QuestionAnalysis
from octavo.reading.read import ReadResult
from octavo.reading.reader import Reader
from octavo.reading.rounds import read_in_rounds
from octavo.reading.session import Session

from .conftest import book
from .hops import QUESTION, SYMPHONY, VEHICLE

Make = Callable[..., tuple[Reader, Library]]


class Joining:
    """Sees the vehicle's fact only where notes say when the symphony was written; answers where both are shown."""

    def __init__(self) -> None:
        self.requests: list[Request] = []

    def __call__(self, request: Request) -> str:
        self.requests.append(request)
        prompt = request.messages[-1].content
        properties = (request.schema or {}).get("properties", {})
        if "keywords" in properties:
            return json.dumps({"information": "", "instruction": "", "keywords": [], "whole": False})
        if "sentences" in properties:
            passage, _, notes = prompt.partition("\n\nNotes from other passages:")
            facts = [SYMPHONY.fact, VEHICLE.fact] if "1808" in notes else [SYMPHONY.fact]
            numbers = [int(n) for fact in facts for n in re.findall(r"\[(\d+)\] " + re.escape(fact), passage)]
            return json.dumps({"sentences": numbers})
        both = SYMPHONY.fact in prompt and VEHICLE.fact in prompt
        return "It was the bicycle [1]." if both else prompts.NOT_FOUND

    def reading(self) -> list[Request]:
        return [request for request in self.requests if "sentences" in (request.schema or {}).get("properties", {})]


DOCUMENT = book(1200, facts={60: VEHICLE.fact, 1100: SYMPHONY.fact})


def test_a_second_round_finds_what_only_the_first_ones_notes_explain(read_with: Make) -> None:
    once, library = read_with(Joining(), DOCUMENT, window=4096, fill=1500, fresh=True)
    assert once.ask(library, QUESTION, level="read").coverage.relevant == 1
    twice, library = read_with(Joining(), DOCUMENT, window=4096, fill=1500, rounds=2, fresh=True)
    answer = twice.ask(library, QUESTION, level="read")
    assert answer.found is True
    assert answer.coverage.relevant == 2
    assert answer.coverage.full


def test_rounds_end_when_nothing_new_is_found(read_with: Make) -> None:
    joining = Joining()
    reader, library = read_with(joining, DOCUMENT, rounds=5)
    events = list(reader.stream(library, QUESTION, level="read"))
    started = [event for event in events if isinstance(event, RoundStarted)]
    assert [event.number for event in started] == [2, 3]
    assert started[0].notes == (f"- {SYMPHONY.fact}",)


def test_without_findings_there_is_no_second_round(read_with: Make) -> None:
    joining = Joining()
    reader, library = read_with(joining, book(400), rounds=3)
    answer = reader.ask(library, QUESTION, level="read")
    assert answer.found is False
    assert len(joining.reading()) == answer.coverage.chunks


def test_notes_stand_between_passage_and_question_and_are_bounded(read_with: Make) -> None:
    joining = Joining()
    reader, library = read_with(joining, DOCUMENT, rounds=2)
    reader.ask(library, QUESTION, level="read")
    chunks = len(joining.reading()) // 2
    for first, second in zip(joining.reading()[:chunks], joining.reading()[chunks:], strict=True):
        before, _, after = second.messages[-1].content.partition("\n\nNotes from other passages:\n")
        assert first.messages[-1].content.startswith(before)
        assert after == f"- {SYMPHONY.fact}\n\nQuestion: {QUESTION}"
        assert reader.model.tokenizer.count(after) < 256 + reader.model.tokenizer.count(QUESTION) + 16


def test_a_budget_that_ends_in_the_second_round_keeps_the_first_ones_coverage(read_with: Make) -> None:
    reader, library = read_with(Joining(), DOCUMENT, rounds=2, concurrency=4)
    once = reader.estimate(library, QUESTION, level="read")
    # Reading leaves half of the budget for the answer: one round fits, two do not.
    budget = Budget(tokens=once.prompt_tokens + once.completion_tokens + 12_000)
    answer = reader.ask(library, QUESTION, level="read", budget=budget)
    assert answer.budget_exhausted
    assert answer.coverage.full
    assert answer.usage.prompt_tokens + answer.usage.completion_tokens <= (budget.tokens or 0)


def test_one_round_is_asked_what_the_first_of_several_is(read_with: Make) -> None:
    once, thrice = Joining(), Joining()
    reader, library = read_with(once, DOCUMENT, fresh=True)
    reader.ask(library, QUESTION, level="read")
    reader, library = read_with(thrice, DOCUMENT, rounds=3, fresh=True)
    reader.ask(library, QUESTION, level="read")
    assert [request for request in thrice.reading() if "Notes from other" not in request.messages[-1].content] == (
        once.reading()
    )


async def test_what_a_later_round_finds_in_a_known_chunk_is_kept(read_with: Make) -> None:
    """Both facts stand in one chunk, so the second round finds no further chunk."""
    results: list[ReadResult] = []

    async def read(session: Session) -> Answer:
        results.append(await read_in_rounds(session, [QuestionAnalysis.plain(QUESTION)]))
        return Answer(QUESTION, "", None, "read")

    reader, library = read_with(Joining(), book(400, facts={200: VEHICLE.fact, 201: SYMPHONY.fact}), rounds=2)
    async for _ in reader.follow(library, QUESTION, read):
        pass
    (finding,) = results[0].findings
    assert len(finding.sentences) == 2


@pytest.mark.parametrize("words", [1_400, 1_450, 1_500])
def test_notes_take_no_room_that_a_chunk_needs(read_with: Make, words: int) -> None:
    class Eager(Joining):
        def __call__(self, request: Request) -> str:
            said = super().__call__(request)
            return json.dumps({"sentences": [1, 2, 3, 4, 5, 6, 7, 8]}) if "sentences" in said else said

    question = f"{'word and ' * words}{QUESTION}"
    reader, library = read_with(Eager(), book(400), window=4_096, chunk_tokens=2_048, rounds=2)
    answer = reader.ask(library, question, level="read")
    assert answer.coverage.full
