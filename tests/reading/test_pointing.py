"""What a reader's reply is mapped to: sentences that it was shown, or nothing."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from octavo.documents.document import Span
from octavo.documents.sentences import sentence_spans
from octavo.errors import InvalidReply
from octavo.models.chat import Completion, TokenLogprob, TokenUsage
from octavo.reading.pointing import show, understand

TEXT = "Anna met the count at nine. He wore a “green” coat. Nobody spoke! 外面下着雨。The candle went out."
SENTENCES = sentence_spans(TEXT, Span(0, len(TEXT)))


def reply(text: str, *, logprobs: tuple[TokenLogprob, ...] = (), finish: str = "stop") -> Completion:
    return Completion(text, finish, TokenUsage(0, 0), logprobs=logprobs)


def found(strategy: str, text: str) -> list[str]:
    pointed = understand(strategy, reply(text), TEXT, SENTENCES)  # type: ignore[arg-type]
    return [span.of(TEXT).strip() for span in pointed.sentences]


def test_sentences_are_shown_numbered_for_the_strategy_number() -> None:
    assert show("number", TEXT, SENTENCES).startswith("[1] Anna met the count at nine. [2] He wore")


def test_numbers_name_the_sentences_shown() -> None:
    assert found("number", '{"sentences": [1, 3]}') == ["Anna met the count at nine.", "Nobody spoke!"]


def test_numbers_that_were_not_shown_are_dropped_and_counted() -> None:
    pointed = understand("number", reply('{"sentences": [2, 99, 0]}'), TEXT, SENTENCES)
    assert len(pointed.sentences) == 1
    assert pointed.dropped == 2


def test_an_empty_list_helps_nothing() -> None:
    assert found("number", '{"sentences": []}') == []


def test_a_reply_without_json_is_invalid() -> None:
    with pytest.raises(InvalidReply):
        understand("number", reply("I do not know."), TEXT, SENTENCES)


@pytest.mark.parametrize("quote", ["He wore a “green” coat.", "he wore a green coat", '1. "He wore a "green" coat."'])
def test_a_quote_is_found_whatever_its_marks(quote: str) -> None:
    assert found("quote", quote) == ["He wore a “green” coat."]


def test_a_nearly_exact_quote_is_its_sentence() -> None:
    assert found("quote", "Anna met a count at nine") == ["Anna met the count at nine."]


def test_an_invented_quote_is_dropped() -> None:
    pointed = understand("quote", reply("The emperor rode through Vienna."), TEXT, SENTENCES)
    assert pointed.sentences == ()
    assert pointed.dropped == 1


def test_chinese_quotes_are_found() -> None:
    assert found("quote", "外面下着雨") == ["外面下着雨。"]


@pytest.mark.parametrize("none", ["None", "none.", " None\n", "无", "没有相关句子", "None of the sentences help."])
def test_none_is_none(none: str) -> None:
    assert found("quote", none) == []
    assert found("opening", none) == []


def test_a_sentence_that_begins_with_none_is_a_quote() -> None:
    text = "None of the clauses survive termination except clause nine. The rest ends."
    sentences = sentence_spans(text, Span(0, len(text)))
    pointed = understand("quote", reply("None of the clauses survive termination except clause nine."), text, sentences)
    assert [span.of(text).strip() for span in pointed.sentences] == [
        "None of the clauses survive termination except clause nine."
    ]


def test_opening_words_name_one_sentence() -> None:
    assert found("opening", "The candle went\nAnna met the count") == [
        "Anna met the count at nine.",
        "The candle went out.",
    ]


def test_an_empty_reply_is_invalid() -> None:
    with pytest.raises(InvalidReply):
        understand("opening", reply("  \n"), TEXT, SENTENCES)


def test_confidence_is_the_probability_that_the_reply_is_not_none() -> None:
    logprobs = (TokenLogprob("None", math.log(0.7), (("None", math.log(0.7)), ("He", math.log(0.2)))),)
    pointed = understand("quote", reply("None", logprobs=logprobs), TEXT, SENTENCES)
    assert pointed.confidence == pytest.approx(0.2 / 0.9)


def test_confidence_of_numbers_is_decided_where_the_list_opens() -> None:
    logprobs = (
        TokenLogprob('{"sentences":', math.log(0.99)),
        TokenLogprob(" [", math.log(0.6), ((" [", math.log(0.6)), (" []", math.log(0.3)))),
        TokenLogprob("2", math.log(0.5), (("2", math.log(0.5)), ("]", math.log(0.25)))),
        TokenLogprob("]}", math.log(0.9)),
    )
    pointed = understand("number", reply('{"sentences": [2]}', logprobs=logprobs), TEXT, SENTENCES)
    none, some = 0.99 * (0.3 + 0.6 * 0.25), 0.99 * 0.6 * 0.5
    assert pointed.confidence == pytest.approx(some / (some + none))


@given(st.sampled_from(["number", "quote", "opening"]), st.text(max_size=200))
def test_any_reply_gives_sentences_that_were_shown_or_is_invalid(strategy: str, text: str) -> None:
    try:
        pointed = understand(strategy, reply(text), TEXT, SENTENCES)  # type: ignore[arg-type]
    except InvalidReply:
        return
    assert set(pointed.sentences) <= set(SENTENCES)
