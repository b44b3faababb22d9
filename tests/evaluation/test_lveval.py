"""LV-Eval from its files: items, prompts, scores; what is missing or of another format is named."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from octavo.errors import EvaluationError, UsageError
from octavo.evaluation.item import Item
from octavo.evaluation.tasks.lveval import DATASETS, LvEval

LINE = {
    "input": "Who painted the mill?",
    "context": "Passage 1\nThe mill was painted by Ada Finch.",
    "answers": ["It was Ada Finch", "Finch"],
    "length": 9,
    "dataset": "hotpotwikiqa_mixup",
    "language": "en",
    "answer_keywords": "Ada Finch",
    "confusing_facts": ["The barn was painted by Tom Reed."],
}


def write(folder: Path, name: str, *lines: dict[str, Any]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
    (folder / f"{name}.jsonl").write_text(text, encoding="utf-8")


def changed(**fields: Any) -> dict[str, Any]:
    return {name: value for name, value in {**LINE, **fields}.items() if value is not ...}


def test_an_item_is_a_line_with_the_official_prompt(tmp_path: Path) -> None:
    write(tmp_path / "hotpotwikiqa_mixup", "hotpotwikiqa_mixup_16k", LINE)
    (item,) = LvEval(tmp_path).items()

    assert item.id == "hotpotwikiqa_mixup/16k/0"
    assert item.context == LINE["context"]
    assert item.answers == ("It was Ada Finch", "Finch")
    assert item.conditions == {"dataset": "hotpotwikiqa_mixup", "length": 16_000, "language": "en"}
    assert item.question.startswith("Please answer the following question based on the above passages.")
    assert item.question.endswith("\n\nQuestion: Who painted the mill?")
    before, after = item.data["prompt"]
    assert before.startswith("Answer the question based on the given passages.")
    assert before.endswith("\n\nArticle: ")
    assert after.startswith("\n\nPlease answer")
    assert after.endswith("Question: Who painted the mill?\nAnswer:")
    assert item.data["confusing_facts"] == "The barn was painted by Tom Reed."


def test_a_question_with_braces_is_asked_as_it_stands(tmp_path: Path) -> None:
    write(tmp_path, "factrecall_en_16k", changed(input="What is {context}?"))
    (item,) = LvEval(tmp_path).items()
    assert item.question.endswith("Question: What is {context}?")


@pytest.mark.parametrize("dataset", DATASETS)
def test_every_set_has_its_prompt_language_and_metric(tmp_path: Path, dataset: str) -> None:
    chinese = DATASETS[dataset].language == "zh"
    answer = "北京的故宫" if chinese else "Ada Finch"
    line = changed(answers=[answer], answer_keywords=..., confusing_facts=None)
    write(tmp_path, f"{dataset}_256k", line)
    task = LvEval(tmp_path, datasets=[dataset])
    (item,) = task.items()

    before, after = item.data["prompt"]
    assert before.endswith("文章：" if chinese else "Article: ")
    assert after.endswith("回答：" if chinese else "Answer:")
    assert item.question.endswith("Who painted the mill?")
    assert task.scorers["score"](item, answer) == 1


def test_official_and_relaxed_scores_stand_side_by_side(tmp_path: Path) -> None:
    write(tmp_path, "hotpotwikiqa_mixup_16k", changed(answer_keywords="Ada Finch of Bergen harbour town hall"))

    def judge(_: Item, text: str) -> float:
        return float("Finch" in text)

    task = LvEval(tmp_path, judge=judge)
    (item,) = task.items()
    scores = {name: scorer(item, "Finch") for name, scorer in task.scorers.items()}
    assert scores == pytest.approx({"score": 0, "keyword_recall": 1 / 7, "ungated_f1": 0.4, "judged": 1})
    assert next(iter(task.scorers)) == "score"


def test_sets_levels_and_samples_are_chosen(tmp_path: Path) -> None:
    for name in ("cmrc_mixup_16k", "cmrc_mixup_32k", "factrecall_en_16k"):
        write(tmp_path, name, LINE, LINE, LINE)
    assert len(list(LvEval(tmp_path).items())) == 9
    chosen = LvEval(tmp_path, datasets=["cmrc_mixup"], levels=["32k"], samples=2)
    assert [item.id for item in chosen.items()] == ["cmrc_mixup/32k/0", "cmrc_mixup/32k/1"]
    assert list(chosen.settings()["files"]) == ["cmrc_mixup_32k"]
    assert json.loads(json.dumps(chosen.settings())) == chosen.settings()


def test_what_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="LV-Eval has no data set cmrc; there are loogle_SD_mixup"):
        LvEval(tmp_path, datasets=["cmrc"])
    with pytest.raises(UsageError, match="LV-Eval has no level 8k; there are 16k, 32k"):
        LvEval(tmp_path, levels=["8k"])
    with pytest.raises(EvaluationError, match=r"has no file of LV-Eval such as loogle_SD_mixup_16k\.jsonl"):
        LvEval(tmp_path)
    write(tmp_path, "cmrc_mixup_16k", LINE)
    with pytest.raises(EvaluationError, match=r"has no file lic_mixup_16k\.jsonl"):
        LvEval(tmp_path, datasets=["cmrc_mixup", "lic_mixup"])
    with pytest.raises(EvaluationError, match=r"has no file cmrc_mixup_64k\.jsonl"):
        LvEval(tmp_path, datasets=["cmrc_mixup"], levels=["16k", "64k"])


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (changed(input=...), r'cmrc_mixup_16k\.jsonl, line 2: has no field "input"'),
        (changed(context=3), r'line 2: the field "context" is no text'),
        (changed(answers="Ada"), r'line 2: the field "answers" is no list'),
        (changed(answers=[]), r'line 2: the field "answers" is empty'),
        (changed(answer_keywords=3), r'line 2: the field "answer_keywords" is no text'),
    ],
)
def test_another_format_is_named_with_line_and_field(tmp_path: Path, line: dict[str, Any], message: str) -> None:
    write(tmp_path, "cmrc_mixup_16k", LINE, line)
    with pytest.raises(EvaluationError, match=message):
        next(LvEval(tmp_path).items())


def test_a_line_beyond_the_samples_is_not_looked_at(tmp_path: Path) -> None:
    write(tmp_path, "cmrc_mixup_16k", LINE, changed(answers=[]))
    assert len(list(LvEval(tmp_path, samples=1).items())) == 1


def test_the_longest_answer_is_that_of_the_benchmark(tmp_path: Path) -> None:
    for dataset in DATASETS:
        write(tmp_path, f"{dataset}_16k", LINE)
    task = LvEval(tmp_path)
    longest = {item.conditions["dataset"]: item.answer_tokens for item in task.items()}
    assert longest == dict.fromkeys(DATASETS, 64) | {"factrecall_en": 16, "factrecall_zh": 16}
    assert task.settings()["answer_tokens"] == longest
