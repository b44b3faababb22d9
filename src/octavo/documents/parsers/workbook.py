"""Excel (XLSX and XLS): each sheet is a section, each row a line, its cells parted by tabs.

Values are written as a reader of the sheet would see them in full: dates in ISO 8601, numbers with at most 15 digits,
percentages as such. A formula that was never computed is written as the formula.
"""

from __future__ import annotations

import datetime
import io
import zipfile
from collections.abc import Iterable, Iterator
from itertools import zip_longest
from typing import Any

from octavo.documents.headings import Heading, sections_of
from octavo.documents.parsed import Parsed, one_line
from octavo.errors import CorruptSource, EncryptedSource, MissingExtra


def parse_xlsx(data: bytes, archive: zipfile.ZipFile) -> Parsed:
    """The workbook in `data`, which `archive` has opened. Raises `MissingExtra`."""
    try:
        import openpyxl
    except ImportError as error:
        raise MissingExtra("reading XLSX", "office") from error
    values = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True)
    formulas = None
    if any(b"<f" in archive.read(name) for name in archive.namelist() if name.startswith("xl/worksheets/sheet")):
        formulas = openpyxl.load_workbook(io.BytesIO(data), read_only=True)
    return _parsed(
        (sheet.title, _rows(sheet, formulas[sheet.title] if formulas is not None else None))
        for sheet in values.worksheets
    )


def parse_xls(data: bytes, *, given: str) -> Parsed:
    """The workbook of before 2007 in `data`; `given` is what errors call it. Raises `MissingExtra`, `EncryptedSource`,
    `CorruptSource`."""
    try:
        import xlrd
    except ImportError as error:
        raise MissingExtra("reading XLS", "office") from error
    try:
        book = xlrd.open_workbook(file_contents=data, logfile=io.StringIO())
    except xlrd.XLRDError as error:
        if "encrypted" in str(error).lower():
            raise EncryptedSource(given, "encrypted with a password", "save a copy without the password") from error
        raise CorruptSource(given, f"no Excel workbook that can be read ({error})", "save it as XLSX") from error

    def cell_text(cell: Any) -> str:
        if cell.ctype == xlrd.XL_CELL_DATE:
            return _written(xlrd.xldate_as_datetime(cell.value, book.datemode))
        if cell.ctype == xlrd.XL_CELL_BOOLEAN:
            return _written(bool(cell.value))
        if cell.ctype == xlrd.XL_CELL_ERROR:
            return str(xlrd.error_text_from_code.get(cell.value, "#ERROR"))
        return _written(cell.value)

    return _parsed(
        (sheet.name, ([cell_text(cell) for cell in row] for row in sheet.get_rows())) for sheet in book.sheets()
    )


def _rows(sheet: Any, formulas: Any) -> Iterator[list[str]]:
    # Declared dimensions may be those of the whole grid; without them only the rows that exist come.
    sheet.reset_dimensions()
    if formulas is None:
        for row in sheet.iter_rows():
            yield [_cell(cell) for cell in row]
        return
    formulas.reset_dimensions()
    for row, sources in zip_longest(sheet.iter_rows(), formulas.iter_rows(), fillvalue=()):
        yield [
            (_cell(cell) if cell is not None else "") or (str(source.value or "") if source is not None else "")
            for cell, source in zip_longest(row, sources)
        ]


def _cell(cell: Any) -> str:
    if isinstance(cell.value, (int, float)) and not isinstance(cell.value, bool) and "%" in (cell.number_format or ""):
        return _written(cell.value * 100) + "%"
    return _written(cell.value)


def _written(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        return format(value, ".15g")
    if isinstance(value, datetime.datetime):
        moment = value.replace(microsecond=0)
        return moment.date().isoformat() if moment.time() == datetime.time() else moment.isoformat(sep=" ")
    return " ".join(str(value).split())


def _parsed(sheets: Iterable[tuple[str, Iterable[list[str]]]]) -> Parsed:
    pieces: list[str] = []
    headings: list[Heading] = []
    start = 0
    filled = False
    for name, rows in sheets:
        lines = [line for row in rows if (line := "\t".join(row).rstrip())]
        filled = filled or bool(lines)
        piece = "\n".join([name, *lines]) + "\n\n"
        headings.append(Heading(start, 1, one_line(name)))
        pieces.append(piece)
        start += len(piece)
    text = "".join(pieces) if filled else ""
    return Parsed(text, sections=sections_of(headings, len(text)) if filled else ())
