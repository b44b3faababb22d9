"""Reading runs for a report: what is wrong is said with its place; groups are taken together honestly."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from octavo.errors import EvaluationError
from octavo.evaluation.report.runs import read_runs
from octavo.evaluation.report.scores import Mean, pooled_mean
from octavo.evaluation.run_folder import RunFolder
from tests.evaluation.made_runs import made_run


def all_right(_method: str, _conditions: object) -> list[float]:
    return [1.0]


def test_a_folder_without_a_run_is_named_with_what_to_name_instead(tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match=r"holds no run \(no run.json\); name a folder that an octavo eval"):
        read_runs([tmp_path])
    with pytest.raises(EvaluationError, match="nowhere: is no folder"):
        read_runs([tmp_path / "nowhere"])


def test_missing_scores_name_the_command_that_makes_them(tmp_path: Path) -> None:
    RunFolder(tmp_path).begin({"command": ["octavo", "eval", "needle", "--model", "my model"]})
    with pytest.raises(EvaluationError, match=r"scores.json: not there.*octavo eval needle --model 'my model'$"):
        read_runs([tmp_path])


def test_a_run_that_answered_nothing_yet_has_nothing_to_report(tmp_path: Path) -> None:
    RunFolder(tmp_path).begin({})
    RunFolder(tmp_path).write_scores({"task": "t", "measures": ["m"], "methods": {}})
    with pytest.raises(EvaluationError, match="nothing was answered yet; go on with the run"):
        read_runs([tmp_path])


def test_a_newer_octavos_run_is_refused(tmp_path: Path) -> None:
    made_run(tmp_path, all_right, {"length": [8000]})
    (tmp_path / "run.json").write_text('{"version": 99}', encoding="utf-8")
    with pytest.raises(EvaluationError, match="made by a newer octavo; update octavo to read it"):
        read_runs([tmp_path])


def _without_task(scores: Any) -> None:
    del scores["task"]


def _mean_above_one(scores: Any) -> None:
    scores["methods"]["read"]["groups"][1]["measures"]["keyword_found"]["mean"] = 98.4


def _groups_of_text(scores: Any) -> None:
    scores["methods"]["read"]["groups"] = "none"


def _unmeasured(scores: Any) -> None:
    scores["measures"].insert(0, "other")


def _no_items(scores: Any) -> None:
    scores["methods"]["read"]["items"] = 0


def _seconds_of_no_number(scores: Any) -> None:
    scores["methods"]["read"]["cost"]["seconds"] = float("nan")


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (_without_task, r'scores.json: lacks "task"; score the run again'),
        (_mean_above_one, r"groups\[1\], measures, keyword_found, mean: '98.4' is not a number from 0 to 1"),
        (_groups_of_text, "methods, read, groups: 'none' is not an array"),
        (_unmeasured, 'methods, native, measures: lacks "other"'),
        (_no_items, "methods, read, items: '0' is not a count of at least 1"),
        (_seconds_of_no_number, "methods, read, cost, seconds: 'nan' is not a number"),
    ],
)
def test_scores_of_another_form_are_named_with_their_place(
    damage: Callable[[Any], None], said: str, tmp_path: Path
) -> None:
    made_run(tmp_path, all_right, {"length": [8000, 32000]})
    scores = RunFolder(tmp_path).scores()
    damage(scores)
    (tmp_path / "scores.json").write_text(json.dumps(scores), encoding="utf-8")
    with pytest.raises(EvaluationError, match=said):
        read_runs([tmp_path])


def test_a_folder_named_twice_is_one_run_and_equal_names_are_told_apart(tmp_path: Path) -> None:
    one = made_run(tmp_path / "a" / "run", all_right, {"length": [8000]})
    two = made_run(tmp_path / "b" / "run", all_right, {"length": [8000]})
    assert [run.name for run in read_runs([one, two, tmp_path / "a" / ".." / "a" / "run"])] == ["a/run", "b/run"]


def test_what_was_run_is_told_flat_and_says_where_a_run_stopped(tmp_path: Path) -> None:
    methods = [{"method": "read", "window": 4096}]
    description = {"methods": methods, "settings": {"lengths": [8000, 32000], "shuffle": True}, "seed": None}
    folder = made_run(tmp_path, all_right, {"length": [8000]}, description=description, complete=False)
    assert read_runs([folder])[0].facts() == [
        ("task", "needle-style"),
        ("model: name", "tiny-1b"),
        ("model: window", "8192"),
        ("methods 1: method", "read"),
        ("methods 1: window", "4096"),
        ("settings: lengths", "8000, 32,000"),
        ("settings: shuffle", "yes"),
        ("complete", "no: it stopped before its last item"),
    ]


def test_groups_taken_together_have_wilsons_interval() -> None:
    # 9 right of 10, by hand: middle (0.9 + 3.8415/20) / 1.38415 = 0.78899, half 1.95996/1.38415 * sqrt(0.009 +
    # 3.8415/400) = 0.19314
    mean = pooled_mean([Mean(1.0, 1.0, 1.0, 5), Mean(0.8, 0.4, 1.0, 5)])
    assert mean.n == 10
    assert [mean.value, mean.low, mean.high] == pytest.approx([0.9, 0.5958, 0.9821], abs=1e-4)


def test_few_values_all_the_same_still_have_a_wide_interval() -> None:
    mean = pooled_mean([Mean(1.0, 1.0, 1.0, 1)] * 5)
    # 5 right of 5: the lower limit is 5 / (5 + 1.95996²)
    assert (mean.value, mean.high) == (1.0, 1.0)
    assert mean.low == pytest.approx(5 / (5 + 3.841459), abs=1e-5)
