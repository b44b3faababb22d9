"""HTML as its reader sees it."""

from __future__ import annotations

import pytest

from octavo.documents.parsers.html import parse_html, parse_markup


def text_of(markup: str) -> str:
    return parse_markup(markup).text


def test_headings_are_sections_and_the_title_is_told() -> None:
    parsed = parse_markup(
        "<title> A \n page</title><h1>One <b>bold</b></h1><p>x</p><div><h3>Two</h3>y</div><h1>Three</h1>"
    )
    assert parsed.title == "A page"
    assert parsed.text == "One bold\n\nx\n\nTwo\n\ny\n\nThree\n"
    assert [(s.level, s.title, s.span.of(parsed.text)) for s in parsed.sections] == [
        (1, "One bold", "One bold\n\nx\n\nTwo\n\ny\n\n"),
        (2, "Two", "Two\n\ny\n\n"),
        (1, "Three", "Three\n"),
    ]


def test_scripts_and_styles_are_no_text() -> None:
    assert text_of("<style>p{}</style><script>if (a<b) {}</script><p>kept</p><noscript>no</noscript>") == "kept\n"


def test_white_space_is_collapsed_except_in_pre() -> None:
    assert text_of("<p>a \n  b<b> c</b>d</p><pre>x\n  y</pre>") == "a b cd\n\nx\n  y\n"


def test_lists_and_line_breaks() -> None:
    assert text_of("<ul><li>a<li><p>b</p></ul>c<br>d<br><br>e") == "- a\n\n- b\n\nc\nd\n\ne\n"


def test_rows_of_a_table_are_lines_and_empty_cells_keep_their_column() -> None:
    rows = "<tr><th>A<th>B<th>C</tr><tr><td><td><p>2</p><td></tr><tr><td><p>x</p></td><td></td><td>z</td></tr>"
    assert text_of(f"<table>{rows}</table>") == "A | B | C\n| 2 |\nx | | z\n"


def test_entities_are_characters_and_soft_hyphens_go() -> None:
    assert text_of("<p>1 &lt; 2 &amp; 3&nbsp;m, dic&shy;tio&shy;nary") == "1 < 2 & 3\xa0m, dictionary\n"


def test_an_element_that_closes_itself_does_not_swallow_a_chapter_of_xhtml() -> None:
    markup = '<html><head><title/><script src="a.js"/></head><body><a id="p1"/><p>kept<br/>too</p></body></html>'
    assert parse_markup(markup, xml=True).text == "kept\ntoo\n"


@pytest.mark.parametrize(
    ("data", "charset"),
    [
        ("<meta charset=gb2312><p>红楼梦".encode("gb18030"), None),
        ('<meta http-equiv="Content-Type" content="text/html; charset=big5"><p>紅樓夢'.encode("big5"), None),
        ("<p>红楼梦".encode("gb18030"), "gb2312"),
        ("<p>红楼梦".encode(), "iso-8859-1"),
    ],
)
def test_the_encoding_is_what_the_server_or_the_page_names(data: bytes, charset: str | None) -> None:
    assert parse_html(data, charset=charset).text.strip() in ("红楼梦", "紅樓夢")


def test_a_page_without_text_is_empty() -> None:
    assert text_of("<html><body><script>x</script> <img src=a.png></body></html>") == ""


def test_nesting_deeper_than_pythons_stack_is_read() -> None:
    assert text_of("<div>" * 3000 + "deep") == "deep\n"
