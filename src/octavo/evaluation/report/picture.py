"""A picture as files: PNG and SVG of one figure, the same bytes every time.

Knows matplotlib's figures, without its global state; nothing of what is drawn. Needs the extra `eval`.
"""

from __future__ import annotations

import io
import re
from dataclasses import dataclass
from functools import cache

from matplotlib import rc_context
from matplotlib.figure import Figure
from matplotlib.font_manager import findfont, get_font

FONT = "DejaVu Sans"
"""The font that matplotlib brings along, so that pictures are alike everywhere."""

_DOTS_PER_INCH = 160


@dataclass(frozen=True, slots=True)
class Picture:
    """`name` is a file's name without its ending; `caption` says what is to be seen, also to those who cannot see."""

    name: str
    caption: str
    png: bytes
    svg: bytes


def picture_of(figure: Figure, name: str, caption: str) -> Picture:
    """The figure, drawn both ways. Of `name`, what a file's name cannot hold becomes "-"."""
    # The salt makes the ids inside the SVG the same every time, the metadata leaves out date and version.
    with rc_context({"svg.hashsalt": "octavo", "font.family": FONT}):
        return Picture(
            re.sub(r"[^\w.]+", "-", name).strip("-.").lower(),
            caption,
            _drawn(figure, "png", {"Software": None}),
            _drawn(figure, "svg", {"Date": None, "Creator": None}),
        )


def drawable(text: str) -> str:
    """`text` as it can be drawn: a glyph that the font lacks is a box, a dollar sign no formula."""
    known = _glyphs()
    return "".join("□" if ord(letter) not in known else letter for letter in text).replace("$", r"\$")


@cache
def _glyphs() -> frozenset[int]:
    return frozenset(get_font(findfont(FONT)).get_charmap())


def _drawn(figure: Figure, file_format: str, metadata: dict[str, None]) -> bytes:
    file = io.BytesIO()
    figure.savefig(file, format=file_format, dpi=_DOTS_PER_INCH, facecolor="white", metadata=metadata)
    return file.getvalue()
