"""The pressure test: one needle at several depths of one long text."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from octavo.errors import EvaluationError
from octavo.evaluation.names import Language
from octavo.evaluation.tasks.pressure import PressureTest
from octavo.models.estimated_tokenizer import EstimatedTokenizer

TOKENIZER = EstimatedTokenizer(exact=True)


@pytest.fixture
def text(tmp_path: Path) -> Path:
    path = tmp_path / "book.txt"
    path.write_text(
        "\n\n".join(f"Paragraph {number} tells of the sea. It says nothing of islands." for number in range(1_000)),
        encoding="utf-8",
    )
    return path


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_same_needle_stands_at_each_depth_of_the_same_text(text: Path, language: Language) -> None:
    items = list(PressureTest(TOKENIZER, [text], language=language, tokens=10_000).items())

    assert [item.id for item in items] == [f"pressure/{language}/10000/depth-{d}" for d in (0, 25, 50, 75, 100)]
    assert len({(item.question, item.answers) for item in items}) == 1
    needle = f"\n{items[0].evidence[0].text}\n"
    bare = [item.context.replace(needle, "") for item in items]
    longest = max(bare, key=len)
    assert all(longest.startswith(each) and len(longest) - len(each) < 50 for each in bare)


def test_contexts_have_the_length_asked_for_and_the_needle_at_its_depth_between_sentences(text: Path) -> None:
    for item in PressureTest(TOKENIZER, [text], tokens=10_000).items():
        (evidence,) = item.evidence
        before = item.context[: evidence.span.start]
        assert 9_980 <= TOKENIZER.count(item.context) <= 10_000
        assert evidence.span.of(item.context) == evidence.text
        assert TOKENIZER.count(before) / 10_000 * 100 == pytest.approx(item.conditions["depth"], abs=0.5)
        assert before.strip() == "" or before.rstrip()[-1] == "." or item.conditions["depth"] == 100


def test_the_keyword_is_the_answer(text: Path) -> None:
    task = PressureTest(TOKENIZER, [text], tokens=1_000, depths=[50])
    (item,) = task.items()

    assert item.answers[0] in item.evidence[0].text
    assert task.scorers["score"](item, f"It is the {item.answers[0]}.") == 1.0
    assert task.scorers["score"](item, "It is not said.") == 0.0


def test_a_seed_decides_order_and_needle(text: Path) -> None:
    def made(seed: int) -> list[object]:
        return list(PressureTest(TOKENIZER, [text], tokens=1_000, depths=[50], seed=seed).items())

    assert made(1) == made(1)
    assert made(1) != made(2)


def test_settings_are_json_and_name_the_text_by_its_content(text: Path) -> None:
    task = PressureTest(TOKENIZER, [text], tokens=1_000)
    before = json.dumps(task.settings())
    text.write_text(text.read_text(encoding="utf-8") + "\n\nMore.", encoding="utf-8")

    assert json.loads(before)["depths"] == [0, 25, 50, 75, 100]
    assert json.dumps(task.settings()) == before
    assert json.dumps(PressureTest(TOKENIZER, [text], tokens=1_000).settings()) != before


def test_too_little_text_is_an_error(text: Path) -> None:
    with pytest.raises(EvaluationError, match="tokens of text, and 1,000,000 are needed"):
        next(PressureTest(TOKENIZER, [text]).items())


def test_a_million_tokens_are_made_with_the_needle_at_both_ends(tmp_path: Path) -> None:
    path = tmp_path / "long.txt"
    path.write_text("\n".join(f"Line {number} of a long text." for number in range(170_000)), encoding="utf-8")

    first, last = PressureTest(TOKENIZER, [path], depths=[0, 100]).items()

    assert TOKENIZER.count(first.context) <= 1_000_000
    assert TOKENIZER.count(first.context) > 999_980
    assert first.evidence[0].span.start == 1
    assert last.evidence[0].span.end == len(last.context) - 1
