"""HTML as its reader sees it: the text of the page, headings as sections, the title; no script, no style, no markup.

Blocks are on lines of their own, white space is collapsed except in `pre`, list items start with "- ", the cells of a
table's row are joined by " | ". EPUB chapters and Word files (which arrive as HTML) are read by the same code.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from octavo.documents.decoding import decode
from octavo.documents.headings import Heading, sections_of
from octavo.documents.parsed import Parsed, one_line

if TYPE_CHECKING:
    from selectolax.lexbor import LexborNode


def _tags(names: str) -> frozenset[str]:
    return frozenset(names.split())


_DROPPED = _tags("script style template head noscript svg iframe object canvas audio video")
_BLOCKS = _tags(
    "address article aside blockquote body caption center dd details dialog dir div dl dt fieldset figcaption figure "
    "footer form h1 h2 h3 h4 h5 h6 header hgroup hr legend li main menu nav ol optgroup option p pre search section "
    "summary table tbody tfoot thead tr ul"
)
_PARAGRAPHS = _tags("p h1 h2 h3 h4 h5 h6 blockquote pre table ul ol dl figure hr section article")
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_VOID = _tags("area base br col embed hr img input link meta param source track wbr")

_META_CHARSET = re.compile(rb"<meta[^>]{0,200}charset\s*=\s*[\"']?\s*([\w.:-]+)", re.IGNORECASE)
_XML_ENCODING = re.compile(rb"<\?xml[^>]{0,200}encoding\s*=\s*[\"']([\w.:-]+)", re.IGNORECASE)
_SELF_CLOSED = re.compile(r"<([A-Za-z][\w:.-]*)((?:\s[^<>]*?)?)/>")
_WHITE_SPACE = re.compile(r"[ \t\n\f\r]+")


def parse_html(data: bytes, *, charset: str | None = None, xml: bool = False) -> Parsed:
    """The page in `data`. `charset` is what the server said; `xml` says that `<a/>` closes itself (XHTML)."""
    return parse_markup(decode_html(data, charset), xml=xml)


def decode_html(data: bytes, charset: str | None = None) -> str:
    """The markup in `data`, in the encoding that the server or else the page itself names."""
    if charset is None and (declared := _META_CHARSET.search(data[:4096]) or _XML_ENCODING.match(data[:256])):
        charset = declared[1].decode("ascii")
    return decode(data, charset)


def parse_markup(markup: str, *, xml: bool = False) -> Parsed:
    """The page that `markup` describes."""
    text, headings, title = page_of(markup, xml=xml)
    return Parsed(text, title=title, sections=sections_of(headings, len(text)))


def page_of(markup: str, *, xml: bool = False) -> tuple[str, list[Heading], str | None]:
    """Text, headings and title of the page that `markup` describes."""
    from selectolax.lexbor import LexborHTMLParser

    if xml:
        markup = _SELF_CLOSED.sub(_close, markup)
    parser = LexborHTMLParser(markup)
    title_node = parser.css_first("head title")
    title = one_line(title_node.text()) if title_node is not None else ""
    page = _Page()
    if parser.body is not None:
        for node, entering in _walk(parser.body):
            page.visit(node, entering)
    return (*page.finish(), title or None)


def _close(match: re.Match[str]) -> str:
    return match[0] if match[1].lower() in _VOID else f"<{match[1]}{match[2]}></{match[1]}>"


def _walk(root: LexborNode) -> Iterator[tuple[LexborNode, bool]]:
    """Each node on the way in (True) and each element on the way out (False); without recursion, since a page may be
    nested deeper than Python's stack."""
    stack: list[tuple[LexborNode, bool]] = [(root, True)]
    while stack:
        node, entering = stack.pop()
        yield node, entering
        if not entering:
            continue
        if node.is_element_node:
            if node.tag in _DROPPED:
                continue
            stack.append((node, False))
        child = node.last_child
        while child is not None:
            stack.append((child, True))
            child = child.prev


class _Page:
    """Text as it grows, with the headings seen in it."""

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._length = 0
        self._breaks = 0  # line feeds owed before the next text
        self._space = False  # a space owed before the next text
        self._pre = 0
        self._bullet = False
        self._cells = 0  # in this row of a table
        self._row_begun = False
        self._cell_begun = True  # False from the start of a cell to the first text in it
        self._heading: tuple[int, int] | None = None  # level, index of the first piece
        self._headings: list[Heading] = []

    def visit(self, node: LexborNode, entering: bool) -> None:
        if node.is_text_node:
            self._add(node.text_content or "")
        elif node.is_element_node:
            self._element(node.tag or "", entering)

    def finish(self) -> tuple[str, list[Heading]]:
        text = "".join(self._pieces)
        return (text + "\n" if text else ""), self._headings

    def _element(self, tag: str, entering: bool) -> None:
        if tag in _DROPPED:
            return
        if tag == "br":
            self._break(min(self._breaks + 1, 2) if entering else self._breaks)
            return
        if tag in ("td", "th"):
            self._cell(entering)
            return
        if tag == "tr":
            self._cells, self._row_begun = 0, False
        if tag in _BLOCKS:
            self._break(2 if tag in _PARAGRAPHS else 1)
        if tag == "pre":
            self._pre += 1 if entering else -1
        elif tag == "li":
            self._bullet = entering
        elif tag in _HEADINGS:
            self._head(_HEADINGS[tag], entering)

    def _head(self, level: int, entering: bool) -> None:
        if entering:
            self._heading = (level, len(self._pieces))
            self._bullet = False
        elif self._heading is not None:
            level, first = self._heading
            pieces = self._pieces[first:]
            self._heading = None
            title = one_line("".join(pieces))
            if title:
                # Leading line feeds are pieces of their own, and belong to what came before.
                skipped = len(pieces[0]) if not pieces[0].strip() else 0
                start = self._length - sum(map(len, pieces)) + skipped
                self._headings.append(Heading(start, level, title))

    def _add(self, text: str) -> None:
        text = text.replace("\u00ad", "")  # soft hyphens say where to break a line, not how a word is written
        if not self._pre:
            text = _WHITE_SPACE.sub(" ", text)
            if text[:1] == " ":
                text, self._space = text[1:], True
            if not text:
                return
            trailing = text[-1] == " "
            text = text.rstrip(" ")
        else:
            trailing = False
            if not text:
                return
        if self._length and self._breaks:
            self._put("\n" * self._breaks)
        elif self._space and self._length and not self._pieces[-1].endswith((" ", "\n")):
            self._put(" ")
        self._breaks = 0
        self._row_begun = self._cell_begun = True
        if self._bullet:
            self._bullet = False
            self._put("- ")
        self._put(text)
        self._space = trailing

    def _cell(self, entering: bool) -> None:
        """Parts cells by bars, empty ones too: columns must stay in line."""
        if not entering:
            self._cell_begun = True
            if self._row_begun:
                self._breaks = 0  # what its last block owed
            return
        self._cells += 1
        if self._cells > 1:
            self._space = True
            self._add("|")
            self._space = True
        self._cell_begun = False

    def _break(self, lines: int) -> None:
        if not self._cell_begun:
            return  # the first block of a cell stands in the row
        self._breaks = max(self._breaks, lines)
        self._space = False

    def _put(self, text: str) -> None:
        self._pieces.append(text)
        self._length += len(text)
