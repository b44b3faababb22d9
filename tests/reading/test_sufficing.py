from __future__ import annotations

import pytest

from octavo.documents.document import DocumentRef, Span
from octavo.reading.answer import Answer, Citation, Support
from octavo.reading.options import ReadingOptions
from octavo.reading.sufficing import shortcoming

QUESTION = "Where did the keeper hide the compass?"
ASKED_TO_CITE = ReadingOptions(cite=True)
CITED_BY_CODE = ReadingOptions(cite=False)


def answered(text: str, *supports: Support) -> Answer:
    places = tuple(Citation("[1]", DocumentRef("1", "book"), Span(0, 4), "text", None, (), s) for s in supports)
    return Answer(QUESTION, text, True, "read", places)


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (Answer(QUESTION, "", None, "read"), "nothing was found"),
        (answered("Under the stairs."), "no passage bears out the answer"),
        (answered("Under the stairs.", "unsupported"), "no cited place bears out the answer"),
        (answered("Under the stairs.", "unsupported", "supported"), ""),
    ],
)
@pytest.mark.parametrize("options", [ASKED_TO_CITE, CITED_BY_CODE], ids=["asked to cite", "cited by code"])
def test_what_falls_short_is_named(answer: Answer, why: str, options: ReadingOptions) -> None:
    assert shortcoming(answer, options) == why


def test_a_question_said_again_is_no_answer_of_a_model_that_is_not_asked_to_cite() -> None:
    answer = answered("Where the keeper did hide the compass.", "supported")
    assert shortcoming(answer, CITED_BY_CODE) == "the answer says no more than the question"
    assert shortcoming(answer, ASKED_TO_CITE) == ""


def test_what_could_not_be_checked_suffices_of_a_model_that_cites() -> None:
    answer = answered("Under the stairs.", "unchecked")
    assert shortcoming(answer, ASKED_TO_CITE) == ""
    assert shortcoming(answer, CITED_BY_CODE) == "no cited place is known to bear out the answer"
