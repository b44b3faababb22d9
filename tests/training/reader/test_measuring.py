"""Right replies are worth all, wrong ones nothing, and a failed call is wrong."""

from __future__ import annotations

import pytest

from octavo.documents.sentences import sentence_spans
from octavo.models.chat import Completion, TokenUsage
from octavo.training.reader.example import Kind
from octavo.training.reader.examples import IN_USE
from octavo.training.reader.measuring import measured, together

from .test_examples import made, replied


@pytest.mark.parametrize("kind", IN_USE.shares)
def test_right_replies_are_worth_all(kind: Kind) -> None:
    values = together([measured(example, replied(example.reply)) for example in made(kind, 40)])
    assert values
    # A sentence may be told twice in the same words, and a quotation then names both.
    assert all(sum(numbers) / len(numbers) > 0.97 for numbers in values.values())


@pytest.mark.parametrize("kind", IN_USE.shares)
def test_a_failed_call_is_worth_nothing(kind: Kind) -> None:
    values = together([measured(example, None) for example in made(kind, 40)])
    assert values
    assert all(sum(numbers) == 0 for numbers in values.values())


@pytest.mark.parametrize(("plain", "measures"), [(False, {"none", "none of like"}), (True, {"none", "none of plain"})])
def test_a_reader_that_finds_something_everywhere_is_wrong_about_nothing(plain: bool, measures: set[str]) -> None:
    example = next(each for each in made("read") if not each.about["gold"] and each.about["plain"] == plain)
    sentence = example.about["text"].split(".")[0]
    assert measured(example, replied(sentence)) == {key: [0.0] for key in measures}
    assert measured(example, replied("None")) == {key: [1.0] for key in measures}


def test_a_sentence_that_does_not_help_costs_precision() -> None:
    example = next(
        example
        for example in made("read")
        if len(example.about["gold"]) == 1 and "carriage" not in example.about["text"] and "。" not in example.reply
    )
    text = example.about["text"]
    shown = [span.of(text).strip() for span in sentence_spans(text)]
    other = next(sentence for sentence in shown if sentence and sentence != example.reply)
    assert measured(example, replied(f"{example.reply}\n{other}")) == {
        "hit": [1.0],
        "recall": [1.0],
        "precision": [0.5],
    }
    assert measured(example, replied("None")) == {"hit": [0.0], "recall": [0.0]}


def test_an_answer_is_compared_without_its_markers() -> None:
    example = next(example for example in made("answer") if example.about["answer"] and example.about["cite"])
    said = measured(example, Completion(f"{example.about['answer']} [99]", "stop", TokenUsage(1, 1)))
    assert (said["exact"], said["f1"], said["cited"]) == ([1.0], [1.0], [0.0])
    assert measured(example, replied("NOT FOUND"))["exact"] == [0.0]
