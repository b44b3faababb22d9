"""The loss of a training as a picture: each step, and their running mean, with the stages apart.

The mean differs from the steps by weight as well as by colour (Okabe and Ito 2008: told apart with any colour
blindness). Knows steps and matplotlib; nothing of models.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from octavo.errors import MissingExtra
from octavo.training.running.progress import StepDone

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_STEP, _MEAN, _EDGE = "#56B4E9", "#0072B2", "#888888"
_WINDOW_SHARE = 0.05
"""Of a stage's steps, how many the running mean takes in; it never reaches from one stage into another."""

_INCHES = (6.2, 3.6)


def loss_curve(steps: Sequence[StepDone], lengths: Sequence[int]) -> bytes:
    """A PNG of the loss of `steps`, in order; `lengths` are the stages', in tokens. Raises `MissingExtra`."""
    try:
        from matplotlib.figure import Figure

        from octavo.evaluation.report.picture import picture_of
    except ImportError as error:
        raise MissingExtra("the picture of the loss", "train") from error
    return picture_of(draw(Figure(figsize=_INCHES, layout="constrained"), steps, lengths), "loss", "").png


def running_mean(losses: Sequence[float]) -> list[float]:
    """At each step, the mean of the steps up to it, as far back as the window reaches."""
    window = max(1, round(len(losses) * _WINDOW_SHARE))
    return [
        sum(losses[max(0, index + 1 - window) : index + 1]) / min(window, index + 1) for index in range(len(losses))
    ]


def draw(figure: Figure, steps: Sequence[StepDone], lengths: Sequence[int]) -> Figure:
    """The curve, in an empty figure of matplotlib's."""
    axes = figure.subplots()
    begun = 0
    for stage, group in groupby(steps, key=lambda step: step.stage):
        of_stage = list(group)
        places = [begun + step.step for step in of_stage]
        losses = [step.loss for step in of_stage]
        first = begun == 0
        axes.plot(places, losses, color=_STEP, linewidth=0.8, marker=".", markersize=3, label="step" if first else None)
        axes.plot(places, running_mean(losses), color=_MEAN, linewidth=2.2, label="running mean" if first else None)
        _name_stage(axes, begun, lengths[stage - 1], edge=not first)
        begun += of_stage[-1].steps
    axes.set_xlim(left=0)  # where the first stage's name stands
    axes.set_xlabel("step", fontsize=10)
    axes.set_ylabel("loss (nats a token)", fontsize=10)
    axes.grid(axis="y", color="#dddddd", linewidth=0.8)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    if steps:
        axes.legend(frameon=False, fontsize=9, loc="upper right")
    return figure


def _name_stage(axes: Axes, begun: int, length: int, *, edge: bool) -> None:
    if edge:
        axes.axvline(begun, color=_EDGE, linewidth=1.0, linestyle="--")
    axes.annotate(
        f"up to {length:,} tokens",
        (begun, 1.0),
        xycoords=("data", "axes fraction"),
        xytext=(4, 3),
        textcoords="offset points",
        fontsize=8,
        color="#444444",
    )
