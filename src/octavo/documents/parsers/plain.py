"""Plain text: every character stays; numbered headings ("CHAPTER IV", "第三回 …") on lines of their own are sections.

Conservative on purpose: a missed heading costs a label, a wrong one cuts a chunk in the middle of a sentence. Source
code, tables and JSON are `verbatim`: text without sections.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from octavo.documents.headings import Division, Heading, division, levels_by_kind, sections_of
from octavo.documents.parsed import Parsed, one_line

_LONGEST_HEADING = 100

# Starts with the literal line feed so that the search skips from line to line. A first sieve only: `division` decides.
_CANDIDATE = re.compile(
    r"\n[ \t　]{0,60}(?=第|(?i:volume|tome|band|book|part|buch|teil|livre|partie|libro|parte|act|scene"
    r"|chapter|kapitel|chapitre|cap[íi]tulo|capitolo|глава)[ \t]"
    r"|PROLOGUE|EPILOGUE|PREFACE|FOREWORD|AFTERWORD|INTRODUCTION|APPENDIX|CONCLUSION"
    r"|楔子|引子|序|前言|尾声|后记|後記|番外)"
)
_UNNUMBERED = re.compile(
    r"(?:PROLOGUE|EPILOGUE|PREFACE|FOREWORD|AFTERWORD|INTRODUCTION|APPENDIX(?: [A-Z0-9]+)?|CONCLUSION)[.:]?"
    r"|楔子|引子|序[章言幕]?|前言|尾声|后记|後記|番外"
)


def parse_plain(text: str) -> Parsed:
    """`text` as it is, with the numbered headings that stand on lines of their own as sections."""
    return Parsed(text, sections=sections_of(_without_contents(text, list(_headings(text))), len(text)))


def verbatim(text: str) -> Parsed:
    """`text` as it is: code, tables, JSON."""
    return Parsed(text)


def _headings(text: str) -> Iterator[Heading]:
    found: list[tuple[int, str, Division | None]] = []
    for start in _candidate_lines(text):
        end = text.find("\n", start)
        end = len(text) if end < 0 else end
        if end - start > _LONGEST_HEADING + 60:
            continue
        title = one_line(text[start:end])
        if len(title) > _LONGEST_HEADING:
            continue
        called = division(title)
        if called is None and not _UNNUMBERED.fullmatch(title):
            continue
        if title.startswith("第") or _stands_alone(text, start, end):
            found.append((start, title, called))

    numbered = [called for _, _, called in found if called is not None]
    levels = levels_by_kind(numbered)
    for start, title, called in found:
        if called is not None:
            yield Heading(start, levels[called.kind], title)
        elif numbered:  # "PREFACE" alone proves nothing; among numbered chapters it is one of them
            yield Heading(start, max(levels.values()), title)


def _candidate_lines(text: str) -> Iterator[int]:
    if _CANDIDATE.match("\n" + text[: 2 * _LONGEST_HEADING]):
        yield 0
    for match in _CANDIDATE.finditer(text):
        yield match.start() + 1


def _stands_alone(text: str, start: int, end: int) -> bool:
    """A blank line before; after it a blank line, or one short line (the chapter's name) and a blank line."""
    before = text[max(0, start - 200) : start].rstrip(" \t　")
    if start > 0 and not re.search(r"\n[ \t　]*\n\Z", before) and before.strip(" \t\n　"):
        return False
    after = text[end + 1 : end + 400].split("\n")
    if not after[0].strip() or len(after) == 1:
        return True
    return len(after[0].strip()) <= 60 and len(after) > 1 and not after[1].strip()


def _without_contents(text: str, headings: list[Heading]) -> list[Heading]:
    """Without the entries of a table of contents: headings that nothing stands under and that come again later."""
    later: set[str] = set()
    kept: list[Heading] = []
    end = len(text)
    for heading in reversed(headings):
        title = heading.title.casefold()
        body = text[heading.start : end].partition("\n")[2]
        if body.strip() or title not in later:
            kept.append(heading)
        later.add(title)
        end = heading.start
    return kept[::-1]
