"""What was measured while a model was trained, as a picture: needles found by length, and loss by position.

Each line is one measurement, later ones darker. Knows evaluations and matplotlib; nothing of models.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from octavo.errors import MissingExtra
from octavo.training.evaluating.evaluation import Evaluation

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_INCHES_A_PANEL = (4.4, 3.4)
_LIGHTEST, _DARKEST = 0.25, 0.95


def evaluation_picture(evaluations: Sequence[Evaluation]) -> bytes:
    """A PNG of evaluations, in order. Raises `MissingExtra`."""
    try:
        from matplotlib.figure import Figure

        from octavo.evaluation.report.picture import picture_of
    except ImportError as error:
        raise MissingExtra("the picture of the evaluation", "train") from error
    return picture_of(draw(Figure(layout="constrained"), evaluations), "evaluation", "").png


def draw(figure: Figure, evaluations: Sequence[Evaluation]) -> Figure:
    """The panels that there is something for, in an empty figure of matplotlib's."""
    panels = [
        panel
        for panel, shown in (
            (_needles, any(each.needles for each in evaluations)),
            (_positions, any(each.positions for each in evaluations)),
            (_retention, any(each.retention is not None for each in evaluations)),
        )
        if shown
    ]
    width, height = _INCHES_A_PANEL
    figure.set_size_inches(width * max(1, len(panels)), height)
    for panel, axes in zip(panels, figure.subplots(1, max(1, len(panels)), squeeze=False)[0], strict=False):
        panel(axes, evaluations)
        axes.grid(axis="y", color="#dddddd", linewidth=0.8)
        for side in ("top", "right", "left"):
            axes.spines[side].set_visible(False)
    return figure


def _needles(axes: Axes, evaluations: Sequence[Evaluation]) -> None:
    lengths = sorted({score.length for each in evaluations for score in each.needles})
    for index, each in enumerate(evaluations):
        points = [(length, each.recall(length)) for length in lengths]
        shown = [(length, share) for length, share in points if share is not None]
        axes.plot(*zip(*shown, strict=True), **_style(index, evaluations))
    axes.set_ylim(-0.03, 1.03)
    _by_tokens(axes, lengths)
    axes.set_title("needles found (share)", fontsize=10)
    axes.set_xlabel("tokens of the prompt", fontsize=10)
    axes.legend(frameon=False, fontsize=8)


def _positions(axes: Axes, evaluations: Sequence[Evaluation]) -> None:
    ends = sorted({bucket.end for each in evaluations for bucket in each.positions})
    for index, each in enumerate(evaluations):
        axes.plot(
            [bucket.end for bucket in each.positions],
            [bucket.loss for bucket in each.positions],
            **_style(index, evaluations),
        )
    _by_tokens(axes, ends)
    axes.set_title("loss by position (nats a token)", fontsize=10)
    axes.set_xlabel("up to this token", fontsize=10)


def _retention(axes: Axes, evaluations: Sequence[Evaluation]) -> None:
    points = [(_name(each), each.retention.loss) for each in evaluations if each.retention is not None]
    axes.plot(*zip(*points, strict=True), color="#0072B2", marker="o", markersize=4)
    axes.tick_params(axis="x", rotation=45, labelsize=8)
    axes.set_title("loss of short samples (nats a token)", fontsize=10)


def _by_tokens(axes: Axes, ticks: Sequence[int]) -> None:
    axes.set_xscale("log", base=2)
    axes.set_xticks(ticks, [f"{tick:,}" for tick in ticks], fontsize=8)
    axes.minorticks_off()


def _style(index: int, evaluations: Sequence[Evaluation]) -> dict[str, Any]:
    share = index / max(1, len(evaluations) - 1)
    grey = str(round(1 - (_LIGHTEST + share * (_DARKEST - _LIGHTEST)), 3))
    named = index in {0, len(evaluations) - 1}
    return {
        "color": grey,
        "marker": "o",
        "markersize": 4,
        "linewidth": 1.6,
        "label": _name(evaluations[index]) if named else None,
    }


def _name(each: Evaluation) -> str:
    return f"stage {each.stage}, step {each.step:,}"
