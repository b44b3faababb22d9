"""From a file to a Document."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from octavo.documents.content import SourceBytes, read_bytes
from octavo.documents.fetch import Fetched
from octavo.documents.limits import DEFAULT_LIMITS
from octavo.documents.load import load, parse
from octavo.documents.sandbox import Sandbox
from octavo.documents.sources import source_of
from octavo.errors import EmptySource, SourceNotFound, SourceTooLarge, UnsupportedSource
from tests.documents.conftest import Files
from tests.documents.made_files import pdf

TEXT = st.text(st.characters(exclude_categories=("Cs", "Cc")) | st.sampled_from("\n\t\r"), min_size=1)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(TEXT, st.sampled_from(["a.txt", "a.md", "a.py", "a.csv", "a.json", "a.jsonl", "LICENSE"]))
def test_a_text_file_loses_no_character(write: Files, text: str, name: str) -> None:
    path = write(name, text)
    kept = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    if not kept.strip() or text.lstrip("\ufeff \t\r\n").lower().startswith("<!doctype"):
        return
    assert load(path).text == kept


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.txt", "<path>kept</path>\n<!doctype html> <b>kept</b>\n"),
        ("a.md", "# Title\n\n<div>\n<!-- kept -->\n</div>\n"),
        ("a.csv", 'name,"two\nlines",\n,,\n'),
        ("a.json", json.dumps({"a": ["ü", 1]}, ensure_ascii=False)),
        ("a.jsonl", '{"a": 1}\n\n{"a": 2}\n'),
        ("a.py", "x = '<html>'\t\n\n\n"),
    ],
)
def test_text_formats_stay_as_they_are(write: Files, name: str, text: str) -> None:
    document = load(write(name, text))
    assert document.text == text
    assert document.name == name


def test_a_file_is_called_by_its_name_and_keeps_sections_and_pages(write: Files) -> None:
    path = write("notes.pdf", pdf([["Start", "words"], ["More"]], outline=[("Start", 1)], title="Another title"))
    document = load(path)
    assert (document.name, document.media_type) == ("notes.pdf", "application/pdf")
    assert document.page_at(document.text.index("More")) == 2
    assert document.section_path(0) == ("Start",)


def test_the_same_text_in_two_formats_is_one_document(write: Files, sandbox: Sandbox) -> None:
    page = source_of(write("a.html", "<p>words"))
    assert parse(page, read_bytes(page), sandbox=sandbox).id == load(write("a.txt", "words\r\n")).id


@pytest.mark.parametrize(
    ("file_name", "media_type", "name"),
    [
        ("", "text/html", "The Title"),
        ("page.html", "text/html", "The Title"),
        ("2.0", "text/html", "The Title"),
        ("report.md", "text/plain", "report.md"),
    ],
)
def test_a_page_is_called_by_its_title_unless_its_address_names_a_file(
    sandbox: Sandbox, file_name: str, media_type: str, name: str
) -> None:
    content = SourceBytes(b"<title>The Title</title><p>words", media_type, None, file_name)
    assert parse(source_of("https://example.org/x"), content, sandbox=sandbox).name == name


def test_a_url_is_read_through_fetch() -> None:
    def fetched(url: str, **_: object) -> Fetched:
        return Fetched(url.encode(), "text/plain", "utf-8", "a.txt")

    source = source_of("https://example.org/a.txt")
    content = read_bytes(source, fetch_url=fetched)
    assert parse(source, content).text == "https://example.org/a.txt"


def test_standard_input_is_read_to_its_end() -> None:
    source = source_of("-")
    document = parse(source, read_bytes(source, stdin=io.BytesIO(b"piped words\r\n")))
    assert (document.text, document.name) == ("piped words\n", "standard input")


def test_the_hash_is_that_of_the_bytes(write: Files) -> None:
    content = read_bytes(source_of(write("a.txt", "abc")))
    assert content.sha256 == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_what_cannot_be_a_document_says_why(write: Files, tmp_path: Path) -> None:
    with pytest.raises(EmptySource, match="it holds no bytes"):
        load(write("empty.pdf", b""))
    with pytest.raises(EmptySource, match="no text inside"):
        load(write("blank.txt", " \n\n"))
    with pytest.raises(UnsupportedSource, match="binary, whatever its name says"):
        load(write("a.txt", bytes(range(256))))
    with pytest.raises(UnsupportedSource, match="binary, whatever its name says"):
        load(write("a.html", bytes(range(256))))
    with pytest.raises(SourceNotFound, match="no such file"):
        load(tmp_path / "none.txt")
    with pytest.raises(SourceTooLarge, match=r"larger than 10 bytes"):
        load(write("large.txt", "x" * 11), limits=replace(DEFAULT_LIMITS, source_bytes=10))


def test_standard_input_over_the_limit_is_refused() -> None:
    with pytest.raises(SourceTooLarge, match="-: larger than 10 bytes"):
        read_bytes(source_of("-"), stdin=io.BytesIO(b"x" * 11), limits=replace(DEFAULT_LIMITS, source_bytes=10))


def test_a_page_of_nothing_but_scripts_is_empty(write: Files) -> None:
    with pytest.raises(EmptySource, match="no text inside"):
        load(write("app.html", "<script>render()</script>"))
