from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from functools import cache
from itertools import pairwise
from statistics import mean, median

import pytest
import regex
from hypothesis import given, settings
from hypothesis import strategies as st

from octavo.documents.chunks import SMALLEST_LIMIT, Chunk, TokenStarts, chunk_document
from octavo.documents.document import Document
from octavo.documents.parsers.markdown import parse_markdown
from octavo.documents.sentences import sentence_spans
from octavo.errors import UsageError
from octavo.models.estimated_tokenizer import EstimatedTokenizer
from octavo.models.json_tokenizer import JsonTokenizer
from tests.models.vocabulary import byte_level

FRAGMENTS = [
    "The prince spoke of the war. ",
    '"No!" she said. ',
    "他说：“你好。我走了！”是吗？",
    "窗外下着雨，屋里没有人，",
    "Привет, мир. ",
    "## A heading\n\n",
    "# Another\n",
    "\n\n",
    "    return x;\n",
    "👩‍👩‍👧‍👦👍🏽🇨🇳",
    "e\u0301o\u0308",
    "\ud800",
    "x" * 50,
    "word " * 30,
    "12345, ",
]
mixed_texts = st.one_of(st.text(max_size=400), st.lists(st.sampled_from(FRAGMENTS), max_size=60).map("".join))
WORDS = ("river", "stone", "window", "letter", "carriage", "winter", "soldier", "garden", "mother", "candle", "music")


class EveryFourth:
    """A tokenizer of four characters a token: fast and exact."""

    def token_starts(self, texts: Sequence[str]) -> list[list[int]]:
        return [list(range(0, len(text), 4)) for text in texts]

    def count(self, text: str) -> int:
        return -(-len(text) // 4)


class Remembering:
    """Another tokenizer that counts every line once, for tests that chunk nearly the same text many times."""

    def __init__(self, tokenizer: TokenStarts) -> None:
        self._tokenizer = tokenizer
        self._lines: dict[str, list[int]] = {}

    def token_starts(self, texts: Sequence[str]) -> list[list[int]]:
        return [self._starts(text) for text in texts]

    def count(self, text: str) -> int:
        return len(self._starts(text))

    def _starts(self, text: str) -> list[int]:
        starts: list[int] = []
        offset = 0
        for line in text.splitlines(keepends=True):
            if line not in self._lines:
                self._lines[line] = self._tokenizer.token_starts([line])[0]
            starts.extend(offset + start for start in self._lines[line])
            offset += len(line)
        return starts


@cache
def trained() -> JsonTokenizer:
    return JsonTokenizer(byte_level("smollm").to_str())


TOKENIZERS: list[Callable[[], TokenStarts]] = [trained, EstimatedTokenizer, EveryFourth]


def markdown(text: str) -> Document:
    return Document.of(text, name="made.md", sections=parse_markdown(text).sections)


def texts_of(document: Document, chunks: Sequence[Chunk]) -> list[str]:
    return [chunk.span.of(document.text) for chunk in chunks]


def assert_sound(document: Document, chunks: Sequence[Chunk], tokenizer: TokenStarts, limit: int) -> None:
    assert "".join(texts_of(document, chunks)) == document.text
    assert [chunk.index for chunk in chunks] == list(range(len(chunks)))
    assert all(chunk.document_id == document.id for chunk in chunks)
    assert [chunk.tokens for chunk in chunks] == [tokenizer.count(text) for text in texts_of(document, chunks)]
    assert all(0 < chunk.tokens <= limit for chunk in chunks)


def made_book(sections: int, *, seed: int = 0, sentences: int = 60) -> str:
    """Chapters of about so many sentences in paragraphs, as Markdown."""
    chance = random.Random(seed)
    lines = []
    for number in range(1, sections + 1):
        lines.append(f"## Chapter {number}\n\n")
        for _ in range(chance.randrange(sentences // 2, sentences * 3 // 2)):
            words = " ".join(chance.choice(WORDS) for _ in range(chance.randrange(4, 25)))
            lines.append(words.capitalize() + f" {chance.randrange(1000)}" + chance.choice([". "] * 3 + [".\n\n"]))
        lines.append("\n\n")
    return "".join(lines)


# --- whatever the text ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("make_tokenizer", TOKENIZERS)
@settings(max_examples=60)
@given(text=mixed_texts, limit=st.integers(SMALLEST_LIMIT, 80))
def test_chunks_cover_the_text_in_order_and_none_is_over_the_limit(
    make_tokenizer: Callable[[], TokenStarts], text: str, limit: int
) -> None:
    document, tokenizer = markdown(text), make_tokenizer()
    assert_sound(document, chunk_document(document, tokenizer, limit=limit), tokenizer, limit)


@given(mixed_texts)
def test_the_same_text_is_always_cut_alike(text: str) -> None:
    document = markdown(text)
    assert chunk_document(document, EveryFourth(), limit=20) == chunk_document(document, EveryFourth(), limit=20)


def test_an_empty_document_has_no_chunks() -> None:
    assert chunk_document(Document.of("", name="empty"), EveryFourth()) == []


def test_a_limit_that_is_too_small_is_refused() -> None:
    with pytest.raises(UsageError, match="16 is the least"):
        chunk_document(Document.of("text", name="x"), EveryFourth(), limit=15)


def test_a_tokenizer_that_counts_more_for_a_text_alone_is_still_kept_to_the_limit() -> None:
    class Prefixing(EveryFourth):
        def token_starts(self, texts: Sequence[str]) -> list[list[int]]:
            return (
                [[0] * 12 + starts for starts in super().token_starts(texts)]
                if len(texts[0]) < 4_000
                else (super().token_starts(texts))
            )

        def count(self, text: str) -> int:
            return super().count(text) + 12

    document = Document.of(made_book(3), name="book")
    assert_sound(document, chunk_document(document, Prefixing(), limit=64), Prefixing(), 64)


# --- where cuts fall ------------------------------------------------------------------------------------------------


def test_cuts_fall_between_sentences() -> None:
    document = markdown(made_book(12))
    ends = {span.end for span in sentence_spans(document.text)}
    assert {chunk.span.end for chunk in chunk_document(document, EveryFourth(), limit=128)} <= ends


def test_a_chunk_never_holds_the_end_of_a_long_section_and_the_start_of_the_next() -> None:
    document = markdown(made_book(12))
    starts = {section.span.start for section in document.sections}
    chunks = chunk_document(document, EveryFourth(), limit=128)
    assert starts <= {chunk.span.start for chunk in chunks}


def test_small_sections_share_a_chunk_and_stay_whole() -> None:
    document = markdown("".join(f"## Entry {n}\n\nIt says {n} things in {n} words.\n\n" for n in range(100)))
    chunks = chunk_document(document, EveryFourth(), limit=128)
    starts = {section.span.start for section in document.sections}
    assert {chunk.span.start for chunk in chunks} <= starts
    assert mean(chunk.tokens for chunk in chunks) > 64


def test_small_sections_are_parted_between_the_larger_ones_they_belong_to() -> None:
    entries = "".join(f"## Entry {n}\n\nIt says {n} things in so many words.\n\n" for n in range(5))
    document = markdown("".join(f"# Letter {letter}\n\nFirst words.\n\n{entries}" for letter in "ABCDEFGH"))
    chunks = chunk_document(document, EveryFourth(), limit=96)
    assert mean(text.startswith("# Letter") for text in texts_of(document, chunks)) > 0.8


@pytest.mark.parametrize("heading", ["# Part one\n\n## Chapter {}\n\n", "Chapter {}\n=======\n\n", "# Chapter {}\n"])
def test_a_heading_is_never_cut_off_from_its_text(heading: str) -> None:
    sentence = "This sentence is one of many that stand under it. "
    document = markdown("".join(heading.format(n) + sentence * (n % 23) + "The last.\n\n" for n in range(60)))
    for text in texts_of(document, chunk_document(document, EveryFourth(), limit=64)):
        assert text.rstrip().endswith(".")


def test_chunks_are_filled_well() -> None:
    document = markdown(made_book(20, sentences=120))
    chunks = chunk_document(document, EveryFourth(), limit=512)
    assert mean(chunk.tokens for chunk in chunks) > 0.75 * 512


# --- sentences that are too long ------------------------------------------------------------------------------------


def test_a_long_sentence_is_cut_between_words() -> None:
    document = Document.of("and so they went on and on to the end of the road " * 100, name="x")
    chunks = chunk_document(document, EstimatedTokenizer(), limit=64)
    assert_sound(document, chunks, EstimatedTokenizer(), 64)
    assert all(text[0] == " " or before[-1] == " " for before, text in _pairs(document, chunks))


def test_a_long_sentence_is_cut_at_its_commas_where_it_has_some() -> None:
    clauses = (f"there was the {a} and the {b} of the {c}, " for a in WORDS for b in WORDS for c in WORDS[:4])
    document = Document.of("".join(clauses), name="x")
    chunks = chunk_document(document, EstimatedTokenizer(), limit=128)
    assert mean(before.rstrip().endswith(",") for before, _ in _pairs(document, chunks)) > 0.9


@pytest.mark.parametrize("cluster", ["👩‍👩‍👧‍👦", "👍🏽", "🇨🇳", "e\u0301\u0323", "각", "한", "❤\ufe0f"])
@pytest.mark.parametrize("make_tokenizer", [trained, EstimatedTokenizer])
def test_what_is_seen_as_one_character_is_not_parted(make_tokenizer: Callable[[], TokenStarts], cluster: str) -> None:
    document = Document.of(cluster * 200, name="x")
    chunks = chunk_document(document, make_tokenizer(), limit=128)
    assert_sound(document, chunks, make_tokenizer(), 128)
    seen_as_one = {0, *(match.end() for match in regex.finditer(r"\X", document.text))}
    assert {chunk.span.end for chunk in chunks} <= seen_as_one


@pytest.mark.parametrize("unit", ["字", "word ", "x", "Go on. ", "，说", "\u0301"])
def test_a_line_of_five_megabytes_is_cut_in_a_time_that_is_linear_in_its_length(unit: str) -> None:
    size = 5_000_000 // len(unit.encode())
    document = Document.of((unit * size)[:size], name="line")
    chunks = chunk_document(document, EveryFourth(), limit=512)
    assert_sound(document, chunks, EveryFourth(), 512)
    assert mean(chunk.tokens for chunk in chunks) > 0.6 * 512


def _pairs(document: Document, chunks: Sequence[Chunk]) -> list[tuple[str, str]]:
    texts = texts_of(document, chunks)
    return list(pairwise(texts))


# --- edits ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("with_sections", [True, False])
def test_an_inserted_sentence_changes_few_chunks(with_sections: bool) -> None:
    text = made_book(25, sentences=100)
    tokenizer = Remembering(EveryFourth())
    make = markdown if with_sections else lambda text: Document.of(text, name="book")
    before = make(text)
    known = set(texts_of(before, chunk_document(before, tokenizer)))
    ends = [span.end for span in sentence_spans(text)]
    chance = random.Random(1)
    changed = []
    for number in range(60):
        at = chance.choice(ends)
        after = make(
            f"{text[:at]}At this the old man rose and said that number {number} was enough for him. {text[at:]}"
        )
        changed.append(sum(chunk not in known for chunk in texts_of(after, chunk_document(after, tokenizer))))
    assert min(changed) >= 1
    assert median(changed) <= 2
    assert sorted(changed)[57] <= 5


def test_a_deleted_chapter_changes_no_chunk_of_the_others() -> None:
    text = made_book(10)
    chapters = regex.split(r"(?=## Chapter)", text)[1:]
    before, after = markdown(text), markdown("".join(chapters[:4] + chapters[5:]))
    known = set(texts_of(before, chunk_document(before, EveryFourth(), limit=128)))
    assert set(texts_of(after, chunk_document(after, EveryFourth(), limit=128))) <= known
