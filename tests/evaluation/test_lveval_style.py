"""LV-Eval's transformations on other tasks: confusing facts put in, keywords replaced."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest

from octavo.documents.document import Span
from octavo.errors import EvaluationError
from octavo.evaluation.item import Evidence, Item, Scorer
from octavo.evaluation.lveval_style import LvEvalStyle, confused, made_up_facts, made_up_names, renamed

FACT = "In 1912 the mill was painted by Ada Finch."
CONTEXT = f"It rained all day. The people stayed at home. {FACT} Nobody knew why. Ada Finch never told, nor did Adam."
ITEM = Item(
    "q/1",
    CONTEXT,
    "Who painted the mill?",
    ("Ada Finch",),
    evidence=(Evidence(FACT, Span(CONTEXT.index(FACT), CONTEXT.index(FACT) + len(FACT))),),
    data={"prompt": ("", "Ask Ada Finch.")},
)


class Mills:
    """The items given, else one."""

    name = "mills-style"

    def __init__(self, *items: Item) -> None:
        self._items = items or (ITEM,)

    scorers: Mapping[str, Scorer] = {"score": lambda item, text: float(item.answers[0] in text)}

    def items(self) -> Iterator[Item]:
        yield from self._items

    def settings(self) -> Mapping[str, Any]:
        return {"task": self.name}


def test_facts_are_put_between_sentences_and_never_into_the_evidence() -> None:
    for seed in range(20):
        item = confused(ITEM, ["The barn is red.", "The tower is blue."], Random(seed))
        (evidence,) = item.evidence
        assert evidence.span.of(item.context) == FACT
        assert item.context.count("The barn is red.") == item.context.count("The tower is blue.") == 1
        without = item.context.replace(" The barn is red. ", "").replace(" The tower is blue. ", "")
        assert without == CONTEXT


def test_a_fact_by_rule_is_like_the_evidence_about_somebody_else() -> None:
    item = Item(**{**{name: getattr(ITEM, name) for name in ITEM.__slots__}, "answers": ("1912",)})
    (fact,) = made_up_facts(item, Random(0))
    assert fact.startswith("In ") and " the mill was painted by " in fact
    assert "Ada" not in fact and "Finch" not in fact and "1912" not in fact
    # All that names anything is the answer itself: a like sentence would only deny it.
    assert made_up_facts(ITEM, Random(0)) == []


def test_a_name_is_replaced_wherever_it_stands_whole() -> None:
    item = renamed(ITEM, {"Ada": "Borin", "Finch": "Calderon"})
    assert "Ada " not in item.context and "Finch" not in item.context
    assert item.context.endswith("nor did Adam.")
    assert item.answers == ("Borin Calderon",)
    assert item.data["prompt"] == ("", "Ask Borin Calderon.")
    (evidence,) = item.evidence
    assert evidence.text == evidence.span.of(item.context) == "In 1912 the mill was painted by Borin Calderon."


def test_names_by_rule_are_those_of_the_answers_made_up() -> None:
    names = made_up_names(ITEM, Random(1))
    assert set(names) == {"Ada", "Finch"}
    assert all(new[0].isupper() and new not in CONTEXT for new in names.values())


def test_a_task_made_harder_says_so_and_is_the_same_for_the_same_seed() -> None:
    task = LvEvalStyle(Mills(), seed=3)
    assert task.name == "mills-lveval-style"
    (item,) = task.items()
    assert list(LvEvalStyle(Mills(), seed=3).items()) == [item]
    assert list(LvEvalStyle(Mills(), seed=4).items()) != [item]
    assert item.answers != ITEM.answers
    assert task.scorers["score"](item, f"It was {item.answers[0]}.") == 1.0
    assert task.settings()["lveval_style"] == {"confuse": True, "rename": True, "annotations": None, "seed": 3}


def test_annotations_take_the_place_of_the_rules(tmp_path: Path) -> None:
    path = tmp_path / "annotations.jsonl"
    line = {"id": "q/1", "confusing_facts": ["The mill was sold."], "replacements": {"Ada Finch": "Li Wei"}}
    path.write_text(json.dumps(line), encoding="utf-8")
    (item,) = LvEvalStyle(Mills(), annotations=path).items()
    assert item.answers == ("Li Wei",)
    assert item.data["confusing_facts"] == ("The mill was sold.",)
    path.write_text(json.dumps({**line, "replacements": {"": "x"}}), encoding="utf-8")
    with pytest.raises(EvaluationError, match=r'annotations\.jsonl, line 1: the field "replacements" replaces nothing'):
        LvEvalStyle(Mills(), annotations=path)


def annotated(path: Path, *ids: str) -> Path:
    """A file in which the names of each id's replacement say whose it is."""
    lines = [{"id": item_id, "replacements": {"Ada Finch": f"Number {place}"}} for place, item_id in enumerate(ids)]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return path


def test_an_annotation_is_of_all_lengths_unless_it_names_one(tmp_path: Path) -> None:
    items = [replace(ITEM, id=f"q/{length}/1", conditions={"length": length}) for length in (400, 900, 2_000)]
    file = annotated(tmp_path / "a.jsonl", "q/1", "q/900/1")
    made = LvEvalStyle(Mills(*items), annotations=file).items()
    assert [item.answers for item in made] == [("Number 0",), ("Number 1",), ("Number 0",)]


@pytest.mark.parametrize(
    ("ids", "said"),
    [
        (["q/1", "q/2"], r'a\.jsonl: annotates "q/2", which is the id of no item .* such as "q/1"\)'),
        (["q/3", "q/1", "q/2"], r'a\.jsonl: annotates "q/3" and 1 more, which is the id of no item'),
        (["q/1", "q/1"], r'a\.jsonl, line 2: the field "id" is that of a line before'),
    ],
)
def test_an_annotation_that_is_of_no_item_is_named_before_the_first(tmp_path: Path, ids: list[str], said: str) -> None:
    with pytest.raises(EvaluationError, match=said):
        next(LvEvalStyle(Mills(), annotations=annotated(tmp_path / "a.jsonl", *ids)).items())
