"""MuSiQue's decompositions become readings, answers and plans."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from octavo.errors import EvaluationError, TrainingError
from octavo.models.estimated_tokenizer import EstimatedTokenizer
from octavo.reading import prompts
from octavo.training.reader.musique import musique_examples, read_decomposed

TOKENIZER = EstimatedTokenizer(exact=True)


def record(**changed: Any) -> dict[str, Any]:
    paragraphs = [
        ("Brand", "Brand is a play. It was written by Henrik Ibsen in 1865."),
        ("Henrik Ibsen", "Henrik Ibsen was a playwright. He was born in Skien. He died in 1906."),
        ("Skien", "Skien is a town on a river."),
        ("Ships", "A ship sails."),
    ]
    return {
        "question": "Where was the author of Brand born?",
        "paragraphs": [
            {"idx": index, "title": title, "paragraph_text": text} for index, (title, text) in enumerate(paragraphs)
        ],
        "question_decomposition": [
            {"question": "Brand >> author", "answer": "Henrik Ibsen", "paragraph_support_idx": 0},
            {"question": "Where was #1 born ?", "answer": "Skien", "paragraph_support_idx": 1},
        ],
        **changed,
    }


def written(path: Path, *records: dict[str, Any]) -> Path:
    path.write_text(json.dumps(list(records)), encoding="utf-8")
    return path


def test_steps_become_questions_with_the_sentence_that_answers_them(tmp_path: Path) -> None:
    (asked,) = read_decomposed(written(tmp_path / "m.json", record()), end=5)
    assert [step.question for step in asked.steps] == ["What is the author of Brand?", "Where was Henrik Ibsen born?"]
    evidence = [step.evidence.of(step.paragraph.text).strip() for step in asked.steps]
    assert evidence == ["It was written by Henrik Ibsen in 1865.", "He was born in Skien."]
    assert [document.sections[0].title for document in asked.others] == ["Skien", "Ships"]


def test_each_step_is_read_answered_and_planned(tmp_path: Path) -> None:
    questions = read_decomposed(written(tmp_path / "m.json", record()), end=5)
    examples = list(musique_examples(questions, seed="s", tokenizer=TOKENIZER))
    assert Counter(example.kind for example in examples) == {"read": 7, "read-on": 4, "answer": 2, "plan": 3}
    read = [example.reply for example in examples if example.kind == "read"]
    assert read.count(prompts.NONE) == 4
    assert read[0] == read[-1] == "It was written by Henrik Ibsen in 1865."
    plans = [json.loads(example.reply) for example in examples if example.kind == "plan"]
    assert [plan["enough"] for plan in plans] == [False, False, True]
    assert plans[1]["questions"] == ["Where was Henrik Ibsen born?"]


def test_passages_of_several_paragraphs_are_read_for_all_steps_and_for_one_of_another_question(tmp_path: Path) -> None:
    other = record(question="What sails?", question_decomposition=[])
    other["question_decomposition"] = [{"question": "What sails?", "answer": "A ship", "paragraph_support_idx": 3}]
    other["paragraphs"][3]["paragraph_text"] = "A ship sails on."
    questions = read_decomposed(written(tmp_path / "m.json", record(), other), end=5)
    told = {
        "What is the author of Brand?": "It was written by Henrik Ibsen in 1865.",
        "Where was Henrik Ibsen born?": "born in Skien.",
        "What sails?": "ship sails on.",
    }
    answers = Counter[bool]()
    for example in musique_examples(questions, seed="s", tokenizer=TOKENIZER):
        if example.kind == "read-on":
            _, first, *turns = example.request.messages
            passage, _, question = first.content.partition("\n\nQuestion: ")
            asked = [question, *(turn.content.removeprefix("Question: ") for turn in turns if turn.role == "user")]
            replies = [*(turn.content for turn in turns if turn.role == "assistant"), example.reply]
            assert replies == [told[one] if told[one] in passage else prompts.NONE for one in asked]
            answers.update(reply == prompts.NONE for reply in replies)
    assert answers[True] >= 2
    assert answers[False] >= 8


def test_a_question_whose_answer_stands_nowhere_is_left_out(tmp_path: Path) -> None:
    hidden = record()
    hidden["question_decomposition"][1]["answer"] = "Oslo"
    path = written(tmp_path / "m.json", hidden, record())
    assert len(read_decomposed(path)) == len(read_decomposed(path, start=1)) == 1
    with pytest.raises(TrainingError, match="holds no question whose steps can be shown"):
        read_decomposed(path, end=1)


def test_another_format_is_named_with_its_place(tmp_path: Path) -> None:
    broken = record()
    broken["question_decomposition"][0]["paragraph_support_idx"] = 9
    with pytest.raises(EvaluationError, match='"paragraph_support_idx" is no paragraph'):
        read_decomposed(written(tmp_path / "m.json", broken), end=1)
    broken = record()
    broken["question_decomposition"][1]["question"] = "#9 >> birthplace"
    with pytest.raises(EvaluationError, match='"question" names a step that is not there'):
        read_decomposed(written(tmp_path / "s.json", broken), end=1)
    with pytest.raises(EvaluationError, match='has no field "paragraphs"'):
        read_decomposed(written(tmp_path / "n.json", {"question": "?"}), end=1)
