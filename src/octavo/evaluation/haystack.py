"""Text to hide things in: the user's files, cut to a number of tokens, with needles at given depths.

Text is never repeated to make it longer: too little is an error. The same seed gives the same text, whatever is hidden
in it and wherever. Knows files and tokens; nothing of benchmarks or models.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from random import Random

from octavo.documents.document import Span, text_id
from octavo.documents.sentences import sentence_spans
from octavo.errors import EvaluationError, UsageError
from octavo.evaluation.data_files import read_json, read_text
from octavo.evaluation.records import read_records
from octavo.models.tokenizer import Tokenizer

SUFFIXES = (".txt", ".md", ".jsonl", ".json")
"""The files that hold haystack text: plain ones, and JSON with the text under "text"."""

_SEEDS_APART = 100_003
"""Between the repeats of one seed and those of the next."""

_SAMPLE = 20_000
_ROOM = 1.15
_SENTENCE_WITHIN = 2_000


@dataclass(frozen=True)
class Haystack:
    """The pieces of text in the files that a user named, each with what separates it from the next.

    A piece is a line of a JSONL file (an essay, in the field's own), or a paragraph of a plain one: what stands between
    blank lines, or a line where there are none.
    """

    files: tuple[Path, ...]
    pieces: tuple[str, ...]

    @classmethod
    def read(cls, paths: Iterable[Path], *, glued: bool = False) -> Haystack:
        """All text in files and folders (searched by name order). `glued` puts nothing between the lines of a JSONL
        file, as NeedleBench does. Raises `EvaluationError` for what is not there, holds no text or is not in its
        format, naming line and field."""
        given = tuple(paths)
        if not given:
            raise EvaluationError("there is no text to hide anything in; name text files, or a folder of them")
        found = tuple(dict.fromkeys(file for path in given for file in _files(path)))
        pieces = tuple(piece for file in found for piece in _pieces(file, "" if glued else "\n\n"))
        if not pieces:
            named = ", ".join(map(str, found or given))
            raise EvaluationError(f"{named}: holds no text to hide anything in; name other files")
        return cls(found, pieces)

    @cached_property
    def id(self) -> str:
        """The hash of all the text: with a seed it says what every haystack of these files holds."""
        return text_id("".join(self.pieces))

    @property
    def name(self) -> str:
        """The files, for messages."""
        first = str(self.files[0])
        return first if len(self.files) == 1 else f"{first} and {len(self.files) - 1} more"

    def shuffled(self, seed: int, repeat: int = 0) -> Haystack:
        """The same pieces in another order. With seed 0 it is the order of NeedleBench's repeat of that number, which
        shuffles what the repeat before it has shuffled."""
        pieces = list(self.pieces)
        for counter in range(repeat + 1):
            Random(repeat_seed(seed, counter)).shuffle(pieces)
        return Haystack(self.files, tuple(pieces))

    def background(self, tokenizer: Tokenizer, tokens: int) -> Background:
        """The first `tokens` tokens of the text, or a few more. Raises `EvaluationError` where there are fewer."""
        return Background.of(self.pieces, tokenizer, tokens, name=self.name)


@dataclass(frozen=True)
class Background:
    """Text with the places of its tokens: `starts[i]` is the character at which token i starts."""

    text: str
    starts: array[int]
    tokenizer: Tokenizer

    @classmethod
    def of(cls, pieces: Sequence[str], tokenizer: Tokenizer, tokens: int, *, name: str) -> Background:
        """The first pieces that hold `tokens` tokens, tokenized once or twice. Raises `EvaluationError`, which calls
        them `name`, where all together hold fewer."""
        sample = _first_characters(pieces, _SAMPLE)
        per_token = len(sample) / max(1, tokenizer.count(sample))
        wanted = int(tokens * per_token * _ROOM) + _SAMPLE
        while True:
            text = _first_characters(pieces, wanted)
            (starts,) = tokenizer.token_starts([text])
            if len(starts) >= tokens:
                return cls(text, array("Q", starts), tokenizer)
            if len(text) < wanted:
                raise EvaluationError(
                    f"{name}: holds {len(starts):,} tokens of text, and {tokens:,} are needed; name more files, or ask "
                    "for shorter lengths"
                )
            wanted = int(wanted * tokens / max(1, len(starts)) * _ROOM)

    def offset(self, token: int) -> int:
        """The character at which a token starts; the end of the text for those after the last."""
        return self.starts[token] if token < len(self.starts) else len(self.text)

    def hide(
        self,
        needles: Sequence[str],
        places: Callable[[int], Sequence[int]],
        length: int,
        *,
        snap: bool = False,
    ) -> Hidden:
        """The beginning of this text with `needles` in it, cut so that all together is `length` tokens, never more.

        Only the end of the text gives way, so what is hidden in the same background shares nearly all of it. `places`
        says, for the number of background tokens, before which of them each needle goes, in ascending order; `snap`
        moves each to the nearest sentence boundary (else it may stand inside a word, as in NeedleBench). Where nothing
        but the needles fits, nothing else is there. The result may be a few tokens short for each needle, where tokens
        of needle and text merge.
        """
        needle_tokens = sum(map(self.tokenizer.count, needles))
        wanted = max(0, length - needle_tokens)
        while True:
            end = self.offset(wanted)
            offsets = [min(end, self.offset(token)) for token in places(wanted)]
            if snap:
                offsets = [sentence_boundary(self.text, offset, end) for offset in offsets]
            hidden = insert(self.text, end, list(zip(offsets, needles, strict=True)))
            over = self.tokenizer.count(hidden.text) - max(length, needle_tokens)
            if over <= 0 or wanted == 0:
                return hidden
            wanted = max(0, wanted - over)


@dataclass(frozen=True, slots=True)
class Hidden:
    """A text with needles in it: `spans` are where they stand, in the order in which they were given, without the
    white space around them."""

    text: str
    spans: tuple[Span, ...]


def repeat_seed(seed: int, repeat: int) -> int:
    """The seed of one repeat. With seed 0 it is the repeat's number, as in NeedleBench."""
    return seed * _SEEDS_APART + repeat


def checked_depths(depths: Iterable[float]) -> tuple[float, ...]:
    """The depths themselves. Raises `UsageError` for one that is not from 0 to 100 percent."""
    checked = tuple(depths)
    for depth in checked:
        if not 0 <= depth <= 100:
            raise UsageError(f"{depth:g} is no depth; depths are percent, from 0 to 100")
    return checked


def checked_lengths(lengths: Iterable[int]) -> tuple[int, ...]:
    """The lengths themselves. Raises `UsageError` for one that is no number of tokens from 1 on."""
    checked = tuple(lengths)
    for length in checked:
        if length < 1:
            raise UsageError(f"{length:,} is no length; lengths are tokens, from 1 on")
    return checked


def at_depth(depth: float) -> Callable[[int], Sequence[int]]:
    """The place of one needle at `depth` percent of the background's tokens: int(tokens * depth / 100), as NeedleBench
    counts."""
    return lambda tokens: [int(tokens * (depth / 100))]


def insert(text: str, end: int, needles: Sequence[tuple[int, str]]) -> Hidden:
    """`text[:end]` with each needle put in at its offset, which ascend; those at the same offset keep their order."""
    parts: list[str] = []
    spans: list[Span] = []
    done = length = 0
    for offset, needle in needles:
        parts += (text[done:offset], needle)
        start = length + offset - done + len(needle) - len(needle.lstrip())
        spans.append(Span(start, start + len(needle.strip())))
        length += offset - done + len(needle)
        done = offset
    parts.append(text[done:end])
    return Hidden("".join(parts), tuple(spans))


def sentence_boundary(text: str, offset: int, end: int) -> int:
    """Where a sentence starts (or `end`) that is nearest to `offset`; `offset` itself where none is near."""
    if offset in {0, end}:
        return offset
    near = Span(max(0, offset - _SENTENCE_WITHIN), min(end, offset + _SENTENCE_WITHIN))
    boundaries = [span.start for span in sentence_spans(text, near)]
    if near.start > 0:
        boundaries = boundaries[1:]
    if near.end == end:
        boundaries.append(end)
    if not boundaries:
        return offset
    after = bisect_left(boundaries, offset)
    return min(boundaries[max(0, after - 1) : after + 1], key=lambda boundary: abs(boundary - offset))


def _files(path: Path) -> list[Path]:
    if path.is_dir():
        return sorted(file for file in path.rglob("*") if file.suffix.lower() in SUFFIXES and file.is_file())
    if not path.exists():
        raise EvaluationError(f"{path}: is not there; name a text file, or a folder of them")
    if path.suffix.lower() not in SUFFIXES:
        raise EvaluationError(f"{path}: is none of {', '.join(SUFFIXES)}; name a text file, or a folder of them")
    return [path]


def _pieces(path: Path, between: str) -> Iterator[str]:
    match path.suffix.lower():
        case ".jsonl":
            for record in read_records(path):
                yield record.text("text") + between
        case ".json":
            held = read_json(path)
            if not isinstance(held, dict) or not isinstance(held.get("text"), str):
                raise EvaluationError(f'{path}: has no text in the field "text"')
            yield from _paragraphs(held["text"])
        case _:
            yield from _paragraphs(read_text(path))


def _paragraphs(text: str) -> Iterator[str]:
    lines = [line.rstrip() for line in text.splitlines()]
    while lines and not lines[-1]:
        lines.pop()
    if "" not in lines:
        yield from (f"{line}\n" for line in lines)
        return
    block: list[str] = []
    for line in (*lines, ""):
        if line:
            block.append(line)
        elif block:
            yield "\n".join(block) + "\n\n"
            block = []


def _first_characters(pieces: Sequence[str], wanted: int) -> str:
    taken: list[str] = []
    length = 0
    for piece in pieces:
        taken.append(piece[: wanted - length])
        length += len(taken[-1])
        if length >= wanted:
            break
    return "".join(taken)
