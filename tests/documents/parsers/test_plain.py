"""Numbered headings in plain text, and prose that only looks like one."""

from __future__ import annotations

import pytest

from octavo.documents.parsers.plain import parse_plain, verbatim


def titles(text: str) -> list[str]:
    return [section.title for section in parse_plain(text).sections]


def test_chapters_on_lines_of_their_own_are_sections() -> None:
    text = "A NOVEL\n\nCHAPTER I\n\nIt began.\n\n    CHAPTER II. The Whale.\n\nIt went on.\n"
    parsed = parse_plain(text)
    assert parsed.text == text
    assert [(s.title, s.span.of(text)[-10:]) for s in parsed.sections] == [
        ("CHAPTER I", "t began.\n\n"),
        ("CHAPTER II. The Whale.", " went on.\n"),
    ]


def test_a_chapters_name_may_stand_on_the_next_line() -> None:
    assert titles("CHAPTER I\nThe Period\n\nIt was the best of times.\n") == ["CHAPTER I"]


def test_chapters_stand_in_their_book() -> None:
    text = "BOOK ONE\n\nCHAPTER I\n\nx\n\nCHAPTER II\n\nx\n\nBOOK TWO\n\nCHAPTER I\n\nx\n"
    assert [(s.level, s.title) for s in parse_plain(text).sections] == [
        (1, "BOOK ONE"),
        (2, "CHAPTER I"),
        (2, "CHAPTER II"),
        (1, "BOOK TWO"),
        (2, "CHAPTER I"),
    ]


def test_chinese_chapters_are_sections() -> None:
    text = (
        "《红楼梦》\n\n第一回  甄士隐梦幻识通灵　贾雨村风尘怀闺秀\n\n　　此开卷第一回也．\n"
        "第二回 贾夫人仙逝扬州城\n　　却说\n"
    )
    assert titles(text) == ["第一回 甄士隐梦幻识通灵 贾雨村风尘怀闺秀", "第二回 贾夫人仙逝扬州城"]


def test_a_preface_counts_among_numbered_chapters_only() -> None:
    assert titles("PREFACE\n\nWords.\n\nCHAPTER I\n\nWords.\n\nEPILOGUE\n\nWords.\n") == [
        "PREFACE",
        "CHAPTER I",
        "EPILOGUE",
    ]
    assert titles("INTRODUCTION\n\nWords.\n") == []


def test_the_table_of_contents_makes_no_sections() -> None:
    text = "CONTENTS\n\nCHAPTER I\n\nCHAPTER II\n\n\nCHAPTER I\n\nIt began.\n\nCHAPTER II\n\nIt ended.\n"
    sections = parse_plain(text).sections
    assert [s.span.start for s in sections] == [text.rindex("CHAPTER I\n"), text.rindex("CHAPTER II\n")]


@pytest.mark.parametrize(
    "prose",
    [
        "He read on.\nChapter 3 was long,\nand he fell asleep.\n",
        "\nChapter 3 describes the hunt in all detail.\n\nMore.\n",
        "See\n\nPart of the problem\n\nbelow.\n",
        "　　第四回中既将薛家母子在荣府内寄居等事略已表明，此回则暂不能写矣．\n",
        "第一次见面\n第二天早上\n",
        "\nBook a room today\n\nand pay later.\n",
        "\nAct now\n\nor never\n",
    ],
)
def test_prose_has_no_sections(prose: str) -> None:
    assert titles(prose) == []


def test_code_has_no_sections() -> None:
    assert verbatim("\nCHAPTER I\n\nx = 1\n").sections == ()
