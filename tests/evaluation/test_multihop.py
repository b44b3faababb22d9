"""MuSiQue and HotpotQA from their files: among their own paragraphs, or hidden in other text."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from octavo.errors import EvaluationError, UsageError
from octavo.evaluation.tasks.multihop import MultiHop
from octavo.models.estimated_tokenizer import EstimatedTokenizer

TOKENIZER = EstimatedTokenizer(exact=True)

MUSIQUE = {
    "id": "2hop__1",
    "question": "Where was the painter of the mill born?",
    "answer": "Lisbon",
    "answer_aliases": ["Lisboa"],
    "answerable": True,
    "question_decomposition": [{}, {}],
    "paragraphs": [
        {"title": "Mill", "paragraph_text": "The mill was painted by Ada Finch.", "is_supporting": True},
        {"title": "Barn", "paragraph_text": "The barn is red.", "is_supporting": False},
        {"title": "Finch", "paragraph_text": "Ada Finch was born in Lisbon.", "is_supporting": True},
    ],
}
HOTPOTQA = {
    "_id": "h1",
    "question": "Who runs the firm of Ada Finch?",
    "answer": "Tom Reed",
    "type": "bridge",
    "supporting_facts": [["Finch", 1], ["Firm", 0], ["Firm", 9]],
    "context": [
        ["Finch", ["Ada Finch paints.", " She owns the firm Blue."]],
        ["Firm", ["Blue is run by Tom Reed.", " It is large."]],
    ],
}


def written(path: Path, *records: dict[str, Any]) -> Path:
    path.write_text(json.dumps(list(records)), encoding="utf-8")
    return path


@pytest.fixture
def musique(tmp_path: Path) -> Path:
    other = {**MUSIQUE, "id": "2hop__2", "question": "Of what colour is it?", "answer": "red"}
    return written(tmp_path / "musique.json", MUSIQUE, {**MUSIQUE, "id": "no", "answerable": False}, other)


@pytest.fixture
def text(tmp_path: Path) -> Path:
    path = tmp_path / "book.txt"
    path.write_text("\n\n".join(f"It rained for {number} days. Then it stopped." for number in range(300)), "utf-8")
    return path


def test_a_question_of_musique_stands_among_its_own_paragraphs(musique: Path) -> None:
    task = MultiHop(TOKENIZER, musique, samples=1)
    (item,) = task.items()
    assert (task.name, item.id) == ("musique", "musique/2hop__1")
    assert item.answers == ("Lisbon", "Lisboa")
    assert item.context.startswith("Mill\nThe mill was painted by Ada Finch.\n\nBarn\n")
    assert [evidence.text for evidence in item.evidence] == [
        "The mill was painted by Ada Finch.",
        "Ada Finch was born in Lisbon.",
    ]
    assert all(evidence.span.of(item.context) == evidence.text for evidence in item.evidence)
    assert item.conditions == {"dataset": "musique", "language": "en", "hops": 2}


def test_the_evidence_of_hotpotqa_is_sentences(tmp_path: Path) -> None:
    task = MultiHop(TOKENIZER, written(tmp_path / "hotpot.json", HOTPOTQA))
    (item,) = task.items()
    assert task.name == "hotpotqa"
    assert [evidence.text for evidence in item.evidence] == ["She owns the firm Blue.", "Blue is run by Tom Reed."]
    assert item.conditions["kind"] == "bridge"
    assert task.scorers["score"](item, "Tom Reed") == 1.0


def test_paragraphs_are_hidden_at_each_length(musique: Path, text: Path) -> None:
    task = MultiHop(TOKENIZER, musique, texts=[text], lengths=[400, 900], supporting=True)
    items = list(task.items())
    assert task.name == "musique-style"
    assert [item.conditions["length"] for item in items] == [400, 400, 900, 900]
    for item in items:
        assert item.conditions["length"] - 20 <= TOKENIZER.count(item.context) <= item.conditions["length"]
        assert all(evidence.span.of(item.context) == evidence.text for evidence in item.evidence)
        assert "The barn is red." not in item.context
    assert items[0].context != items[1].context
    again = MultiHop(TOKENIZER, musique, texts=[text], lengths=[400, 900], supporting=True)
    assert list(again.items()) == items


def test_a_shared_text_holds_the_paragraphs_of_all_questions(musique: Path, text: Path) -> None:
    first, second = MultiHop(TOKENIZER, musique, texts=[text], lengths=[600], shared=True).items()
    assert first.context == second.context
    assert "The barn is red." in first.context


@pytest.mark.parametrize("settings", [{"lengths": [400]}, {"texts": [Path("book.txt")]}, {"shared": True}])
def test_settings_that_do_not_fit_together_are_refused(settings: dict[str, Any], musique: Path) -> None:
    with pytest.raises(UsageError, match="name text files and lengths"):
        MultiHop(TOKENIZER, musique, **settings)


def test_a_file_of_another_format_is_named_with_its_place(tmp_path: Path, text: Path, musique: Path) -> None:
    with pytest.raises(EvaluationError, match='record 1: has neither "paragraphs", as MuSiQue, nor "context"'):
        list(MultiHop(TOKENIZER, written(tmp_path / "other.json", {"q": 1})).items())
    with pytest.raises(EvaluationError, match=r'record 1, paragraphs\[0\]: has no field "title"'):
        list(MultiHop(TOKENIZER, written(tmp_path / "bad.json", {**MUSIQUE, "paragraphs": [{}]})).items())
    with pytest.raises(EvaluationError, match=r"the paragraphs have .* tokens, more than the 20 asked for"):
        list(MultiHop(TOKENIZER, musique, texts=[text], lengths=[20]).items())


@pytest.mark.parametrize("shared", [False, True])
def test_what_a_later_item_lacks_is_said_before_the_first(
    tmp_path: Path, text: Path, musique: Path, shared: bool
) -> None:
    broken = written(tmp_path / "broken.json", MUSIQUE, {**MUSIQUE, "paragraphs": [{}]})
    with pytest.raises(EvaluationError, match=r'record 2, paragraphs\[0\]: has no field "title"'):
        next(MultiHop(TOKENIZER, broken).items())
    with pytest.raises(EvaluationError, match=r"book\.txt: holds [\d,]+ tokens of text, and 100,000 are needed"):
        next(MultiHop(TOKENIZER, musique, texts=[text], lengths=[400, 100_000], shared=shared).items())
    long = {**MUSIQUE["paragraphs"][0], "paragraph_text": "The mill is old. " * 200}  # type: ignore[index]
    longer = written(tmp_path / "longer.json", MUSIQUE, {**MUSIQUE, "id": "2hop__2", "paragraphs": [long]})
    with pytest.raises(EvaluationError, match=r"(2hop__2|all questions): the paragraphs have .*, more than the 600 "):
        next(MultiHop(TOKENIZER, longer, texts=[text], lengths=[2_000, 600], shared=shared).items())


def test_a_context_is_the_same_whatever_other_lengths_are_asked(musique: Path, text: Path) -> None:
    both = list(MultiHop(TOKENIZER, musique, texts=[text], lengths=[400, 2_000]).items())
    assert both[:2] == list(MultiHop(TOKENIZER, musique, texts=[text], lengths=[400]).items())
