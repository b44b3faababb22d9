"""A text becomes sentences: spans that tile it, white space included.

A line break ends a sentence (a paragraph, a list item, a heading, a line of code) unless the line looks wrapped; inside
what is left, `sentencex` decides, and here only what it leaves whole on purpose is cut again: a long quotation. Every
rule looks at a few lines at most, so an edit moves no sentence elsewhere. This module knows nothing of documents,
tokens or models.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import regex

from octavo.documents.document import Span

_WINDOW = 16_384
"""Characters given to the segmenter at once, so that one endless line costs no more than many short ones."""

_LONG = 320
"""Bytes of UTF-8 (an ideograph says as much as three letters) beyond which a sentence is cut inside its quotations
and parentheses."""

_WRAPPED_COLUMNS = 40
"""A shorter line was not broken for want of room, so its end means something."""

# A line end with the blank lines after it; the next line's indentation belongs to the next line.
_LINE_END = regex.compile(r"\n(?:[^\S\n]*\n)*")
_LINE_MARK = regex.compile(  # what no wrapped line goes on with: indentation, list items, headings, tables, fences
    r"\s|[-+*•·‣◦–—]\s|#|\||>|```|~~~|\(?(?:\d{1,4}|[A-Za-z]|[ivxIVX]{1,5})[.)、]\s|[（(]?[一二三四五六七八九十]{1,3}[)）、]"
)
_CODE_END = (";", "{", "}", "*/", "|")
_FULL_STOP = regex.compile(r"(?:[!?。！？．]|(?<!(?:^|[^\p{L}])\p{Lu}\p{Ll}{0,3})\.)[\p{Pe}\p{Pf}\"'*_]*\Z")

_LONGEST_NUMBER = 8
_LETTER = regex.compile(r"\p{L}")

# Quotations and parentheses, which the segmenter leaves whole.
_OPENING = regex.compile(r"[\p{Ps}“‘«]|(?<![^\s\p{Ps}\p{Pi}\p{Pd}])[\"']")
_CLOSING = regex.compile(r"[\p{Pe}”»\"']")
_AFTER_CLOSING = regex.compile(r"[\p{Pe}”’»\"']\s*\Z")
_ASCII_END = regex.compile(r"[.!?]")
_GOES_ON = regex.compile(r"\p{Ll}")
_LONE_SURROGATE = regex.compile("[\ud800-\udfff]")


def sentence_spans(text: str, span: Span | None = None) -> list[Span]:
    """The sentences of `text`, or of its part `span`, in order; they tile it, each with the white space after it.

    A part that starts or ends inside a sentence starts or ends with a piece of it. Linear in the length of the part.
    """
    if span is None:
        span = Span(0, len(text))
    spans = []
    start = span.start
    for end in _ends(text, span):
        if end > start:
            spans.append(Span(start, end))
            start = end
    return spans


def _ends(text: str, span: Span) -> Iterator[int]:
    start = span.start
    for block_end in _block_ends(text, span):
        yield from _sentence_ends(text, start, block_end)
        start = block_end


def _block_ends(text: str, span: Span) -> Iterator[int]:
    """Where lines end that end a sentence."""
    line_start = span.start
    for line_end in _LINE_END.finditer(text, span.start, span.end):
        if not _is_wrapped(text, line_start, line_end):
            yield line_end.end()
        line_start = line_end.end()
    if line_start < span.end or span.start == span.end:
        yield span.end


def _is_wrapped(text: str, line_start: int, line_end: regex.Match[str]) -> bool:
    """Whether the text goes on after the line end as if it were a space."""
    if line_end.end() - line_end.start() > 1 or line_end.end() >= len(text):
        return False
    width = line_end.start() - line_start
    if width < _WRAPPED_COLUMNS and (width < _WRAPPED_COLUMNS // 2 or text[line_end.start() - 1] < "\u2e80"):
        return False
    if _LINE_MARK.match(text, line_end.end()):
        return False
    line_tail = text[max(line_start, line_end.start() - 8) : line_end.start()].rstrip()
    return not line_tail.endswith(_CODE_END) and not _FULL_STOP.search(line_tail)


def _sentence_ends(text: str, start: int, end: int) -> Iterator[int]:
    """Where the sentences of one block end, the block's own end last."""
    width = _WINDOW
    while start < end:
        stop = min(end, start + width)
        found = list(_segment(text[start:stop]))
        if stop < end:
            found.pop()  # the window cut through it
            if not found:
                width *= 2
                continue
        width = _WINDOW
        for offset in found:
            yield start + offset
        start += found[-1]


def _segment(block: str) -> Iterator[int]:
    """Where the sentences of a short text end; quotations and parentheses inside a long one are opened."""
    start = 0
    for end in _segmenter_ends(block):
        sentence = block[start:end]
        if len(sentence) <= _LONGEST_NUMBER and end < len(block) and not _LETTER.search(sentence):
            continue  # the number of what follows
        if len(sentence.encode("utf-8", "surrogatepass")) > _LONG:
            for inner in _segmenter_ends(_without_pairs(sentence)):
                if not (_GOES_ON.match(sentence, inner) and _AFTER_CLOSING.search(sentence, max(0, inner - 8), inner)):
                    yield start + inner
        else:
            yield end
        start = end


def _segmenter_ends(text: str) -> Iterator[int]:
    if not text.isascii():
        text = _LONE_SURROGATE.sub("\N{REPLACEMENT CHARACTER}", text)
    elif not _ASCII_END.search(text):
        yield len(text)
        return
    last = 0
    for boundary in _segmenter()("en", text):
        end = boundary["end_index"]
        while end < len(text) and text[end].isspace():
            end += 1
        inside_word = end < len(text) and text[end - 1 : end + 1].isascii() and not text[end - 1].isspace()
        if end > last and not inside_word:
            yield end
            last = end
    if last < len(text):
        yield len(text)


@cache
def _segmenter() -> Callable[[str, str], list[dict[str, Any]]]:
    from sentencex import get_sentence_boundaries

    return get_sentence_boundaries  # type: ignore[no-any-return]


def _without_pairs(sentence: str) -> str:
    """The same length, with paired marks changed for some that the segmenter knows no pair of."""
    return _CLOSING.sub("’", _OPENING.sub("¿", sentence))
