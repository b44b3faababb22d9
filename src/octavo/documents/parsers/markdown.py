"""Markdown: the text stays as it is, character for character; its headings become sections.

ATX (`## Title`) and setext (underlined) headings after CommonMark 0.31 (https://spec.commonmark.org/0.31.2/), not
inside fenced code, HTML blocks, comments or front matter. Setext titles are taken on one line only: several lines with
a rule drawn under them are more often a paragraph than a heading.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from octavo.documents.headings import Heading, sections_of
from octavo.documents.parsed import Parsed, one_line

# Every line that can open or close something; all other lines are skipped by the regular expression engine. Starts
# with the literal line feed, which makes the search fast.
_LINE = re.compile(
    r"\n(?:"
    r"(?P<fence>[ \t>]*(?:`{3,}|~{3,}))(?P<info>[^\n]*)"
    r"| {0,3}(?P<hashes>\#{1,6})(?=[ \t\n]|\Z)(?P<atx>[^\n]*)"
    r"| {0,3}(?P<underline>=+|-+)[ \t]*(?=\n|\Z)"
    r"| {0,3}(?P<html><!--|<(?i:pre|script|style|textarea)(?=[\s>]))"
    r")"
)
_COMMENT_END = re.compile(r"-->")
_HTML_END = re.compile(r"</(?:pre|script|style|textarea)>", re.IGNORECASE)  # any of them, as CommonMark has it
_LONGEST_TITLE = 400  # with its markup; the patterns below are slow on a line of megabytes
_FRONT_MATTER = re.compile(r"---[ \t]*\n(?:.*\n)*?(?:---|\.\.\.)[ \t]*(?=\n|\Z)")
_NOT_A_PARAGRAPH = re.compile(r"[ \t]{4}|\t| {0,3}(?:[-+*>|]|\d{1,9}[.)][ \t]|\#{1,6}[ \t]|`{3}|~{3}|<|=+[ \t]*$)")
_CLOSING_HASHES = re.compile(r"(?:^|[ \t]+)#+[ \t]*$")
_LINK = re.compile(r"!?\[([^\[\]]*)\]\([^()]*\)")
_EMPHASIS = re.compile(r"(\*\*|__|\*|`)(?=\S)(.+?)(?<=\S)\1")


def parse_markdown(text: str) -> Parsed:
    """`text` as it is, its headings as sections, its first top-level heading as title."""
    headings = list(markdown_headings(text))
    title = next((heading.title for heading in headings if heading.level == 1), None)
    return Parsed(text, title=title, sections=sections_of(headings, len(text)))


def markdown_headings(text: str) -> Iterator[Heading]:
    """The headings of `text` in order; `start` is where the heading's line starts."""
    front_matter = _FRONT_MATTER.match(text)
    # Offsets below are those of `lined`, one more than those of `text`.
    lined = "\n" + text
    position = front_matter.end() + 1 if front_matter else 0
    while match := _LINE.search(lined, position):
        position = match.end()
        if match["fence"] is not None:
            if "`" in match["fence"] and "`" in match["info"]:
                continue  # inline code of three backticks
            position = _fence_end(lined, match)
        elif match["html"] is not None:
            end = (_COMMENT_END if match["html"] == "<!--" else _HTML_END).search(lined, position)
            position = end.end() if end else len(lined)
        elif match["hashes"] is not None:
            title = _title(_CLOSING_HASHES.sub("", match["atx"][:_LONGEST_TITLE]))
            if title:
                yield Heading(match.start(), len(match["hashes"]), title)
        elif (setext := _setext(lined, match)) is not None:
            yield setext


def _fence_end(lined: str, opening: re.Match[str]) -> int:
    fence = opening["fence"].lstrip(" \t>")
    closing = re.compile(rf"\n[ \t>]*{re.escape(fence[0])}{{{len(fence)},}}[ \t]*(?=\n|\Z)")
    found = closing.search(lined, opening.end())
    return found.end() if found else len(lined)


def _setext(lined: str, underline: re.Match[str]) -> Heading | None:
    start = lined.rfind("\n", 0, underline.start())
    if start < 0:
        return None
    line = lined[start + 1 : underline.start()]
    before = lined[lined.rfind("\n", 0, start) + 1 : start] if start > 0 else ""
    if not line.strip() or len(line) > _LONGEST_TITLE or _NOT_A_PARAGRAPH.match(line):
        return None
    if before.strip() and not before.lstrip().startswith("#"):
        return None
    title = _title(line)
    return Heading(start, 1 if underline["underline"][0] == "=" else 2, title) if title else None


def _title(markup: str) -> str:
    plain = _LINK.sub(r"\1", markup)
    return one_line(_EMPHASIS.sub(r"\2", plain))
