"""The needle picture: depth down, context length across, the headline in every cell.

The colours (cividis: Nunez, Anderton and Renslow 2018) look alike with and without colour blindness and become lighter
steadily, so that they are told apart in black and white; the numbers stand in the cells besides. Needs the extra
`eval`.
"""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence

import numpy
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from octavo.evaluation.report.conditions import value_words
from octavo.evaluation.report.picture import drawable
from octavo.evaluation.report.scores import Summary
from octavo.evaluation.report.sections import Section, Series, Slice
from octavo.evaluation.report.tables import percent, slice_words, words

_COLOURS = colormaps["cividis"]
_CELL_INCHES = (0.56, 0.33)
_LEAST_INCHES = (4.4, 2.6)
_BESIDE_INCHES = 1.3
"""Beside the cells: the depths' names and the scale."""

_ABOVE_INCHES = 1.4
"""Above and below the cells: the names and the lengths."""

_TITLE_LETTERS_PER_INCH = 9.0
_LETTERS_PER_INCH = 15.0


def has_heat_map(section: Section, series: Series, chosen: Slice) -> bool:
    """Whether both depth and length differ in a slice, and the series was asked there at some of both."""
    if not {"length", "depth"} <= set(section.conditions(chosen)):
        return False
    lengths, depths = section.values("length", chosen), section.values("depth", chosen)
    return any(
        series.at({**chosen, "length": length, "depth": depth}) is not None for length in lengths for depth in depths
    )


def draw_heat_map(section: Section, series: Series, chosen: Slice) -> Figure:
    """One series' headline in a slice; what it was not asked is hatched. Lengths and depths are those of the whole
    section, so that the pictures of all series have the same frame."""
    lengths = section.values("length", chosen)
    depths = section.values("depth", chosen)
    cells = [[series.at({**chosen, "length": length, "depth": depth}) for length in lengths] for depth in depths]
    figure = Figure(figsize=_size(len(lengths), len(depths)), layout="constrained")
    axes = figure.subplots()
    _colour_cells(figure, axes, cells, section.headline)
    axes.set_xticks(numpy.arange(len(lengths)) + 0.5, value_words("length", lengths), fontsize=8)
    axes.set_yticks(numpy.arange(len(depths)) + 0.5, value_words("depth", depths), fontsize=8)
    axes.tick_params(length=0)
    missing = any(cell is None for row in cells for cell in row)
    axes.set_xlabel("context length" + ("  (hatched: not asked)" if missing else ""), fontsize=9)
    axes.set_ylabel("depth", fontsize=9)
    _name(figure, axes, series.name, _subtitle(section, chosen, cells))
    return figure


def heat_map_caption(section: Section, series: Series, chosen: Slice) -> str:
    """What the picture shows, in a sentence."""
    where = ", ".join(filter(None, (section.task, slice_words(chosen))))
    whole = series.at(chosen)
    score = f"; {percent(whole.measures[section.headline].value)} % over what was asked" if whole else ""
    return f"{series.name}: {words(section.headline)} by depth and length, {where}{score}"


def text_colour(background: Sequence[float]) -> str:
    """Black or white, whichever stands out more from red, green and blue of 0 to 1 (WCAG 2.2, contrast ratio)."""
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in background[:3])
    luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    return "black" if (luminance + 0.05) / 0.05 >= 1.05 / (luminance + 0.05) else "white"


def cell_text(share: float) -> str:
    """A whole per cent; 0 and 100 only where it is exactly that."""
    whole = round(100 * share)
    return str(min(max(whole, 1), 99) if 0 < share < 1 else whole)


def _size(columns: int, rows: int) -> tuple[float, float]:
    wide, high = _CELL_INCHES
    return (
        max(_LEAST_INCHES[0], columns * wide + _BESIDE_INCHES),
        max(_LEAST_INCHES[1], rows * high + _ABOVE_INCHES),
    )


def _colour_cells(figure: Figure, axes: Axes, cells: Sequence[Sequence[Summary | None]], measure: str) -> None:
    shares = numpy.array(
        [[math.nan if cell is None else cell.measures[measure].value for cell in row] for row in cells]
    )
    mesh = axes.pcolormesh(
        numpy.ma.masked_invalid(shares), cmap=_COLOURS, norm=Normalize(0, 1), edgecolors="white", linewidth=1.0
    )
    axes.invert_yaxis()
    # What no cell covers shows the background.
    axes.patch.set(facecolor="#f4f4f4", edgecolor="#9a9a9a", hatch="////")
    for row, column in zip(*numpy.nonzero(~numpy.isnan(shares)), strict=True):
        share = float(shares[row, column])
        axes.text(
            column + 0.5,
            row + 0.5,
            cell_text(share),
            color=text_colour(_COLOURS(share)),
            ha="center",
            va="center",
            fontsize=9,
        )
    scale = figure.colorbar(mesh, ax=axes, fraction=0.05, pad=0.02, ticks=[0, 0.25, 0.5, 0.75, 1])
    scale.ax.set_yticklabels(["0 %", "25 %", "50 %", "75 %", "100 %"], fontsize=8)
    scale.outline.set_visible(False)
    for side in axes.spines.values():
        side.set_visible(False)


def _name(figure: Figure, axes: Axes, name: str, subtitle: str) -> None:
    inches = figure.get_figwidth()
    title = textwrap.fill(drawable(name), int(inches * _TITLE_LETTERS_PER_INCH))
    figure.suptitle(title, x=0.02, ha="left", fontsize=11, fontweight="bold")
    letters = int((inches - _BESIDE_INCHES) * _LETTERS_PER_INCH)
    beside = "\n".join(textwrap.fill(drawable(line), letters) for line in subtitle.splitlines())
    axes.set_title(beside, loc="left", fontsize=8, color="#333333")


def _subtitle(section: Section, chosen: Slice, cells: Sequence[Sequence[Summary | None]]) -> str:
    counts = sorted({cell.items for row in cells for cell in row if cell is not None})
    items = f"{counts[0]}" if counts[0] == counts[-1] else f"{counts[0]} to {counts[-1]}"
    a_cell = f"{items} item{'' if counts[-1] == 1 else 's'} a cell"
    where = ", ".join(filter(None, (section.task, slice_words(chosen))))
    return f"{where}\n{words(section.headline)}, %; {a_cell}"
