from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from octavo.errors import UsageError
from octavo.training.evaluation_plan import EvaluationPlan
from octavo.training.recipe import Recipe, Stage

PLAN = EvaluationPlan(
    every=10, lengths=(64, 128), depths=(0.0, 100.0), text=(Path("book.md"),), reach=512, short=(Path("short.jsonl"),)
)


def test_a_plan_is_read_back_from_its_recipe_as_it_was() -> None:
    recipe = Recipe("some/model", (Path("talks.jsonl"),), (Stage(64),), evaluation=PLAN)
    assert Recipe.from_json(json.loads(json.dumps(recipe.as_json()))) == recipe


def test_a_recipe_of_before_there_were_plans_has_none() -> None:
    values = dict(Recipe("some/model", (Path("talks.jsonl"),), (Stage(64),)).as_json())
    del values["evaluation"]
    assert Recipe.from_json(values).evaluation is None


def test_it_is_measured_before_the_first_step_now_and_then_and_at_each_end() -> None:
    due = [(stage, step) for stage in (1, 2) for step in range(26) if PLAN.due(stage, step, 25)]
    assert due == [(1, 0), (1, 10), (1, 20), (1, 25), (2, 10), (2, 20), (2, 25)]


def test_without_a_number_of_steps_only_the_ends_are_measured() -> None:
    plan = EvaluationPlan(lengths=(64,))
    assert [step for step in range(26) if plan.due(1, step, 25)] == [0, 25]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({}, "nothing to evaluate"),
        ({"reach": 512}, "held-out text: name a file"),
        ({"lengths": (0,)}, "no length"),
        ({"lengths": (64,), "depths": (101,)}, "no depth"),
        ({"lengths": (64,), "depths": ()}, "at least one depth"),
        ({"lengths": (64,), "every": -1}, "below 0"),
    ],
)
def test_what_cannot_be_measured_is_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        EvaluationPlan(**settings)
