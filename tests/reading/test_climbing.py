"""The cheapest level that suffices: when "auto" climbs, how far, and what it shows of what it discards."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from octavo.library.library import Library
from octavo.models.chat import Request
from octavo.models.scripted import ScriptedModel
from octavo.reading.answer import Answer
from octavo.reading.events import AnswerDelta, Answered, Event, LevelStarted, Warned
from octavo.reading.options import Budget, Highest, LevelChoice, ReadingOptions
from octavo.reading.reader import Reader
from octavo.reading.tools.choice import ToolChoice

from .conftest import FACT, QUESTION, Faithful, book
from .hops import QUESTION as TWO_HOPS
from .hops import SYMPHONY, VEHICLE, Planner

Make = Callable[..., tuple[Reader, Library]]


def levels(events: list[Event]) -> list[str]:
    return [event.level for event in events if isinstance(event, LevelStarted)]


def ended(events: list[Event]) -> Answer:
    assert isinstance(events[-1], Answered)
    return events[-1].answer


def test_a_question_that_no_reading_answers_is_asked_in_parts(read_with: Make) -> None:
    planner = Planner([SYMPHONY, VEHICLE], TWO_HOPS, "The bicycle, first shown in 1817")
    reader, library = read_with(planner, book(800, facts={60: VEHICLE.fact, 700: SYMPHONY.fact}))
    events = list(reader.stream(library, TWO_HOPS))
    assert levels(events) == ["retrieve", "read", "reason"]
    assert ended(events).level == "reason"
    assert ended(events).found is True


@pytest.mark.parametrize(("highest", "climbed"), [("retrieve", ["retrieve"]), ("read", ["retrieve", "read"])])
def test_the_climb_ends_at_the_highest_level_allowed(read_with: Make, highest: Highest, climbed: list[str]) -> None:
    planner = Planner([SYMPHONY, VEHICLE], TWO_HOPS)
    reader, library = read_with(planner, book(800), highest=highest)
    events = list(reader.stream(library, TWO_HOPS))
    assert levels(events) == climbed
    assert not ended(events).found


def test_where_reasoning_finds_nothing_the_readings_verdict_stands(read_with: Make) -> None:
    reader, library = read_with(Planner([SYMPHONY, VEHICLE], TWO_HOPS), book(800))
    events = list(reader.stream(library, TWO_HOPS))
    assert levels(events) == ["retrieve", "read", "reason"]
    assert ended(events).found is False
    assert ended(events).level == "read"
    assert [step.question for step in ended(events).steps][:2] == [TWO_HOPS, SYMPHONY.question]


class Inventing(Faithful):
    """Writes at level 1 what no passage bears out."""

    def __call__(self, request: Request) -> str:
        prompt = request.messages[-1].content
        if "\n\nAnswer from the passages" in prompt and self.fact not in prompt:
            self.requests.append(request)
            return 'The zeppelin captain "swallowed a violin" [77].'
        return super().__call__(request)


def test_nothing_of_a_discarded_answer_is_shown(read_with: Make) -> None:
    """The sufficiency check says yes, but the answer cites nothing: level 2 is asked."""

    class Sure(Inventing):
        def __call__(self, request: Request) -> str:
            if "sufficient" in (request.schema or {}).get("properties", {}):
                self.requests.append(request)
                return json.dumps({"sufficient": True})
            return super().__call__(request)

    decoys = dict.fromkeys(range(0, 1600, 80), "A compass needs a needle.")
    reader, library = read_with(Sure(keywords=()), book(1600, facts={**decoys, 1501: FACT}), fill=600)
    question = "Which compass needs a needle and where is it?"
    events = list(reader.stream(library, question))
    assert levels(events)[:2] == ["retrieve", "read"]
    streamed = "".join(event.text for event in events if isinstance(event, AnswerDelta))
    assert "zeppelin" not in streamed
    assert not any("violin" in event.message for event in events if isinstance(event, Warned))
    assert streamed.strip() == ended(events).text


def test_a_budget_that_is_used_up_ends_the_climb(read_with: Make) -> None:
    reader, library = read_with(Planner([SYMPHONY, VEHICLE], TWO_HOPS), book(1600), concurrency=4)
    answer = reader.ask(library, TWO_HOPS, budget=Budget(tokens=30_000))
    assert answer.budget_exhausted
    assert answer.level == "read"
    assert answer.usage.prompt_tokens + answer.usage.completion_tokens <= 30_000


@pytest.mark.parametrize("tokens", [1_300, 1_400, 1_480])
def test_a_budget_that_pays_for_no_passage_is_said_to_be_used_up(read_with: Make, tokens: int) -> None:
    """The one sentence that is found is longer than what the budget leaves for passages."""
    found = f"The silver compass lay {'while the keeper slept and told nobody of it ' * 40}."
    reader, library = read_with(Faithful(), book(400, facts={200: found}), window=4_096)
    answer = reader.ask(library, QUESTION, budget=Budget(tokens=tokens))
    assert answer.budget_exhausted
    assert answer.found is None


class Summarising(Faithful):
    """Takes every question to be about the whole."""

    def __call__(self, request: Request) -> str:
        if "keywords" in (request.schema or {}).get("properties", {}):
            return json.dumps({"information": "", "instruction": "", "keywords": ["compass"], "whole": True})
        if "ummar" in request.messages[0].content:
            return "Soldiers write letters in winter [1]."
        return super().__call__(request)


def test_a_question_about_the_whole_goes_to_the_tree_of_summaries(read_with: Make) -> None:
    reader, library = read_with(Summarising(), book(800, facts={500: FACT}))
    events = list(reader.stream(library, QUESTION))
    assert levels(events)[0] == "summarize"
    assert ended(events).level == "summarize"
    assert ended(events).found is True


@pytest.mark.parametrize("share", [0.8, 0.9, 0.95])
def test_targeted_reading_leaves_the_budget_what_the_answer_takes(read_with: Make, share: float) -> None:
    """The budget holds the tree of summaries and a part of the reading."""
    document = book(1600, facts={500: FACT})
    reader, library = read_with(Summarising(), document, window=4_096, concurrency=1)
    usage = reader.ask(library, QUESTION).usage
    reader, library = read_with(Summarising(), document, window=4_096, concurrency=1, fresh=True)
    budget = round(share * (usage.prompt_tokens + usage.completion_tokens))
    answer = reader.ask(library, QUESTION, budget=Budget(tokens=budget))
    assert answer.budget_exhausted
    assert answer.level == "summarize"
    assert answer.coverage.full
    assert answer.found is True


@pytest.mark.parametrize(
    ("level", "highest", "said"),
    [("read", None, "--level reason"), ("auto", "read", "--highest reason"), ("auto", "reason", None)],
)
def test_tools_that_no_level_will_call_are_said_to_be_idle(
    tmp_path: Path, level: LevelChoice, highest: Highest | None, said: str | None
) -> None:
    reader = Reader(
        ScriptedModel(Faithful()),
        home=tmp_path,
        options=ReadingOptions(highest=highest),
        tools=ToolChoice(["search"]),
    )
    events = list(reader.stream(Library(book(100, facts={60: FACT}), home=tmp_path), QUESTION, level=level))
    warned = [event.message for event in events if isinstance(event, Warned) and "tools are called" in event.message]
    assert len(warned) == (said is not None)
    assert all(message.endswith(f"pass {said}") for message in warned)
