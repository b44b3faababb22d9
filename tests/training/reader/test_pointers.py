"""A quote begins with what the question names."""

from __future__ import annotations

import pytest

from octavo.documents.sentences import sentence_spans
from octavo.reading import prompts
from octavo.training.reader.pointers import pointing_reply


@pytest.mark.parametrize(
    ("sentence", "question", "quote"),
    [
        (
            "As the letters say, Ada Hale learned from Emil.",
            "Who taught Ada Hale?",
            "Ada Hale learned from Emil.",
        ),
        ("Emil taught Ada Hale.", "Who was the teacher of Ada Hale?", "Emil taught Ada Hale."),
        (
            "In the spring the ivory harp was sold.",
            "When was the ivory harp of Oakshott sold?",
            "the ivory harp was sold.",
        ),
        ("It came out in 1865.", "Who wrote Brand?", "It came out in 1865."),
        ("据记载，陈野生在南京。", "陈野是哪里人？", "陈野生在南京。"),
    ],
)
def test_a_quote_begins_with_the_longest_run_of_words_that_the_question_has(
    sentence: str, question: str, quote: str
) -> None:
    assert pointing_reply("quote", sentence, sentence_spans(sentence), question, sentence_spans(sentence)) == quote


def test_what_the_first_quote_says_is_named_for_the_next_one() -> None:
    text = "Few knew that Brand is by Henrik Ibsen. A cold day it was when Henrik Ibsen was born in Skien."
    first, second = sentence_spans(text)
    reply = pointing_reply("quote", text, [first, second], "Where was the author of Brand born?", [first, second])
    assert reply.splitlines() == ["Brand is by Henrik Ibsen.", "Henrik Ibsen was born in Skien."]


def test_nothing_that_helps_is_none() -> None:
    assert pointing_reply("quote", "A ship sails.", sentence_spans("A ship sails."), "Who?", []) == prompts.NONE
