"""Answers, accounts and estimates as text."""

from __future__ import annotations

from dataclasses import replace

import pytest

from octavo.cli.rendering import EXIT_CODES, account_line, citation_lines, estimate_json, estimate_lines
from octavo.reading.answer import Answer, Coverage, Outcome
from octavo.reading.options import Estimate
from tests.cli.made_up import ANSWER

ESTIMATE = Estimate("read", 20, 9_500, 22, 2, 12_000, 1_200, 48.2)


def test_a_citation_says_where_it_stands_whether_it_supports_and_what_it_says() -> None:
    assert citation_lines(ANSWER) == [
        "[1] war-and-peace.md, BOOK ONE > XXV, characters 120,000 to 120,036 (supported)",
        '    "his sister, Princess Mary"',
    ]


def test_a_long_quote_is_shortened_in_its_middle_and_harmless() -> None:
    quote = "Anna \x1b]0;title\x07 " + "went on " * 200 + "to the end."
    citation = replace(ANSWER.citations[0], quote=quote, page=7, support="unsupported")
    where, said = citation_lines(replace(ANSWER, citations=(citation,)))
    assert "page 7" in where
    assert where.endswith("(unsupported)")
    assert len(said) < 450
    assert said.startswith(r'    "Anna \x1b]0;title\x07 went on')
    assert " [...] " in said
    assert said.endswith('to the end."')


def test_the_account_is_one_line() -> None:
    assert account_line(ANSWER) == (
        "read; 18 of 20 chunks read, 3 relevant, 2 failed; 20 calls (2 reused); 12,345 tokens in (400 cached), "
        "678 out; 12.3 s"
    )


def test_the_account_says_how_a_reading_without_an_answer_ended() -> None:
    nothing = replace(ANSWER, found=False, coverage=Coverage(chunks=20, read=20))
    assert account_line(nothing).startswith("read, not in the documents; 20 of 20 chunks read, 0 relevant; ")


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (ANSWER, 0),
        (replace(ANSWER, found=False), 3),
        (replace(ANSWER, budget_exhausted=True), 4),
        (replace(ANSWER, found=None), 5),
    ],
)
def test_every_outcome_has_its_exit_code(answer: Answer, code: int) -> None:
    assert EXIT_CODES[answer.outcome] == code
    assert set(EXIT_CODES) == set(Outcome)


def test_an_estimate_says_calls_tokens_and_time() -> None:
    assert estimate_lines(ESTIMATE) == [
        "level    read",
        "to read  9,500 tokens in 20 chunks",
        "calls    22 (2 of them reused)",
        "tokens   12,000 in, at most 1,200 out",
        "time     about 48 s",
    ]
    assert estimate_lines(replace(ESTIMATE, seconds=None))[-1] == (
        "time     not known: no call to this model was timed yet"
    )
    assert estimate_lines(replace(ESTIMATE, reused_calls=22))[-1] == "time     none: every call is kept"


def test_an_estimate_says_how_often_the_documents_may_be_read() -> None:
    assert estimate_lines(replace(ESTIMATE, passes=6))[-1] == "passes   at most 6; the figures are of one"


def test_an_estimate_as_json_has_every_field() -> None:
    assert estimate_json(ESTIMATE) == {
        "level": "read",
        "chunks": 20,
        "document_tokens": 9_500,
        "calls": 22,
        "reused_calls": 2,
        "prompt_tokens": 12_000,
        "completion_tokens": 1_200,
        "seconds": 48.2,
        "passes": 1,
    }
