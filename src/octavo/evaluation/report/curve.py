"""Score against context length, all methods in one picture, with 95 % intervals.

Series differ by marker and line as well as by colour (Okabe and Ito 2008, told apart with any colour blindness). Needs
the extra `eval`.
"""

from __future__ import annotations

import math
import textwrap
from collections.abc import Mapping, Sequence
from itertools import islice, pairwise
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from octavo.evaluation.report.conditions import length_words, size_of
from octavo.evaluation.report.picture import drawable
from octavo.evaluation.report.scores import Mean
from octavo.evaluation.report.sections import Section, Series, Slice
from octavo.evaluation.report.tables import sentence, slice_words, words

_COLOURS = ("#000000", "#D55E00", "#0072B2", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
_MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
_LINES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)))
_INCHES = (6.2, 4.2)
_LEGEND_LINE_INCHES = 0.23
_LEGEND_LETTERS = 73
_LEGEND_SIGN_LETTERS = 9.5
"""What a line of the picture beside its name takes in the legend, in letters."""

_LEAST_TICK_DISTANCE = 0.075
_DODGE = 0.013
_MOST_DODGE = 0.07
_SHARE_OF_GAP = 0.8


def has_curve(section: Section, chosen: Slice) -> bool:
    """Whether length differs in a slice, and some series has two points there that compare like with like."""
    return any(len(_points(section, series, chosen)) > 1 for series in section.series)


def draw_curve(section: Section, chosen: Slice) -> Figure:
    """All series' headline in a slice. A point that covers only some of the conditions that other series were asked
    under at its length is left out."""
    lengths = section.values("length", chosen)
    places = _places(lengths)
    span = max(places) - min(places)
    figure = Figure(layout="constrained")
    axes = figure.subplots()
    lines: dict[str, Line2D] = {}
    nearest = min(right - left for left, right in pairwise(places))
    step = min(_DODGE * span, _MOST_DODGE * span / len(section.series), _SHARE_OF_GAP * nearest / len(section.series))
    for index, series in enumerate(section.series):
        points = _points(section, series, chosen)
        # Side by side rather than on top of each other.
        dodge = (index - (len(section.series) - 1) / 2) * step
        if points:
            lines[series.name] = _draw_points(axes, index, points, [place + dodge for place in places])
    _frame(axes, lengths, places)
    _legend(figure, lines)
    where = ", ".join(filter(None, (section.task, slice_words(chosen))))
    axes.set_title(textwrap.fill(drawable(where), 56), loc="left", fontsize=11, fontweight="bold")
    axes.set_ylabel(drawable(f"{words(section.headline)}, %"), fontsize=10)
    return figure


def curve_caption(section: Section, chosen: Slice) -> str:
    """What the picture shows, in a sentence."""
    where = ", ".join(filter(None, (section.task, slice_words(chosen))))
    left_out = any(
        series.at({**chosen, "length": length}) is not None
        and not section.complete(series, {**chosen, "length": length})
        for series in section.series
        for length in section.values("length", chosen)
    )
    note = "; points that cover only some of the conditions are left out" if left_out else ""
    return f"{sentence(words(section.headline))} by context length, {where}; bars are 95 % intervals{note}"


def _points(section: Section, series: Series, chosen: Slice) -> dict[int, Mean]:
    """A series' headline by the number of the length."""
    points = {}
    for index, length in enumerate(section.values("length", chosen)):
        here = {**chosen, "length": length}
        summary = series.at(here)
        if summary is not None and section.complete(series, here):
            points[index] = summary.measures[section.headline]
    return points


def _places(lengths: Sequence[Any]) -> list[float]:
    """Where the lengths stand: by their logarithm, or, where one is no number above 0, one beside the other."""
    sizes = [size_of(length) for length in lengths]
    known = [math.log2(size) for size in sizes if size is not None and size > 0]
    return known if len(known) == len(sizes) else [float(index) for index in range(len(sizes))]


def _draw_points(axes: Axes, index: int, points: dict[int, Mean], places: Sequence[float]) -> Line2D:
    means = list(points.values())
    colour = _COLOURS[index % len(_COLOURS)]
    drawn = axes.errorbar(
        [places[at] for at in points],
        [100 * mean.value for mean in means],
        yerr=[
            [100 * (mean.value - mean.low) for mean in means],
            [100 * (mean.high - mean.value) for mean in means],
        ],
        color=colour,
        marker=_MARKERS[index % len(_MARKERS)],
        linestyle=_LINES[index % len(_LINES)],
        markersize=6.5,
        # Every other marker is open, one more way to tell them apart in print.
        markerfacecolor="white" if index % 2 else colour,
        markeredgewidth=1.3,
        linewidth=1.6,
        elinewidth=1.0,
        capsize=3,
        zorder=3,
        clip_on=False,
    )
    line: Line2D = drawn[0]
    return line


def _frame(axes: Axes, lengths: Sequence[Any], places: Sequence[float]) -> None:
    span = max(places) - min(places)
    axes.set_xlim(min(places) - 0.06 * span, max(places) + 0.06 * span)
    axes.set_ylim(-3, 103)
    labels = length_words(lengths)
    shown = _apart(places, _LEAST_TICK_DISTANCE * span)
    axes.set_xticks(places, [label if index in shown else "" for index, label in enumerate(labels)], fontsize=10)
    axes.set_yticks(range(0, 101, 20), [str(score) for score in range(0, 101, 20)], fontsize=10)
    axes.set_xlabel("context length", fontsize=10)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="y", color="#dddddd", linewidth=0.8)
    for limit in (0, 100):
        axes.axhline(limit, color="#888888", linewidth=0.8, zorder=1)
    for side in ("top", "right", "bottom", "left"):
        axes.spines[side].set_visible(False)


def _apart(places: Sequence[float], distance: float) -> set[int]:
    """Which labels to show so that none touches another: the last, the first, and of the rest what has room."""
    shown: set[int] = set()
    order = sorted(range(len(places)), key=lambda index: (index != len(places) - 1, index != 0, index))
    for index in order:
        if all(abs(places[index] - places[other]) >= distance for other in shown):
            shown.add(index)
    return shown


def _legend(figure: Figure, lines: Mapping[str, Line2D]) -> None:
    names = [textwrap.fill(drawable(name), int(_LEGEND_LETTERS - _LEGEND_SIGN_LETTERS)) for name in lines]
    columns = _columns([len(name) for name in names])
    rows = math.ceil(sum(name.count("\n") + 1 for name in names) / columns)
    # The picture grows with its legend, so that the curves keep their room.
    width, height = _INCHES
    figure.set_size_inches(width, height + rows * _LEGEND_LINE_INCHES)
    figure.legend(
        list(lines.values()),
        names,
        loc="outside lower center",
        ncols=columns,
        fontsize=10,
        frameon=False,
        handlelength=3.4,
        columnspacing=1.4,
    )


def _columns(letters: Sequence[int]) -> int:
    """The most columns in which names of so many letters have room side by side: one column after the other is filled,
    the first ones with one name more."""
    for columns in range(len(letters), 1, -1):
        least, longer = divmod(len(letters), columns)
        names = iter(letters)
        widths = [max(islice(names, least + (column < longer))) for column in range(columns)]
        if sum(widths) + columns * _LEGEND_SIGN_LETTERS <= _LEGEND_LETTERS:
            return columns
    return 1
