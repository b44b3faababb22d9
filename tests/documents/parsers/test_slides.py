"""PowerPoint presentations."""

from __future__ import annotations

import io

import pptx
from pptx.chart.data import CategoryChartData
from pptx.enum.chart import XL_CHART_TYPE

from octavo.documents.parsers.slides import parse_slides


def test_slides_are_pages_and_sections_with_their_notes() -> None:
    deck = pptx.Presentation()
    first = deck.slides.add_slide(deck.slide_layouts[1])
    first.shapes.title.text = "The plan"
    first.placeholders[1].text = "one\ntwo"
    first.notes_slide.notes_text_frame.text = "Say this."
    second = deck.slides.add_slide(deck.slide_layouts[6])
    table = second.shapes.add_table(1, 2, 0, 0, 100, 100).table
    table.cell(0, 0).text, table.cell(0, 1).text = "a", "b"
    chart = CategoryChartData()  # type: ignore[no-untyped-call]
    chart.categories = ["Q1", "Q2"]
    chart.add_series("Sales", (1.5, 2))  # type: ignore[no-untyped-call]
    second.shapes.add_chart(XL_CHART_TYPE.COLUMN_CLUSTERED, 0, 200, 100, 100, chart)
    stream = io.BytesIO()
    deck.save(stream)

    parsed = parse_slides(stream.getvalue())
    assert parsed.text == "The plan\none\ntwo\nNotes:\nSay this.\n\na | b\nSales: Q1 1.5, Q2 2\n\n"
    assert [(s.title, s.span.start) for s in parsed.sections] == [("The plan", 0)]
    assert [page.number for page in parsed.pages] == [1, 2]
    assert parsed.pages[1].span.of(parsed.text).startswith("a | b")
