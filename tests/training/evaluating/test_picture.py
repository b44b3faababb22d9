from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from octavo.training.evaluating.evaluation import Evaluation, NeedleScore, PositionLoss, Retention
from octavo.training.evaluating.picture import draw, evaluation_picture


def evaluation(step: int, found: int) -> Evaluation:
    return Evaluation(
        1,
        step,
        (NeedleScore(512, 0.0, 2, 2, 1), NeedleScore(512, 100.0, 2, found, 0), NeedleScore(2048, 50.0, 2, 0, 0)),
        (PositionLoss(0, 1024, 3.0, 2046), PositionLoss(1024, 2048, 2.5, 2048)),
        Retention(3, 1.5 - step / 100, 40),
        1.0,
    )


def test_the_share_of_needles_is_that_of_all_depths_of_a_length() -> None:
    assert evaluation(0, 1).recall(512) == 0.75
    assert evaluation(0, 1).recall() == 0.5
    assert evaluation(0, 1).recall(1) is None


def test_each_measurement_is_a_line_of_needles_and_one_of_positions() -> None:
    figure = draw(Figure(), [evaluation(0, 0), evaluation(10, 1), evaluation(20, 2)])
    needles, positions, retention = figure.axes
    assert [np.asarray(line.get_ydata()).tolist() for line in needles.lines] == [[0.5, 0.0], [0.75, 0.0], [1.0, 0.0]]
    assert len(positions.lines) == 3
    assert [np.asarray(line.get_ydata()).tolist() for line in retention.lines] == [[1.5, 1.4, 1.3]]


def test_only_what_was_measured_has_a_panel() -> None:
    only = Evaluation(1, 0, (), (), Retention(3, 1.5, 40), 1.0)
    assert len(draw(Figure(), [only]).axes) == 1
    assert evaluation_picture([only]).startswith(b"\x89PNG")
