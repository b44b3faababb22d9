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

_PARAGRAPH, _LINE, _SENTENCE = 0, PIECE // 4, PIECE // 2
_CLAUSE, _SPACE, _WORD, _CLUSTER = 3 * PIECE, 4 * PIECE, 6 * PIECE, 32 * PIECE
_HEADING = 16 * PIECE
_CLAUSE_RARITY = 4
_LEVEL = PIECE // 2
_HASHED = 2 * PIECE
"""The most that the hash adds: the more, the sooner cuts fall back into step after an edit, and the emptier chunks are
(see `chunks.py` for the figures)."""

_AROUND = 40
_LONGEST_HEADING = 300

_PARAGRAPH_END = regex.compile(r"\n[^\S\n]*\n\s*\Z")
_CLAUSE_END = regex.compile(r"(?:[,;:)\]}>]\s|[，；：、）】》。！？,;\n])\s*\Z")
# Places inside one visible character: before a combining mark, a joiner, a selector or a skin tone, after a joiner,
# between two regional indicators, between the parts of a Hangul syllable, between two halves of a surrogate pair.
_INSIDE_CLUSTER = regex.compile(
    r"(?<=\u200d)|(?=[\p{M}\u200d\ufe00-\ufe0f\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f])"
    r"|(?<=[\U0001f1e6-\U0001f1ff])(?=[\U0001f1e6-\U0001f1ff])|(?<=[\u1100-\u1159])(?=[\u1161-\u11ff])"
    r"|(?<=[\u1161-\u11ff])(?=[\u1161-\u11ff])|(?<=[\uac00-\ud7a3])(?=[\u1161-\u11ff])"
    "|(?<=[\ud800-\udbff])(?=[\udc00-\udfff])|(?<=\r)(?=\n)"
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
    levels = {section.span.start: section.level for section in document.sections}
    cuts = {span.end for span in sentence_spans(text)}
    edges = sorted({0, len(text), *cuts, *(start for start in levels if 0 <= start < len(text))})

    offsets, tokens, prices = [0], [0], [0]
    for start, end in pairwise(edges):
        before, after = tokens[-1], bisect_left(token_starts, end)
        if after - before > limit:
            for offset, count, price in _inside_sentence(text, token_starts, before, after, start, limit):
                offsets.append(offset)
                tokens.append(count)
                prices.append(price + _hashed(text, offset))
        offsets.append(end)
        tokens.append(after)
        prices.append(_price(text, start, end, start in levels) + _hashed(text, end))

    sections, section_prices = _sections(text, levels, offsets)
    return Boundaries(offsets, tokens, prices, sections, section_prices)


def inside_cluster(text: str, offset: int) -> bool:
    """Whether a cut at `offset` would part what is seen as one character."""
    return _INSIDE_CLUSTER.match(text, offset) is not None


def _hashed(text: str, offset: int) -> int:
    around = text[max(0, offset - _AROUND) : offset] + "\0" + text[offset : offset + _AROUND]
    digest = blake2b(around.encode("utf-8", "surrogatepass"), digest_size=4).digest()
    return int.from_bytes(digest, "big") * _HASHED >> 32


def _price(text: str, start: int, end: int, starts_section: bool) -> int:
    if starts_section and end - start <= _LONGEST_HEADING:
        return _HEADING
    if text[end - 1] != "\n":
        return _SENTENCE
    return _PARAGRAPH if _PARAGRAPH_END.search(text, max(start, end - 16), end) else _LINE


def _sections(text: str, levels: dict[int, int], offsets: Sequence[int]) -> tuple[list[int], list[int]]:
    """The boundaries before sections. A heading that nothing stands under belongs to the section after it."""
    indices, prices = [0], [0]
    start = 0
    for offset in sorted(levels):
        if start < offset < len(text):
            if "\n" in text[start:offset].strip() or offset - start > _LONGEST_HEADING or start not in levels:
                indices.append(bisect_left(offsets, offset))
                prices.append(min(levels[offset] - 1, 6) * _LEVEL + _hashed(text, offset))
            start = offset
    indices.append(len(offsets) - 1)
    prices.append(0)
    return indices, prices


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
        if chance % _CLAUSE_RARITY == 0:
            price, rarity = _inner_price(text, offset)
            if chance % rarity == 0:
                last = index
                yield offset, index, price
                continue
        if index - last >= longest_gap:  # no hash was rare enough: the best of the places just passed
            last, price = min(
                (
                    (at, _inner_price(text, token_starts[at])[0])
                    for at in range(index, index - look_back, -1)
                    if token_starts[at] > token_starts[at - 1] and token_starts[at] > start
                ),
                key=lambda place: place[1],
            )
            yield token_starts[last], last, price


def _inner_price(text: str, offset: int) -> tuple[int, int]:
    """The price of a cut at `offset` and how rarely such a place is taken."""
    if text[offset].isspace() or text[offset - 1].isspace():
        return (
            (_CLAUSE, _CLAUSE_RARITY)
            if _CLAUSE_END.search(text, max(0, offset - 4), offset)
            else (_SPACE, 4 * _CLAUSE_RARITY)
        )
    if _CLAUSE_END.search(text, max(0, offset - 4), offset):
        return _CLAUSE, _CLAUSE_RARITY
    return (_CLUSTER, 1 << 30) if inside_cluster(text, offset) else (_WORD, 8 * _CLAUSE_RARITY)


def _chance(text: str, offset: int) -> int:
    around = text[max(0, offset - 8) : offset + 8]
    return zlib.crc32(around.encode("utf-8", "surrogatepass"))
