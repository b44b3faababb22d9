"""PDF: pages, outline, broken words, and files that cannot be read."""

from __future__ import annotations

import pytest

from octavo.documents.parsers.pdf import parse_pdf
from octavo.errors import CorruptSource, EmptySource, EncryptedSource
from tests.documents.made_files import pdf


def test_pages_are_spans_that_cover_the_text() -> None:
    parsed = parse_pdf(pdf([["First page."], [], ["Third (page)"]]), given="a.pdf")
    assert [(page.number, page.span.of(parsed.text)) for page in parsed.pages] == [
        (1, "First page.\n\n"),
        (2, "\n\n"),
        (3, "Third (page)\n\n"),
    ]
    assert parsed.pages[-1].span.end == len(parsed.text)


def test_a_sentence_that_runs_over_a_page_is_not_parted_by_an_empty_line() -> None:
    assert parse_pdf(pdf([["It goes"], ["on."]]), given="a.pdf").text == "It goes\non.\n\n"


def test_the_outline_becomes_sections_at_their_titles() -> None:
    data = pdf(
        [["Preface", "see Methods"], ["end of it", "Methods", "words", "Results", "more"]],
        outline=[("Preface", 1), ("Methods", 2), ("Results", 2)],
    )
    parsed = parse_pdf(data, given="a.pdf")
    assert [(s.title, s.level, s.span.of(parsed.text)) for s in parsed.sections] == [
        ("Preface", 1, "Preface\nsee Methods\nend of it\n"),
        ("Methods", 1, "Methods\nwords\n"),
        ("Results", 1, "Results\nmore\n"),
    ]


def test_a_title_that_is_not_found_starts_its_section_at_the_page() -> None:
    parsed = parse_pdf(pdf([["one"], ["two"]], outline=[("Figure list", 2)]), given="a.pdf")
    assert parsed.sections[0].span == parsed.pages[1].span


def test_a_word_broken_over_two_lines_is_whole() -> None:
    text = parse_pdf(pdf([["an exam-", "ple, a well-", "known one; well-known"]]), given="a.pdf").text
    assert text == "an example, a well-known one; well-known\n"


@pytest.mark.parametrize(("title", "told"), [("The Whale", "The Whale"), ("thesis-final.docx", None), ("", None)])
def test_a_title_in_the_metadata_is_told_unless_it_is_a_files_name(title: str, told: str | None) -> None:
    assert parse_pdf(pdf([["x"]], title=title), given="a.pdf").title == told


def test_a_password_is_named_as_the_reason() -> None:
    with pytest.raises(EncryptedSource, match=r"a\.pdf: .*password"):
        parse_pdf(pdf([["secret"]], password="open sesame"), given="a.pdf")


def test_pages_without_text_seem_scanned() -> None:
    with pytest.raises(EmptySource, match=r"no text on its 2 page\(s\): it seems to be scanned"):
        parse_pdf(pdf([[], []]), given="scan.pdf")


def test_a_truncated_file_says_so_instead_of_losing_pages() -> None:
    whole = pdf([["words"] * 30] * 5)
    for length in (len(whole) // 2, len(whole) - 40):
        with pytest.raises(CorruptSource, match="truncated"):
            parse_pdf(whole[:length], given="a.pdf")


def test_something_else_called_pdf_is_no_pdf() -> None:
    with pytest.raises(CorruptSource, match="not a PDF"):
        parse_pdf(b"<html>Please sign in</html>", given="a.pdf")


def test_a_missing_page_is_an_error_not_a_gap() -> None:
    damaged = pdf([["one"], ["two"]]).replace(b"8 0 obj\n<</Type/Page/", b"8 0 obj\n<</Type/Xxxx/")
    damaged = damaged.replace(b"8 0 obj", b"9 9 obj")
    with pytest.raises(CorruptSource, match="page 2 of 2"):
        parse_pdf(damaged, given="a.pdf")
