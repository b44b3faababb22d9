"""A reply about several questions is taken apart into one for each."""

from __future__ import annotations

import json

import pytest

from octavo.documents.sentences import sentence_spans
from octavo.errors import InvalidReply
from octavo.models.chat import Completion, TokenLogprob, TokenUsage
from octavo.reading import pointing
from octavo.reading.options import Strategy
from octavo.reading.pointing_many import replies


def said(text: str, *, finish_reason: str = "stop", logprobs: tuple[TokenLogprob, ...] = ()) -> Completion:
    return Completion(text, finish_reason, TokenUsage(1, 1), logprobs=logprobs)


def texts(strategy: Strategy, text: str, questions: int) -> list[str]:
    parts = replies(strategy, said(text), sentences=5, questions=questions)
    return [part.text for part in parts]


def test_a_single_question_keeps_its_reply() -> None:
    completion = said('{"sentences": [2]}')
    assert replies("number", completion, sentences=5, questions=1) == (completion,)


def test_numbers_come_from_each_questions_property() -> None:
    parts = texts("number", '{"1": [2, "3"], "2": []}', 2)
    assert [json.loads(part) for part in parts] == [{"sentences": [2, 3]}, {"sentences": []}]


def test_numbers_that_leave_a_question_out_are_invalid() -> None:
    with pytest.raises(InvalidReply, match="lacks 2"):
        texts("number", '{"1": [2]}', 2)


@pytest.mark.parametrize(
    "reply",
    ["1: A fox ran.\n2: None", "1. A fox ran.\n2. None", "Q1: A fox ran.\nQ2: None", "- 1) A fox ran.\n- 2) None"],
)
def test_lines_go_to_the_question_whose_number_they_begin_with(reply: str) -> None:
    assert texts("quote", reply, 2) == ["A fox ran.", "None"]


@pytest.mark.parametrize(
    "reply", ["1, 3: A fox ran.", "1 and 3: A fox ran.", "Questions 1 & 3: A fox ran.", "1,3. A fox ran."]
)
def test_a_line_may_name_several_questions(reply: str) -> None:
    assert texts("quote", reply, 3) == ["A fox ran.", "None", "A fox ran."]


@pytest.mark.parametrize("line", ["1.5 million came.", "7: nobody knows it.", "1, 9: nobody knows it."])
def test_a_number_that_names_no_question_is_part_of_the_text(line: str) -> None:
    assert texts("quote", f"2: A fox ran.\n{line}", 2) == ["None", f"A fox ran.\n{line}"]


def test_numbers_that_no_sentence_has_are_dropped_for_their_question_alone() -> None:
    passage = "One. Two. Three."
    spans = sentence_spans(passage)
    first, second = replies("number", said('{"1": [9], "2": [3]}'), sentences=len(spans), questions=2)
    assert pointing.understand("number", first, passage, spans).dropped == 1
    assert [span.of(passage).strip() for span in pointing.understand("number", second, passage, spans).sentences] == [
        "Three."
    ]


def test_a_question_without_a_line_has_none() -> None:
    assert texts("quote", "2: A fox ran.", 3) == ["None", "A fox ran.", "None"]


def test_a_line_without_a_number_belongs_to_the_one_before() -> None:
    assert texts("quote", "1: A fox ran.\nA hare sat.\n2: None", 2) == ["A fox ran.\nA hare sat.", "None"]


def test_a_reply_without_numbers_is_about_all_questions() -> None:
    assert texts("quote", "A fox ran.", 2) == ["A fox ran.", "A fox ran."]
    assert texts("quote", "None", 2) == ["None", "None"]


def test_thoughts_are_no_part_of_it() -> None:
    assert texts("quote", "<think>1: or 2:?</think>\n2: A fox ran.", 2) == ["None", "A fox ran."]


def test_an_empty_reply_is_invalid() -> None:
    with pytest.raises(InvalidReply):
        texts("quote", " \n", 2)


def test_only_the_last_part_of_a_cut_reply_is_cut() -> None:
    parts = replies("opening", said("1: A fox\n2: A ha", finish_reason="length"), sentences=5, questions=2)
    assert [part.finish_reason for part in parts] == ["stop", "length"]


def test_each_question_has_its_own_confidence() -> None:
    """The first is decided for a number with 0.9, the second for none with 0.8."""
    tokens = [
        TokenLogprob('{"', 0.0),
        TokenLogprob("1", 0.0),
        TokenLogprob('":', 0.0),
        TokenLogprob(" [", 0.0),
        TokenLogprob("2", -0.10536, (("2", -0.10536), ("]", -2.302585))),
        TokenLogprob("],", 0.0),
        TokenLogprob(' "', 0.0),
        TokenLogprob("2", 0.0),
        TokenLogprob('":', 0.0),
        TokenLogprob(" [", 0.0),
        TokenLogprob("]", -0.223144, (("]", -0.223144), ("3", -1.609438))),
        TokenLogprob("}", 0.0),
    ]
    text = '{"1": [2], "2": []}'
    passage = "One. Two. Three."
    spans = sentence_spans(passage)
    parts = replies("number", said(text, logprobs=tuple(tokens)), sentences=len(spans), questions=2)
    confidences = [pointing.understand("number", part, passage, spans).confidence for part in parts]
    assert confidences == [pytest.approx(0.9, abs=0.01), pytest.approx(0.2, abs=0.01)]
