"""Excel workbooks."""

from __future__ import annotations

import datetime
import io
import zipfile

import openpyxl
import pytest

from octavo.documents.parsed import Parsed
from octavo.documents.parsers.workbook import parse_xls, parse_xlsx
from octavo.errors import CorruptSource


def parse(workbook: openpyxl.Workbook) -> Parsed:
    stream = io.BytesIO()
    workbook.save(stream)
    return parse_xlsx(stream.getvalue(), zipfile.ZipFile(stream))


@pytest.fixture
def workbook() -> openpyxl.Workbook:
    made = openpyxl.Workbook()
    made.worksheets[0].title = "Sales"
    return made


def test_sheets_are_sections_and_rows_are_lines(workbook: openpyxl.Workbook) -> None:
    workbook.worksheets[0].append(["Name", "Count"])
    workbook.worksheets[0].append(["Ann", 3])
    workbook.create_sheet("Costs").append(["Rent", None, 12.5])
    parsed = parse(workbook)
    assert parsed.text == "Sales\nName\tCount\nAnn\t3\n\nCosts\nRent\t\t12.5\n\n"
    assert [(s.title, s.span.start) for s in parsed.sections] == [("Sales", 0), ("Costs", parsed.text.index("Costs"))]


def test_values_are_written_as_people_read_them(workbook: openpyxl.Workbook) -> None:
    sheet = workbook.worksheets[0]
    sheet.append(
        [datetime.date(2024, 5, 1), datetime.datetime(2024, 5, 1, 13, 30), 0.1 + 0.2, True, 0.15, "two\nlines"]
    )
    sheet["E1"].number_format = "0%"
    assert parse(workbook).text == "Sales\n2024-05-01\t2024-05-01 13:30:00\t0.3\tTRUE\t15%\ttwo lines\n\n"


def test_a_formula_that_was_never_computed_is_shown(workbook: openpyxl.Workbook) -> None:
    workbook.worksheets[0].append(["Sum", "=1+2"])
    assert "Sum\t=1+2" in parse(workbook).text


def test_a_cell_at_the_end_of_the_grid_does_not_fill_it(workbook: openpyxl.Workbook) -> None:
    workbook.worksheets[0]["A1"] = "first"
    workbook.worksheets[0].cell(20_000, 40, "last")
    assert parse(workbook).text == "Sales\nfirst\n" + "\t" * 39 + "last\n\n"


def test_a_workbook_without_a_filled_cell_has_no_text(workbook: openpyxl.Workbook) -> None:
    assert parse(workbook).text == ""


def test_what_is_no_workbook_says_so() -> None:
    with pytest.raises(CorruptSource, match=r"old\.xls: no Excel workbook"):
        parse_xls(b"<table><tr><td>1</table>", given="old.xls")
