"""PowerPoint (PPTX): each slide is a page and a section; its notes follow it."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from typing import Any

from octavo.documents.document import Page, Span
from octavo.documents.headings import Heading, sections_of
from octavo.documents.parsed import Parsed, one_line
from octavo.errors import MissingExtra


def parse_slides(data: bytes) -> Parsed:
    """The presentation in `data`. Raises `MissingExtra`."""
    try:
        import pptx
    except ImportError as error:
        raise MissingExtra("reading PPTX", "office") from error
    pieces: list[str] = []
    pages: list[Page] = []
    headings: list[Heading] = []
    start = 0
    for number, slide in enumerate(pptx.Presentation(io.BytesIO(data)).slides, start=1):
        title, body = _slide(slide)
        piece = "\n".join(line for line in (title, *body) if line.strip())
        piece = piece + "\n\n" if piece else ""
        if title:
            headings.append(Heading(start, 1, title))
        pieces.append(piece)
        pages.append(Page(number, Span(start, start + len(piece))))
        start += len(piece)
    text = "".join(pieces)
    return Parsed(text, sections=sections_of(headings, len(text)), pages=tuple(pages))


def _slide(slide: Any) -> tuple[str, list[str]]:
    title_shape = slide.shapes.title
    title = one_line(title_shape.text_frame.text) if title_shape is not None else ""
    others = [shape for shape in slide.shapes if title_shape is None or shape.shape_id != title_shape.shape_id]
    body = list(_lines(others))
    if slide.has_notes_slide and (notes := slide.notes_slide.notes_text_frame) is not None and notes.text.strip():
        body += ["Notes:", _clean(notes.text)]
    return title, body


def _lines(shapes: Iterable[Any]) -> Iterator[str]:
    """The text of `shapes` as one reads a slide: from the top, then from the left."""
    for shape in sorted(shapes, key=lambda shape: (shape.top or 0, shape.left or 0)):
        if hasattr(shape, "shapes"):  # a group
            yield from _lines(shape.shapes)
        elif getattr(shape, "has_table", False):
            for row in shape.table.rows:
                yield " | ".join(one_line(cell.text) for cell in row.cells)
        elif getattr(shape, "has_chart", False):
            yield from _chart(shape.chart)
        elif shape.has_text_frame:
            yield _clean(shape.text_frame.text)


def _chart(chart: Any) -> Iterator[str]:
    if chart.has_title and chart.chart_title.has_text_frame:
        yield one_line(chart.chart_title.text_frame.text)
    for plot in chart.plots:
        names = [str(category) for category in plot.categories]
        for series in plot.series:
            values = ["" if value is None else f"{value:g}" for value in series.values]
            pairs = zip(names, values, strict=False) if names else (("", value) for value in values)
            yield f"{series.name}: " + ", ".join(f"{name} {value}".strip() for name, value in pairs)


def _clean(text: str) -> str:
    return text.replace("\v", "\n").strip()  # python-pptx gives a line break as a vertical tab
