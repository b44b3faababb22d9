"""Level 2 in rounds: what one reading found, the next is read with."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

from octavo.library.library import Library
from octavo.models.chat import Request
from octavo.reading import prompts
from octavo.reading.events import RoundStarted
from octavo.reading.options import Budget
from octavo.reading.reader import Reader

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
