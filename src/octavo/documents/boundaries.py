"""Where a document may be cut, and the price of each cut.

Cheapest between sections, then between paragraphs, lines and sentences; dearer inside a sentence, where it is longer
than a chunk may be; dearest between a heading and its text. The rest of a price is a hash of the characters around the
place, so that it depends on nothing farther away. Knows nothing of how the cuts are chosen.
"""

from __future__ import annotations

import zlib
from array import array
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import pairwise

import regex

from octavo.documents.cutting import PIECE
from octavo.documents.document import Document
from octavo.documents.sentences import sentence_spans

_PARAGRAPH, _LINE, _SENTENCE = 0, PIECE // 2, PIECE
_CLAUSE, _SPACE, _WORD, _CLUSTER = 3 * PIECE, 6 * PIECE, 10 * PIECE, 32 * PIECE
_HEADING = 16 * PIECE
_LEVEL = PIECE
_HASHED = 2 * PIECE
"""The most that the hash adds: the more, the sooner cuts fall back into step after an edit, and the emptier chunks are
(see `chunks.py` for the figures)."""

_AROUND = 40
_LONGEST_HEADING = 300

_WORD_CHARACTER = regex.compile(r"\w")
_PARAGRAPH_END = regex.compile(r"\n[^\S\n]*\n\s*\Z")
_SPACED_CLAUSE_MARKS = frozenset(",;:)]}>")
_CLAUSE_MARKS = frozenset("，；：、）】》。！？\n")
_SPACE_RARITY, _WORD_RARITY = 16, 32
"""Of so many places inside a long sentence one is taken, as their hashes have it; of ends of clauses, each."""

_FLAG_LETTER = regex.compile(r"[\U0001f1e6-\U0001f1ff]")
_FLAGS_LOOKED_AT = 512
# Places inside one visible character: before a combining mark, a joiner, a selector or a skin tone, after a joiner,
# between the parts of a Hangul syllable, between two halves of a surrogate pair.
_INSIDE_CLUSTER = regex.compile(
    r"(?<=\u200d)|(?=[\p{M}\u200d\ufe00-\ufe0f\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f])"
    r"|(?<=[\u1100-\u1159])(?=[\u1161-\u11ff])"
    r"|(?<=[\u1161-\u11ff])(?=[\u1161-\u11ff])|(?<=[\uac00-\ud7a3])(?=[\u1161-\u11ff])"
    "|(?<=[\ud800-\udbff])(?=[\udc00-\udfff])"
)


@dataclass(frozen=True, slots=True)
class Boundaries:
    """The places of a document where a chunk may end, from 0 to the length of its text.

    Three parallel rows: character `offsets`, the number of `tokens` before each, and `prices`. `sections` are the
    indices of those where a section starts that has text of its own, 0 and the last index among them, and
    `section_prices` what it costs to part small sections there.
    """

    offsets: Sequence[int]
    tokens: Sequence[int]
    prices: Sequence[int]
    sections: Sequence[int]
    section_prices: Sequence[int]


def find_boundaries(document: Document, token_starts: array[int], limit: int) -> Boundaries:
    """The boundaries of `document`, whose tokens start at `token_starts`; no two neighbours are more than `limit`
    tokens apart, if no single visible character is that long."""
    text = document.text
    # Of sections that start together, the outermost counts: it comes first.
    levels = {section.span.start: section.level for section in reversed(document.sections)}
    cuts = {span.end for span in sentence_spans(text)}
    edges = sorted({0, len(text), *cuts, *(start for start in levels if 0 <= start < len(text))})

    offsets, tokens, prices = [0], [0], [0]
    in_heading = False
    for start, end in pairwise(edges):
        before, after = tokens[-1], bisect_left(token_starts, end)
        if after - before > limit:
            for offset, count, price in _inside_sentence(text, token_starts, before, after, start, limit):
                offsets.append(offset)
                tokens.append(count)
                prices.append(price + _hashed(text, offset))
        in_heading = _is_heading(text, start, end, starts_section=start in levels, follows_heading=in_heading)
        price = _HEADING if in_heading else _price(text, start, end)
        offsets.append(end)
        tokens.append(after)
        prices.append(price + _hashed(text, end))

    sections, section_prices = _sections(text, levels, offsets)
    return Boundaries(offsets, tokens, prices, sections, section_prices)


def inside_cluster(text: str, offset: int) -> bool:
    """Whether a cut at `offset` would part what is seen as one character."""
    if text[offset - 1] < "\u0300" and text[offset] < "\u0300":
        return text[offset - 1] == "\r" and text[offset] == "\n"
    return _INSIDE_CLUSTER.match(text, offset) is not None or _inside_flag(text, offset)


def _inside_flag(text: str, offset: int) -> bool:
    """Flags are pairs of letters, told apart by counting from the first of the run."""
    if not (_FLAG_LETTER.match(text, offset) and _FLAG_LETTER.match(text, offset - 1)):
        return False
    first = offset
    while first > max(0, offset - _FLAGS_LOOKED_AT) and _FLAG_LETTER.match(text, first - 1):
        first -= 1
    return (offset - first) % 2 == 1


def _hashed(text: str, offset: int) -> int:
    around = text[max(0, offset - _AROUND) : offset] + "\0" + text[offset : offset + _AROUND]
    digest = blake2b(around.encode("utf-8", "surrogatepass"), digest_size=4).digest()
    return int.from_bytes(digest, "big") * _HASHED >> 32


def _price(text: str, start: int, end: int) -> int:
    if text[end - 1] != "\n":
        return _SENTENCE
    return _PARAGRAPH if _PARAGRAPH_END.search(text, max(start, end - 16), end) else _LINE


def _is_heading(text: str, start: int, end: int, *, starts_section: bool, follows_heading: bool) -> bool:
    """Whether the sentence is a heading, or the line drawn under one."""
    if starts_section:
        return end - start <= _LONGEST_HEADING
    return follows_heading and _WORD_CHARACTER.search(text, start, end) is None


def _sections(text: str, levels: dict[int, int], offsets: Sequence[int]) -> tuple[list[int], list[int]]:
    """The boundaries before sections. A heading that nothing stands under belongs to the section after it."""
    indices, prices = [0], [0]
    start = 0
    for offset in sorted(levels):
        if start < offset < len(text):
            if _has_own_text(text, start, offset, starts_section=start in levels):
                indices.append(bisect_left(offsets, offset))
                prices.append(min(levels[offset] - 1, 6) * _LEVEL + _hashed(text, offset) // 4)
            start = offset
    indices.append(len(offsets) - 1)
    prices.append(0)
    return indices, prices


def _has_own_text(text: str, start: int, end: int, *, starts_section: bool) -> bool:
    heading_end = text.find("\n", start, end) if starts_section else start
    if heading_end < 0 or heading_end - start > _LONGEST_HEADING:
        return end - start > _LONGEST_HEADING
    return _WORD_CHARACTER.search(text, heading_end, end) is not None


# --- sentences longer than a chunk --------------------------------------------------------------------------------


def _inside_sentence(
    text: str, token_starts: array[int], before: int, after: int, start: int, limit: int
) -> Iterator[tuple[int, int, int]]:
    """Places inside a long sentence: (offset, tokens before it, price). One token in a few is taken, by its hash."""
    longest_gap, look_back = max(1, limit // 2), max(1, limit // 8)
    last = before
    for index in range(before + 1, after):
        offset = token_starts[index]
        if offset <= start or offset == token_starts[index - 1]:
            continue
        chance = _chance(text, offset)
        after_clause = _is_after_clause(text, offset)
        if after_clause or chance % _SPACE_RARITY == 0:
            price = _inner_price(text, offset)
            if price < _WORD or (price == _WORD and chance % _WORD_RARITY == 0):
                last = index
                yield offset, index, price
                continue
        if index - last >= longest_gap:  # no hash was rare enough: the best of the places just passed
            last, price = min(
                (
                    (at, _inner_price(text, token_starts[at]))
                    for at in range(index, index - look_back, -1)
                    if token_starts[at] > token_starts[at - 1] and token_starts[at] > start
                ),
                key=lambda place: place[1],
            )
            yield token_starts[last], last, price


def _inner_price(text: str, offset: int) -> int:
    if _is_after_clause(text, offset):
        return _CLAUSE
    if text[offset].isspace() or text[offset - 1].isspace():
        return _SPACE
    return _CLUSTER if inside_cluster(text, offset) else _WORD


def _is_after_clause(text: str, offset: int) -> bool:
    before = text[offset - 1]
    if before in _CLAUSE_MARKS:
        return True
    if before.isspace():
        return text[max(0, offset - 2)] in _SPACED_CLAUSE_MARKS
    return before in _SPACED_CLAUSE_MARKS and text[offset].isspace()


def _chance(text: str, offset: int) -> int:
    around = text[max(0, offset - 8) : offset + 8]
    return zlib.crc32(around.encode("utf-8", "surrogatepass"))
