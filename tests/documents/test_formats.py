"""Which format a file is in."""

from __future__ import annotations

import pytest

from octavo.documents.formats import Format, format_of
from octavo.errors import EncryptedSource, UnsupportedSource
from tests.documents.made_files import docx, epub, paragraph, pdf, zipped

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)


def found(data: bytes, name: str, media_type: str | None = None) -> Format:
    return format_of(data, name=name, media_type=media_type, given=name)


@pytest.mark.parametrize(
    ("name", "format_"),
    [
        ("a.MD", Format.MARKDOWN),
        ("a.py", Format.CODE),
        ("a.tsv", Format.TSV),
        ("a.jsonl", Format.JSONL),
        ("a.htm", Format.HTML),
        ("LICENSE", Format.TEXT),
        ("a.unheard-of", Format.TEXT),
        (".bashrc", Format.TEXT),
    ],
)
def test_the_extension_names_the_format(name: str, format_: Format) -> None:
    assert found(b"words", name) is format_


@pytest.mark.parametrize("name", ["a.md", "a.txt", "a.py", "a.csv"])
def test_markup_does_not_make_a_named_text_html(name: str) -> None:
    assert found(b"<!doctype html><html><body>x", name).is_plain


def test_without_a_telling_name_a_doctype_makes_html_and_a_tag_does_not() -> None:
    assert found(b"\n<!-- saved -->\n<!DOCTYPE html>\n<p>x", "standard input") is Format.HTML
    assert found(b"<html><p>x", "standard input") is Format.TEXT


def test_without_a_telling_name_the_first_bytes_decide() -> None:
    assert found(pdf([["x"]]), "download") is Format.PDF
    assert found(docx(paragraph("x")), "download") is Format.DOCX
    assert found(epub({"a.xhtml": "<p>x</p>"}), "download") is Format.EPUB


@pytest.mark.parametrize(
    ("media_type", "name", "format_"),
    [
        ("text/html", "page.php", Format.HTML),
        ("text/html", "README.md", Format.HTML),
        ("application/pdf", "2405.123", Format.PDF),
        ("text/plain", "README.md", Format.MARKDOWN),
        ("text/plain", "page", Format.TEXT),
        ("application/octet-stream", "data.csv", Format.CSV),
    ],
)
def test_what_a_server_says_comes_before_the_name_where_it_says_something(
    media_type: str, name: str, format_: Format
) -> None:
    assert found(b"words", name, media_type) is format_


def test_documents_of_other_programs_come_with_a_way_out() -> None:
    with pytest.raises(UnsupportedSource, match=r"a\.doc: octavo does not read DOC files; save it as DOCX or PDF"):
        found(OLE, "a.doc")
    with pytest.raises(UnsupportedSource, match="before 2007"):
        found(OLE, "a.docx")


def test_an_office_file_under_a_password_is_named_so() -> None:
    with pytest.raises(EncryptedSource, match="password"):
        found(OLE + "EncryptedPackage".encode("utf-16-le"), "a.xlsx")


def test_archives_and_binaries_are_no_documents() -> None:
    with pytest.raises(UnsupportedSource, match="archive"):
        found(zipped({"a": "b"}), "a.zip")
    with pytest.raises(UnsupportedSource, match="binary"):
        found(bytes(range(256)), "a.unheard-of")
