"""Headings become nested sections."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from octavo.documents.document import Document
from octavo.documents.headings import Heading, division, sections_of


def outline(*headings: tuple[int, str]) -> list[tuple[int, str]]:
    found = sections_of([Heading(10 * index, level, title) for index, (level, title) in enumerate(headings)], 1000)
    return [(section.level, section.title) for section in found]


def test_a_section_ends_where_the_next_of_its_level_starts() -> None:
    sections = sections_of([Heading(0, 1, "a"), Heading(10, 2, "b"), Heading(20, 2, "c"), Heading(30, 1, "d")], 50)
    assert [(s.span.start, s.span.end) for s in sections] == [(0, 30), (10, 20), (20, 30), (30, 50)]


def test_levels_have_no_gaps_and_start_at_one() -> None:
    assert outline((2, "a"), (4, "b"), (3, "c"), (2, "d")) == [(1, "a"), (2, "b"), (2, "c"), (1, "d")]


def test_chapters_stand_in_their_book_though_the_source_gives_both_one_level() -> None:
    assert outline((2, "BOOK ONE: 1805"), (3, "CHAPTER I"), (2, "CHAPTER II"), (2, "BOOK TWO"), (2, "CHAPTER I")) == [
        (1, "BOOK ONE: 1805"),
        (2, "CHAPTER I"),
        (2, "CHAPTER II"),
        (1, "BOOK TWO"),
        (2, "CHAPTER I"),
    ]


def test_a_division_is_not_higher_than_the_open_one_of_its_kind() -> None:
    assert outline((2, "FIRST EPILOGUE"), (3, "CHAPTER I"), (2, "CHAPTER II")) == [
        (1, "FIRST EPILOGUE"),
        (2, "CHAPTER I"),
        (2, "CHAPTER II"),
    ]


@pytest.mark.parametrize(
    "title",
    [
        "CHAPTER IV",
        "Chapter 12. Loomings.",
        "CHAPTER THE FIRST",
        "Book Two: The Return",
        "PART III — After",
        "Chapter 3 The Whale",
        "Kapitel 7",
        "第一回  甄士隐梦幻识通灵　贾雨村风尘怀闺秀",
        "第12章：开始",
        "第三章",
        "第 三 卷",
    ],
)
def test_numbered_divisions_are_recognised(title: str) -> None:
    assert division(title) is not None


@pytest.mark.parametrize(
    "title",
    [
        "Chapter 3 describes how the whale is hunted",
        "Part of the problem",
        "chapter and verse",
        "Book a room",
        "第四回中既将薛家母子在荣府内寄居等事略已表明",
        "第一次见面",
        "第三章结束了，他们回家。",
    ],
)
def test_prose_that_starts_like_a_division_is_none(title: str) -> None:
    assert division(title) is None


@given(
    st.lists(
        st.tuples(st.integers(1, 6), st.sampled_from(["a", "BOOK I", "CHAPTER II", "第三回", "Part 2"])), max_size=30
    )
)
def test_sections_nest_and_agree_with_the_documents_own_reading_of_them(headings: list[tuple[int, str]]) -> None:
    text = "x" * (10 * len(headings) + 10)
    sections = sections_of([Heading(10 * i, level, title) for i, (level, title) in enumerate(headings)], len(text))
    document = Document.of(text, name="t", sections=sections)
    assert len(sections) == len(headings)
    for section in sections:
        around = [o for o in sections if o.span.start <= section.span.start and section.span.end <= o.span.end]
        assert section.level == len(around)
        assert len(document.section_path(section.span.start)) == section.level
        for other in sections:
            contains = other in around or section.span.start <= other.span.start <= other.span.end <= section.span.end
            assert contains != (not section.span.overlaps(other.span))
