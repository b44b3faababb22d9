"""L-Eval from its files: a document's instructions become items, each scored as its set is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from octavo.errors import EvaluationError, UsageError
from octavo.evaluation.item import Prediction
from octavo.evaluation.scoring import score_prediction
from octavo.evaluation.tasks.leval import LEval


def document(instructions: list[str], outputs: list[str], evaluation: str = "exam", **fields: Any) -> dict[str, Any]:
    return {
        "instructions": instructions,
        "outputs": outputs,
        "input": "A long document.",
        "source": "somewhere",
        "evaluation": evaluation,
        **fields,
    }


def write(folder: Path, name: str, *documents: dict[str, Any]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    text = "".join(json.dumps(each, ensure_ascii=False) + "\n" for each in documents)
    (folder / f"{name}.jsonl").write_text(text, encoding="utf-8")


def test_every_instruction_is_an_item_of_the_same_document(tmp_path: Path) -> None:
    write(tmp_path / "Closed-ended-tasks", "quality", document(["Which? A. B. C. D.", "Why?"], ["C", "A"]))
    first, second = LEval(tmp_path).items()

    assert (first.id, second.id) == ("quality/0/0", "quality/0/1")
    assert first.context == second.context == "A long document."
    assert first.conditions == {"dataset": "quality", "language": "en"}
    assert first.question.startswith("Now you are given a very long document.")
    assert first.question.endswith(
        "Question: Which? A. B. C. D. \nPlease directly give answer without any additional output or explanation"
    )
    before, after = first.data["prompt"]
    assert before.endswith("\nDocument is as follows. ")
    assert after.startswith(" Question: Which? A. B. C. D. \nPlease")
    assert after.endswith("explanation\n Answer: ")


def test_code_and_arithmetic_stand_right_behind_the_document(tmp_path: Path) -> None:
    write(tmp_path, "codeU", document(["What is f(2)?"], ["[4]"]))
    (item,) = LEval(tmp_path).items()
    assert item.data["prompt"][0].startswith("Now you are given a code base")
    assert item.data["prompt"][1] == "\n\nWhat is f(2)?"


def test_open_tasks_are_told_the_length_of_the_reference(tmp_path: Path) -> None:
    write(tmp_path, "narrative_qa", document(["Summarize."], ["a b c"], "f1"))
    (item,) = LEval(tmp_path).items()
    assert item.data["prompt"][1] == (
        " Instruction: Summarize. The suggested output length is around 3 words. Output: "
    )
    assert item.question.endswith("Instruction: Summarize. The suggested output length is around 3 words.")


@pytest.mark.parametrize(
    ("dataset", "evaluation", "output", "said", "score"),
    [
        ("coursera", "exam", "ABD", "AD", 0.25),
        ("tpo", "exam", "B", "B. because", 1.0),
        ("gsm100", "exam", "2 + 3 = 5. The answer is 5", "So the answer is 7 or The answer is 5.", 1.0),
        ("codeU", "exam", "[1, 2]", "The final result is [1,2]", 1.0),
        ("topic_retrieval_longchat", "exam", "The joy of tea", "It was the joy of tea.", 1.0),
        ("narrative_qa", "f1", "the blue tower", "blue", 2 / 3),
        ("gov_report_summ", "rouge", "one two three", "one two four", (2 / 3 * 1 / 2 * 2 / 3) ** (1 / 3)),
    ],
)
def test_each_set_is_scored_in_its_way(
    tmp_path: Path, dataset: str, evaluation: str, output: str, said: str, score: float
) -> None:
    write(tmp_path, dataset, document(["?"], [output], evaluation))
    task = LEval(tmp_path)
    (item,) = task.items()
    assert task.scorers["score"](item, said) == pytest.approx(score)


def test_science_fiction_asks_about_the_story_and_about_the_world(tmp_path: Path) -> None:
    asked = "Can people fly, based on the world described in the document.?"
    write(tmp_path, "sci_fi", document([asked], ["True [fact: False]"]))
    task = LEval(tmp_path)
    loyalty, fact = task.items()

    assert (loyalty.conditions["part"], fact.conditions["part"]) == ("loyalty", "fact")
    assert asked in loyalty.question
    assert "real-world knowledge" in fact.question
    assert "evidence in the document" not in fact.question
    score = task.scorers["score"]
    assert (score(loyalty, "True."), score(fact, "True."), score(fact, "False")) == (1, 0, 1)


def test_of_answers_that_rouge_scores_its_parts_are_measured_too(tmp_path: Path) -> None:
    write(tmp_path, "quality", document(["?"], ["A"]))
    assert list(LEval(tmp_path).scorers) == ["score"]
    write(tmp_path, "news_summ", document(["?"], ["one two"], "rouge"), document(["?"], ["one"], "human"))
    task = LEval(tmp_path)
    assert list(task.scorers) == ["score", "rouge_1", "rouge_2", "rouge_l"]
    choice, summary = task.items()
    assert score_prediction(choice, Prediction(choice.id, "A"), task.scorers) == {"score": 1.0}
    said = score_prediction(summary, Prediction(summary.id, "one"), task.scorers)
    assert said == {"score": 0.0, "rouge_1": pytest.approx(2 / 3), "rouge_2": 0.0, "rouge_l": pytest.approx(2 / 3)}
    assert score_prediction(choice, Prediction(choice.id, None, "gone"), task.scorers) == {"score": 0.0}


def test_what_no_formula_scores_is_left_out_and_counted(tmp_path: Path) -> None:
    write(
        tmp_path,
        "multidoc_qa",
        document(["?"], ["x"], "LLM"),
        document(["?"], ["x"], "f1"),
        document(["?"], ["x"], "human"),
    )
    task = LEval(tmp_path)
    assert [item.id for item in task.items()] == ["multidoc_qa/1/0"]
    assert task.settings()["left_out"] == {"multidoc_qa": 2}
    assert json.loads(json.dumps(task.settings())) == task.settings()


def test_samples_are_the_first_of_each_set(tmp_path: Path) -> None:
    write(tmp_path, "tpo", document(["a", "b"], ["A", "B"]), document(["c"], ["C"]))
    write(tmp_path, "quality", document(["d"], ["D"]))
    assert [item.id for item in LEval(tmp_path, samples=2).items()] == ["quality/0/0", "tpo/0/0", "tpo/0/1"]


def test_what_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="L-Eval has no data set gsm; there are coursera"):
        LEval(tmp_path, datasets=["gsm"])
    with pytest.raises(EvaluationError, match=r"has no file tpo\.jsonl"):
        LEval(tmp_path, datasets=["tpo"])
    with pytest.raises(EvaluationError, match=r"has no file of L-Eval such as coursera\.jsonl"):
        LEval(tmp_path)


@pytest.mark.parametrize(
    ("name", "line", "message"),
    [
        ("tpo", document(["a", "b"], ["A"]), 'line 1: the field "outputs" has 1 entries, and there are 2 instructions'),
        (
            "tpo",
            document(["a"], ["A"], "exams"),
            'line 1: the field "evaluation" is none of exam, f1, rouge, LLM, human',
        ),
        ("tpo", document(["a"], [" "]), 'line 1: the field "outputs" is empty at 0'),
        ("tpo", document(["a"], ["A"], input=None), 'line 1: the field "input" is no text'),
        (
            "sci_fi",
            document(["a"], ["True"]),
            r'line 1: the field "outputs" is not written "True \[fact: False\]" at 0',
        ),
    ],
)
def test_another_format_is_named_with_line_and_field(
    tmp_path: Path, name: str, line: dict[str, Any], message: str
) -> None:
    write(tmp_path, name, line)
    write(tmp_path, "coursera", document(["a"], ["A"]))
    with pytest.raises(EvaluationError, match=message):
        next(LEval(tmp_path).items())


def test_a_judge_stands_beside_the_score(tmp_path: Path) -> None:
    write(tmp_path, "narrative_qa", document(["Who?"], ["Ada Finch"], "f1"))
    plain, judged = LEval(tmp_path), LEval(tmp_path, judge=lambda item, text: 0.5)
    assert list(plain.scorers) == ["score"]
    assert list(judged.scorers) == ["score", "judged"]
    assert (plain.settings()["judged"], judged.settings()["judged"]) == (False, True)
