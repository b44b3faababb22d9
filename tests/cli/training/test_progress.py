"""News of a training as lines: sparse, on standard error."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from octavo.cli.training.live import LiveTraining
from octavo.cli.training.progress import (
    PlainTraining,
    SilentTraining,
    TimeLeft,
    TrainingProgress,
    measured,
    training_progress_for,
)
from octavo.training.evaluating.evaluation import Evaluation, NeedleScore, PositionLoss, Retention
from octavo.training.planning.footprint import Footprint
from octavo.training.planning.machine import Machine
from octavo.training.planning.plan import Plan, StagePlan
from octavo.training.recipe import Stage
from octavo.training.running.progress import Evaluated, News, Planned, Saved, StageBegun, StepDone, StopAsked
from tests.cli.test_pace import Clock

PLAN = Plan(
    1_000_000,
    10_000,
    (
        StagePlan(Stage(8_000), 120, 40, 2, 400_000, 1e12, 40.0, False, 7_000, False, Footprint(1, 1, 1, 1, 1)),
        StagePlan(Stage(32_000), 30, 10, 1, 300_000, 3e12, 90.0, False, 30_000, False, Footprint(1, 1, 1, 2, 1)),
    ),
    1,
    Machine("cpu", 1, 2 * 10**9, 1e11),
)
EVALUATION = Evaluation(
    1,
    40,
    (NeedleScore(4_000, 0.0, 2, 2, 2), NeedleScore(4_000, 50.0, 2, 1, 1), NeedleScore(16_000, 0.0, 4, 1, 0)),
    (PositionLoss(0, 1_024, 3.25, 1_024), PositionLoss(1_024, 2_048, 2.5, 1_024), PositionLoss(2_048, 4_096, 2.25, 9)),
    Retention(8, 1.5, 300),
    12.0,
)
NEWS: list[News] = [
    Planned(PLAN),
    StageBegun(1, 2, 8_000, 120, 0, 40),
    StepDone(1, 2, 1, 40, 2.3456, 1e-4, 1_234.0, 78.0),
    Saved(1, 40, Path("run/stage-1/checkpoint-40")),
    Evaluated(EVALUATION),
    Saved(1, 40, Path("run/stage-1/adapter")),
    StageBegun(2, 2, 32_000, 30, 4, 10),
]


def step(number: int, *, stage: int = 1, seconds_left: float = 30.0) -> StepDone:
    return StepDone(stage, 2, number, 40, 1.0, 1e-4, 100.0, seconds_left)


def shown(progress: TrainingProgress, news: list[News]) -> None:
    with progress:
        progress.step("reading the data")
        for each in news:
            progress.tell(each)


def test_lines_say_what_begins_and_ends_and_nothing_of_checkpoints(capsys: pytest.CaptureFixture[str]) -> None:
    shown(PlainTraining(Clock()), NEWS)
    out, err = capsys.readouterr()
    assert out == ""
    lines = err.splitlines()
    assert lines[0] == "octavo: reading the data"
    assert "octavo: memory: 1.1 GB; free: 2.0 GB" in lines
    assert lines[-6:] == [
        "octavo: loading the model",
        "octavo: stage 1 of 2: 120 samples of up to 8,000 tokens, 40 steps",
        "octavo: stage 1 of 2, step 1 of 40: loss 2.346, 1,234 tokens/s, 4 min left",
        "octavo: measured after step 40 of stage 1: needles found: 75% at 4,000 tokens, 25% at 16,000 tokens; loss of "
        "3.250 at 0 to 1,024, 2.250 at 2,048 to 4,096; short samples: loss 1.500",
        "octavo: stage 1 is done after 40 steps: run/stage-1/adapter",
        "octavo: stage 2 of 2: 30 samples of up to 32,000 tokens, 10 steps, going on after step 4",
    ]


def test_a_log_gets_the_first_step_the_last_and_one_every_ten_seconds(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Clock()
    progress = PlainTraining(clock)
    for number in range(1, 41):
        clock.now += 1
        progress.tell(step(number))
    said = [line.partition("step ")[2].partition(" ")[0] for line in capsys.readouterr().err.splitlines()]
    assert said == ["1", "11", "21", "31", "40"]


def test_the_time_left_takes_in_the_stages_to_come_as_slow_as_this_one_is() -> None:
    left = TimeLeft()
    assert left.after(step(20, seconds_left=40.0)) == 40.0
    left.follow(PLAN)
    assert left.after(step(20, seconds_left=40.0)) == 40.0 + 2 * 90.0  # 2 seconds a step where 1 was planned
    assert left.after(step(40, seconds_left=0.0)) == 2 * 90.0
    assert left.after(step(30, stage=2, seconds_left=7.0)) == 7.0


def test_what_was_not_measured_is_not_spoken_of() -> None:
    assert measured(Evaluation(1, 0, (), (), Retention(8, 1.5, 300), 1.0)) == "short samples: loss 1.500"
    assert measured(Evaluation(1, 0, (), (PositionLoss(0, 9, 3.0, 9),), None, 1.0)) == "loss of 3.000 at 0 to 9"


@pytest.mark.parametrize("kind", [SilentTraining, PlainTraining])
def test_ctrl_c_is_answered_even_where_nothing_else_is_said(
    kind: type[SilentTraining], capsys: pytest.CaptureFixture[str]
) -> None:
    kind().tell(StopAsked())
    assert capsys.readouterr().err.startswith("octavo: stopping once what is under way is saved")


def test_quiet_shows_nothing_of_what_happens(capsys: pytest.CaptureFixture[str]) -> None:
    shown(training_progress_for(quiet=True), NEWS)
    assert capsys.readouterr() == ("", "")


def test_where_no_terminal_is_there_are_lines() -> None:
    assert type(training_progress_for(quiet=False)) is PlainTraining


def test_a_terminal_keeps_the_lines_and_leaves_nothing_that_moves() -> None:
    drawn = io.StringIO()
    progress = LiveTraining(Console(file=drawn, force_terminal=True, width=120, highlight=False))
    shown(progress, [*NEWS, StopAsked(), NEWS[2]])
    said = drawn.getvalue()
    assert "octavo: stage 1 of 2: 120 samples of up to 8,000 tokens, 40 steps" in said
    assert "stage 1 of 2, step 1 of 40: loss 2.346, 1,234 tokens/s, 4 min left" in said
    assert "octavo: stopping once what is under way is saved" in said
    assert said.endswith("\x1b[2K")  # the moving line is taken away
