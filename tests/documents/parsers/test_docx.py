"""Word files."""

from __future__ import annotations

import io
import zipfile

from octavo.documents.parsed import Parsed
from octavo.documents.parsers.docx import parse_docx
from tests.documents.made_files import docx, paragraph


def parse(body: str) -> Parsed:
    return parse_docx(zipfile.ZipFile(io.BytesIO(docx(body))))


def test_headings_are_sections_and_text_has_no_markup_added() -> None:
    parsed = parse(
        paragraph("Terms", "Heading1")
        + paragraph("A snake_case *word* &amp; more.")
        + paragraph("Payment", "Heading2")
        + paragraph("Soon.")
    )
    assert parsed.text == "Terms\n\nA snake_case *word* & more.\n\nPayment\n\nSoon.\n"
    assert [(s.level, s.title) for s in parsed.sections] == [(1, "Terms"), (2, "Payment")]


def test_rows_of_a_table_are_lines() -> None:
    cells = "".join(f"<w:tc>{paragraph(text)}</w:tc>" for text in ("a", "", "c"))
    assert parse(f"<w:tbl><w:tr>{cells}</w:tr><w:tr>{cells}</w:tr></w:tbl>").text == "a | | c\na | | c\n"


def test_equations_are_text() -> None:
    def run(text: str) -> str:
        return f"<m:r><m:t>{text}</m:t></m:r>"

    fraction = f"<m:f><m:num>{run('a')}</m:num><m:den>{run('b')}</m:den></m:f>"
    power = f"<m:sSup><m:e>{run('x')}</m:e><m:sup>{run('2')}</m:sup></m:sSup>"
    boxed = f"<m:borderBox><m:e>{run('c')}</m:e></m:borderBox>"
    root = f"<m:rad><m:deg/><m:e>{run('y')}</m:e></m:rad>"
    parsed = parse(f"<w:p><w:r><w:t>So </w:t></w:r><m:oMath>{fraction}{power}{boxed}{root}</m:oMath></w:p>")
    assert parsed.text == "So $\\frac{a}{b}x^{2}c\\sqrt{y}$\n"


def test_text_that_looks_like_markup_stays_text() -> None:
    assert parse(paragraph("&lt;path&gt;kept&lt;/path&gt;")).text == "<path>kept</path>\n"
