"""Books as EPUB."""

from __future__ import annotations

import io
import zipfile

import pytest

from octavo.documents.parsed import Parsed
from octavo.documents.parsers.epub import parse_epub
from octavo.errors import CorruptSource, EncryptedSource
from tests.documents.made_files import epub, zipped


def parse(data: bytes) -> Parsed:
    return parse_epub(zipfile.ZipFile(io.BytesIO(data)), given="b.epub")


def test_chapters_come_in_reading_order_with_their_headings() -> None:
    parsed = parse(epub({"b.xhtml": "<h1>One</h1><p>First.</p>", "a.xhtml": "<h1>Two</h1><p>Second.</p>"}))
    assert parsed.text == "One\n\nFirst.\n\nTwo\n\nSecond.\n\n"
    assert parsed.title == "A Small Book"
    assert [(s.title, s.span.of(parsed.text)[:4].strip()) for s in parsed.sections] == [("One", "One"), ("Two", "Two")]


def test_a_chapter_without_a_heading_is_called_what_the_contents_call_it() -> None:
    parsed = parse(
        epub({"a.xhtml": "<p>Words.</p>", "b.xhtml": "<h2>Own</h2>"}, contents={"a.xhtml": "Alpha", "b.xhtml": "Beta"})
    )
    assert [section.title for section in parsed.sections] == ["Alpha", "Own"]


def test_copy_protection_is_named_and_scrambled_fonts_are_not_it() -> None:
    def with_algorithm(algorithm: str) -> bytes:
        protection = f'<encryption><EncryptionMethod Algorithm="{algorithm}"/></encryption>'
        return epub({"a.xhtml": "<p>Words.</p>"}, extra={"META-INF/encryption.xml": protection})

    assert parse(with_algorithm("http://www.idpf.org/2008/embedding")).text == "Words.\n\n"
    with pytest.raises(EncryptedSource, match="copy protection"):
        parse(with_algorithm("http://www.w3.org/2001/04/xmlenc#aes256-cbc"))


def test_a_missing_chapter_is_an_error_not_a_gap() -> None:
    whole = zipfile.ZipFile(io.BytesIO(epub({"a.xhtml": "<p>Words.</p>", "b.xhtml": "<p>More.</p>"})))
    without = zipped({name: whole.read(name) for name in whole.namelist() if not name.endswith("b.xhtml")})
    with pytest.raises(CorruptSource, match=r"b\.xhtml is missing"):
        parse(without)


def test_an_archive_that_is_no_book_says_so() -> None:
    with pytest.raises(CorruptSource, match=r"META-INF/container\.xml is missing"):
        parse(zipped({"a.txt": "x"}))
