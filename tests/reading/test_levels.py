"""Where the reader finds nothing, the best of what retrieval ranks is looked at before that is said."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from octavo.library.library import Library
from octavo.models.chat import Request
from octavo.reading import prompts
from octavo.reading.events import AnswerDelta, Answered, LevelStarted
from octavo.reading.options import LevelChoice
from octavo.reading.reader import Reader

from .conftest import FACT, QUESTION, Faithful, book

Make = Callable[..., tuple[Reader, Library]]


@dataclass
class Blind(Faithful):
    """Finds nothing when it reads, and answers what it is shown; `makes_up` an answer where it is not shown."""

    makes_up: str = ""

    def __call__(self, request: Request) -> str:
        if "sentences" in (request.schema or {}).get("properties", {}):
            self.requests.append(request)
            return '{"sentences": []}'
        reply = super().__call__(request)
        return self.makes_up if self.makes_up and reply == prompts.NOT_FOUND else reply

    @property
    def asked_for_an_answer(self) -> int:
        return sum(request.schema is None for request in self.requests)


def test_what_a_blind_reader_missed_is_answered_from_the_best_chunks(read_with: Make) -> None:
    reader, library = read_with(Blind(), book(800, facts={400: FACT}))
    answer = reader.ask(library, QUESTION, level="read")
    assert answer.found is True
    assert answer.level == "read"
    assert "chapel floor" in answer.text
    assert [citation.quote for citation in answer.citations] == [FACT]
    assert answer.coverage.relevant == 0


def test_not_in_the_documents_is_said_after_the_second_look_too(read_with: Make) -> None:
    model = Blind()
    reader, library = read_with(model, book(800, facts={400: "The silver compass was polished on Sundays."}))
    answer = reader.ask(library, QUESTION, level="read")
    assert answer.found is False
    assert answer.text.startswith("Not in the documents")
    assert answer.passages
    assert model.asked_for_an_answer == 1


def test_an_answer_that_no_cited_place_bears_out_is_never_shown(read_with: Make) -> None:
    model = Blind(makes_up="It lies at the bottom of the sea [1].")
    reader, library = read_with(model, book(800, facts={400: "The silver compass was polished on Sundays."}))
    events = list(reader.stream(library, QUESTION, level="read"))
    assert not any(isinstance(event, AnswerDelta) for event in events)
    assert isinstance(events[-1], Answered)
    assert events[-1].answer.found is None
    assert "sea" not in events[-1].answer.text


def test_a_model_that_is_not_asked_to_cite_looks_again_too_and_its_answer_counts_where_a_place_is_found(
    read_with: Make,
) -> None:
    reader, library = read_with(Blind(makes_up=FACT), book(800, facts={400: FACT}), cite=False)
    answer = reader.ask(library, QUESTION, level="read")
    assert answer.found is True
    assert [citation.quote for citation in answer.citations] == [FACT]
    reader, library = read_with(
        Blind(makes_up="At the bottom of the sea."),
        book(800, facts={400: "The silver compass was polished on Sundays."}),
        cite=False,
    )
    answer = reader.ask(library, QUESTION, level="read")
    assert answer.found is None
    assert "sea" not in answer.text


@dataclass
class Lost(Faithful):
    """Points at what helps, and answers from few words only; from many it makes something up."""

    most: int = 2_000
    says: str = "At the bottom of the sea."

    def __call__(self, request: Request) -> str:
        if request.schema is not None:
            return super().__call__(request)
        self.requests.append(request)
        prompt = request.messages[-1].content
        return FACT if FACT in prompt and len(prompt) < self.most else self.says


def test_a_model_that_loses_its_way_in_whole_chunks_is_shown_the_nearest_sentences(read_with: Make) -> None:
    reader, library = read_with(Lost(), book(800, facts={400: FACT}), cite=False)
    events = list(reader.stream(library, QUESTION, level="read"))
    assert "".join(event.text for event in events if isinstance(event, AnswerDelta)).strip() == f"{FACT} [1]"
    assert isinstance(events[-1], Answered)
    assert [citation.quote for citation in events[-1].answer.citations] == [FACT]


@pytest.mark.parametrize(("level", "highest"), [("read", None), ("auto", "read")])
def test_what_was_pointed_at_is_quoted_in_place_of_an_answer_that_nothing_bears_out(
    read_with: Make, level: LevelChoice, highest: str | None
) -> None:
    model = Lost(most=0)
    reader, library = read_with(model, book(800, facts={400: FACT}), cite=False, highest=highest)
    events = list(reader.stream(library, QUESTION, level=level))
    assert "".join(event.text for event in events if isinstance(event, AnswerDelta)) == f"{FACT} [1]"
    assert isinstance(events[-1], Answered)
    answer = events[-1].answer
    assert (answer.text, answer.found, answer.level) == (f"{FACT} [1]", True, "read")
    assert [(citation.quote, citation.support) for citation in answer.citations] == [(FACT, "supported")]
    assert "no passage bears out what the model wrote; quoted is what it pointed at" in answer.warnings


def test_an_answer_that_nothing_bears_out_stands_where_nothing_can_be_quoted(read_with: Make) -> None:
    """Looking again gives none, and what was pointed at says no more than the question."""
    model = Lost(most=0, fact="The silver compass is hidden.")
    reader, library = read_with(model, book(800, facts={400: model.fact}), cite=False)
    answer = reader.ask(library, QUESTION, level="read")
    assert answer.coverage.relevant == 1
    assert answer.text == "At the bottom of the sea."
    assert not answer.citations
    assert len({request.messages for request in model.requests if request.schema is None}) == 2


class LostAndResigned(Lost):
    """Once it has planned, it finds no answer."""

    def __call__(self, request: Request) -> str:
        if "enough" in (request.schema or {}).get("properties", {}):
            self.says = prompts.NOT_FOUND
            return '{"enough": true, "questions": []}'
        return super().__call__(request)


def test_what_was_pointed_at_is_quoted_where_reasoning_finds_nothing_either(read_with: Make) -> None:
    reader, library = read_with(LostAndResigned(most=0), book(800, facts={400: FACT}), cite=False, highest="reason")
    events = list(reader.stream(library, QUESTION))
    assert [event.level for event in events if isinstance(event, LevelStarted)][-1] == "reason"
    assert "".join(event.text for event in events if isinstance(event, AnswerDelta)) == f"{FACT} [1]"
    assert isinstance(events[-1], Answered)
    assert (events[-1].answer.text, events[-1].answer.level) == (f"{FACT} [1]", "read")


def test_each_of_several_questions_is_answered_with_what_was_pointed_at_for_it(read_with: Make) -> None:
    reader, library = read_with(Lost(most=0), book(800, facts={400: FACT}), cite=False)
    others = "Who hid the silver compass of the lighthouse?"
    answers = reader.batch(library, [QUESTION, others], level="read")
    assert [answer.text for answer in answers] == [f"{FACT} [1]"] * 2
    assert [answer.question for answer in answers] == [QUESTION, others]


def test_a_refusal_is_not_made_a_quotation(read_with: Make) -> None:
    reader, library = read_with(Lost(most=0, says=prompts.NOT_FOUND), book(800, facts={400: FACT}), cite=False)
    answer = reader.ask(library, QUESTION, level="read")
    assert not answer.found
    assert FACT not in answer.text


def test_an_answer_that_only_says_the_question_again_is_not_borne_out(read_with: Make) -> None:
    reader, library = read_with(Blind(makes_up="The silver compass."), book(800, facts={400: FACT}), cite=False)
    assert reader.ask(library, QUESTION, level="read").found is None


@pytest.mark.parametrize(("says", "found"), [("Compass.", True), ("The compasses.", None)])
def test_a_word_that_the_question_has_in_another_form_is_an_answer(
    read_with: Make, says: str, found: bool | None
) -> None:
    reader, library = read_with(Blind(makes_up=says), book(800, facts={400: FACT}), cite=False)
    question = "What of all compasses, silver ones, did the lighthouse keeper hide?"
    assert reader.ask(library, question, level="read").found is found


def test_an_answer_in_the_questions_words_that_names_what_stands_elsewhere_is_not_borne_out(read_with: Make) -> None:
    says = "The lighthouse keeper hid the silver compass under a tree."
    reader, library = read_with(Blind(makes_up=says), book(800, facts={400: FACT}), cite=False)
    question = "Under what was it that the lighthouse keeper hid the silver compass?"
    assert reader.ask(library, question, level="read").found is None


def test_an_answer_that_takes_one_of_the_words_that_a_question_offers_is_borne_out(read_with: Make) -> None:
    reader, library = read_with(Blind(makes_up="The silver compass."), book(800, facts={400: FACT}), cite=False)
    answer = reader.ask(library, "Was it the silver compass or the golden watch that was found?", level="read")
    assert answer.found
    assert answer.said == "The silver compass."


@pytest.mark.parametrize(
    ("options", "question"),
    [({"cite": False, "attribute": False}, QUESTION), ({}, "Who invented the aeroplane?")],
    ids=["no places", "no word"],
)
def test_there_is_no_second_look_where_it_can_tell_nothing(
    read_with: Make, options: dict[str, bool], question: str
) -> None:
    model = Blind(keywords=())
    reader, library = read_with(model, book(200, facts={100: FACT}), **options)
    answer = reader.ask(library, question, level="read")
    assert answer.found is False
    assert model.asked_for_an_answer == 0
