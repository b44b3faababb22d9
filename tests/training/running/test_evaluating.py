from __future__ import annotations

import signal
from dataclasses import replace
from pathlib import Path

import pytest

from octavo.training.evaluating.evaluation import Evaluation
from octavo.training.evaluating.evaluator import Evaluator
from octavo.training.evaluation_plan import EvaluationPlan
from octavo.training.recipe import Lora, Recipe, Stage
from octavo.training.running.interrupts import Stopped
from octavo.training.running.progress import Evaluated, News
from octavo.training.sft import train
from tests.training.test_sft import interrupted_at, same, weights
from tests.training.tiny_run import tiny_recipe, write_talks


def recipe_of(tmp_path: Path, lengths: tuple[int, ...] = (), **changes: object) -> Recipe:
    """Four steps, measured before, after every two and at the end; needles are the dearest part."""
    short = write_talks(tmp_path / "short.jsonl", [("Which fox?", "A fox."), ("Why?", "So.")])
    plan = EvaluationPlan(every=2, lengths=lengths, depths=(50.0,), needles=1, short=(short,))
    return tiny_recipe(tmp_path, **({"stages": (Stage(96, steps=4),), "evaluation": plan} | changes))


def told(news: list[News]) -> list[Evaluation]:
    return [each.evaluation for each in news if isinstance(each, Evaluated)]


def essence(evaluation: Evaluation) -> object:
    """What must be the same of two measurements: all but how long they took."""
    return evaluation.stage, evaluation.step, evaluation.needles, evaluation.positions, evaluation.retention


def test_what_is_measured_is_told_and_written_down(tmp_path: Path) -> None:
    news: list[News] = []
    recipe = recipe_of(tmp_path, lengths=(300,), stages=(Stage(96, steps=3), Stage(128, steps=4)))
    run = train(recipe, tmp_path / "run", tell=news.append)
    assert [(each.stage, each.step) for each in told(news)] == [(1, 0), (1, 2), (1, 3), (2, 2), (2, 4)]
    assert run.evaluations() == told(news)
    assert (run.path / "evaluation.png").read_bytes().startswith(b"\x89PNG")


def test_what_is_learned_shows(tmp_path: Path) -> None:
    write_talks(tmp_path / "talks.jsonl", [("Which fox?", "A fox."), ("Why?", "So.")])
    first, *_, last = train(recipe_of(tmp_path, learning_rate=3e-2), tmp_path / "run").evaluations()
    assert first.retention is not None
    assert last.retention is not None
    assert last.retention.loss < 0.7 * first.retention.loss


@pytest.mark.parametrize("method", ["lora", "full"])
def test_measuring_changes_nothing_of_the_training(tmp_path: Path, method: str) -> None:
    recipe = recipe_of(tmp_path, lengths=(300,), method=method, lora=Lora(rank=4, alpha=8, dropout=0.2))
    measured = train(recipe, tmp_path / "measured")
    alone = train(replace(recipe, evaluation=None), tmp_path / "alone")
    assert same(weights(measured.outcome), weights(alone.outcome))


def test_stopped_and_resumed_equals_uninterrupted(tmp_path: Path) -> None:
    recipe = recipe_of(tmp_path)
    whole = train(recipe, tmp_path / "whole")
    with pytest.raises(Stopped):
        train(recipe, tmp_path / "parts", tell=interrupted_at(2))
    parts = train(recipe, tmp_path / "parts", resume=True)
    assert same(weights(whole.outcome), weights(parts.outcome))
    assert list(map(essence, parts.evaluations())) == list(map(essence, whole.evaluations()))


@pytest.mark.parametrize(
    ("ended", "after"), [(1, "before the first step of stage 1"), (2, "after step 2 of 4 of stage 1")]
)
def test_a_measurement_that_ctrl_c_ended_is_made_when_the_training_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ended: int, after: str
) -> None:
    recipe = recipe_of(tmp_path)
    measure = Evaluator.measure
    measured = 0

    def interrupted(*arguments: object, **named: object) -> object:
        nonlocal measured
        measured += 1
        if measured == ended:
            signal.raise_signal(signal.SIGINT)
        return measure(*arguments, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(Evaluator, "measure", interrupted)
    with pytest.raises(Stopped, match=after):
        train(recipe, tmp_path / "run")
    run = train(recipe, tmp_path / "run", resume=True)
    assert [(each.stage, each.step) for each in run.evaluations()] == [(1, 0), (1, 2), (1, 4)]
