"""Markdown headings become sections and the text stays as it is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from octavo.documents.parsers.markdown import parse_markdown


def outline(text: str) -> list[tuple[int, str]]:
    return [(section.level, section.title) for section in parse_markdown(text).sections]


def test_atx_and_setext_headings_are_sections() -> None:
    text = "# One\n\nwords\n\n## Two ##\n\nwords\n\nThree\n=====\n\nFour\n---\nwords\n"
    assert outline(text) == [(1, "One"), (2, "Two"), (1, "Three"), (2, "Four")]
    parsed = parse_markdown(text)
    assert parsed.title == "One"
    assert parsed.sections[2].span.of(text).startswith("Three\n=====")


@pytest.mark.parametrize(
    "text",
    [
        "```\n# not\n```\n",
        "~~~~\n```\n# not\n~~~~\n",
        "- item\n\n      ```sh\n      # not\n      ```\n",
        "```\n# never closed\n\n# still not\n",
        "    # indented code\n",
        "#hashtag\n",
        "####### seven\n",
        "#\n",
        "<!--\n# not\n-->\n",
        "<pre>\n# not\n</pre>\n",
        "---\ntitle: x\n# comment\n---\n",
        "a paragraph\nof two lines\n---\n",
        "- item\n---\n",
        "| a |\n---\n",
        "words\n\n---\n\nwords\n",
    ],
)
def test_what_is_no_heading_makes_no_section(text: str) -> None:
    assert outline(text) == []
    assert parse_markdown(text).text == text


@pytest.mark.parametrize(
    "before", ["```py\n# no\n```\n", "---\na: b\n---\n", "<!-- # no -->\n", "`````\n```\n`````\n", "x ```y``` z\n"]
)
def test_a_heading_after_what_hides_headings_counts(before: str) -> None:
    assert outline(f"{before}\n# Yes\n") == [(1, "Yes")]


def test_titles_are_without_markup() -> None:
    assert outline("## **Bold** `code` and [a link](http://x.y) \n") == [(1, "Bold code and a link")]


def test_html_inside_stays_as_it_is() -> None:
    text = '<div align="center"><h1>Name</h1></div>\n\n# Title\n\n<path>kept</path> &amp; kept\n'
    parsed = parse_markdown(text)
    assert parsed.text == text
    assert [section.title for section in parsed.sections] == ["Title"]


def test_a_line_of_megabytes_is_no_burden() -> None:
    text = "# " + "*a " * 700_000 + "\n## " + " " * 1_000_000 + "#" + "<!--\n-->\n" * 20_000
    assert [len(title) <= 200 for _, title in outline(text)] == [True]


@given(
    st.lists(st.sampled_from(["# a", "## b", "text", "", "```", "---", "===", "<!--", "-->", "~~~", "    x", "- y"]))
)
def test_any_mixture_of_lines_gives_sections_that_start_at_headings(lines: list[str]) -> None:
    text = "\n".join(lines)
    parsed = parse_markdown(text)
    assert parsed.text == text
    for section in parsed.sections:
        assert text[section.span.start :].startswith(("# a", "## b", "text"))
        assert section.span.start == 0 or text[section.span.start - 1] == "\n"
