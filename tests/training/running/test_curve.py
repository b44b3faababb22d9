from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from octavo.training.running.curve import loss_curve, running_mean
from octavo.training.running.progress import StepDone


def steps(stage: int, count: int) -> list[StepDone]:
    return [
        StepDone(stage, 2, number, count, 3 * math.exp(-number / count), 1e-4, 100.0, 0.0)
        for number in range(1, count + 1)
    ]


def size_of(png: bytes) -> tuple[int, int]:
    assert png.startswith(b"\x89PNG\r\n")
    return int.from_bytes(png[16:20]), int.from_bytes(png[20:24])


def test_stages_stand_one_after_the_other_in_the_picture() -> None:
    from matplotlib.figure import Figure

    from octavo.training.running.curve import draw

    (axes,) = draw(Figure(), [*steps(1, 40), *steps(2, 10)], [8192, 32768]).axes
    drawn = [np.asarray(line.get_xdata()).tolist() for line in axes.lines if line.get_marker() == "."]
    assert [(places[0], places[-1]) for places in drawn] == [(1, 40), (41, 50)]
    assert [text.get_text() for text in axes.texts] == ["up to 8,192 tokens", "up to 32,768 tokens"]
    legend = axes.get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == ["step", "running mean"]


def test_the_same_steps_give_the_same_picture(tmp_path: Path) -> None:
    png = loss_curve([*steps(1, 40), *steps(2, 10)], [8192, 32768])
    assert png == loss_curve([*steps(1, 40), *steps(2, 10)], [8192, 32768])
    width, height = size_of(png)
    assert width > height > 400


def test_a_training_that_was_stopped_before_its_first_step_has_a_picture_too() -> None:
    assert size_of(loss_curve([], [8192]))


def test_a_single_step_has_room_for_the_stages_name() -> None:
    assert size_of(loss_curve(steps(1, 1), [8192]))  # matplotlib would warn


def test_the_running_mean_looks_back_only() -> None:
    assert running_mean([4.0, 2.0, 6.0]) == [4.0, 2.0, 6.0]
    forty = running_mean([float(number) for number in range(40)])
    assert forty[:3] == [0.0, 0.5, 1.5]
    assert forty[-1] == 38.5
