"""Sections are found by what people call them."""

from __future__ import annotations

import pytest

from octavo.errors import UsageError
from octavo.library.memory_corpus import MemoryCorpus
from octavo.reading.summaries.titles import find_titled

from .test_parts import TOKENIZER, made

CORPUS = MemoryCorpus(
    [
        made(
            (1, "BOOK ONE: 1805", 1),
            (2, "CHAPTER I", 1),
            (2, "CHAPTER II", 1),
            (1, "BOOK TWO: 1805", 1),
            (2, "CHAPTER I", 1),
            (2, "The Battle of Austerlitz", 1),
            name="war-and-peace.md",
        ),
        made((1, "第三回 贾雨村", 1), name="红楼梦.txt"),
    ],
    TOKENIZER,
)


@pytest.mark.parametrize(
    ("asked", "path"),
    [
        ("chapter i", ("BOOK ONE: 1805", "CHAPTER I")),
        ("Chapter II.", ("BOOK ONE: 1805", "CHAPTER II")),
        ("book two, chapter i", ("BOOK TWO: 1805", "CHAPTER I")),
        ("BOOK TWO", ("BOOK TWO: 1805",)),
        ("battle of austerlitz", ("BOOK TWO: 1805", "The Battle of Austerlitz")),
        ("The Battle of Austerliz", ("BOOK TWO: 1805", "The Battle of Austerlitz")),
        ("war-and-peace.md", ("war-and-peace.md",)),
        ("贾雨村", ("第三回 贾雨村",)),
    ],
)
def test_a_title_is_found(asked: str, path: tuple[str, ...]) -> None:
    assert find_titled(CORPUS, asked).path == path


def test_what_is_called_nothing_like_it_is_an_error_that_names_titles() -> None:
    with pytest.raises(UsageError, match="no section is called 'the treaty of Vienna'; there are: BOOK ONE: 1805, "):
        find_titled(CORPUS, "the treaty of Vienna")


def test_documents_without_sections_say_so() -> None:
    with pytest.raises(UsageError, match="the documents have no sections"):
        find_titled(MemoryCorpus([], TOKENIZER), "anything")
