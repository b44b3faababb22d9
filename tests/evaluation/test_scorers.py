"""Scores, against cases computed by hand."""

from __future__ import annotations

from typing import Any

import pytest

from octavo.evaluation.item import Item
from octavo.evaluation.scorers.babilong import babilong
from octavo.evaluation.scorers.contains import contains_all, contains_any, contains_words
from octavo.evaluation.scorers.needle import (
    boxed_exact,
    edit_distance,
    keywords_found,
    single_v1,
    single_v2,
    words_found,
)


def item(*answers: str, **data: Any) -> Item:
    return Item("0", "", "?", answers, data=data)


NEEDLE = item("Mysterious Scroll", needle="Hidden on Emerald Island is the legendary Mysterious Scroll.")


def test_a_keyword_in_the_answer_is_all_of_the_score() -> None:
    assert single_v1(NEEDLE, "It is the Mysterious Scroll, of course.") == 1
    assert single_v2(NEEDLE, "It is the Mysterious Scroll, of course.") == 1


def test_without_the_keyword_v1_gives_a_fifth_of_the_likeness() -> None:
    """Without white space the needle has 52 characters; the answer differs in the last 17."""
    said = "Hidden on Emerald Island is the legendary"
    assert single_v1(NEEDLE, said) == pytest.approx(0.2 * (1 - 17 / 52))
    assert single_v2(NEEDLE, said) == 0


def test_v1_punishes_what_is_long() -> None:
    """53 of the 503 characters are the needle's, with one put in the place of another and 450 put in."""
    said = NEEDLE.data["needle"].replace("Scroll", "Scrool") + "x" * 450
    length = len(said.replace(" ", ""))
    assert single_v1(NEEDLE, said) == pytest.approx(0.2 * (1 - 451 / length))


def test_several_keywords_count_each() -> None:
    assert keywords_found(item("Scroll", "Orb", "Harp", "Crown"), "The Orb and the Crown") == 0.5


def test_words_count_whatever_their_case() -> None:
    assert words_found(item("the Red House"), "A RED barn, the end") == pytest.approx(2 / 3)


@pytest.mark.parametrize(
    ("said", "score"),
    [
        (r"So it is \boxed{Anna Bell}.", 1.0),
        (r"\boxed{Anna} or rather \boxed{\text{Anna Bell}}", 1.0),
        (r"\boxed{{Anna  Bell}}", 1.0),
        (r"\boxed{Anna\ Bell}", 1.0),
        (r"\boxed{Anna Bell} or rather \boxed{Anna", 0.0),
        (r"\boxed{Anna Belle}", 0.0),
        ("Anna Bell", 0.0),
    ],
)
def test_only_what_stands_in_the_last_box_counts(said: str, score: float) -> None:
    assert boxed_exact(item("Anna Bell"), said) == score


def test_edit_distance() -> None:
    assert edit_distance("kitten", "sitting") == 3
    assert edit_distance("", "abc") == 3


def test_references_contained() -> None:
    assert contains_all(item("7421", "9933"), "the numbers are 7421 and 1111") == 0.5
    assert contains_any(item("Paris", "paris, France"), "It was PARIS.") == 1
    assert contains_any(item("Rome"), "It was PARIS.") == 0


def test_whole_words_of_a_reference_are_looked_for() -> None:
    assert contains_words(item("no"), "none") == 0
    assert contains_words(item("no"), "No, it is not.") == 1
    assert contains_words(item("the Blue Mill", "x"), "It was blue mill, I think.") == 1
    assert contains_words(item("Blue Mill"), "It was blue. Mills are red.") == 0
    assert contains_words(item("..."), "It was blue.") == 0


LABELS = ("kitchen", "garden", "office", "hallway")


@pytest.mark.parametrize(
    ("said", "score"),
    [
        ("The most recent location of Mary is Garden. It was kitchen before.", 1.0),
        ("garden or kitchen", 0.0),
        ("office", 0.0),
        ("The hallway leads to the garden", 1.0),
        ("garden <context> Mary went to the kitchen </context>", 1.0),
        ("The answer is:\ngarden", 1.0),
        ("I do not know", 0.0),
    ],
)
def test_babilong_takes_the_first_sentence_and_no_label_of_the_question(said: str, score: float) -> None:
    asked = item("garden", labels=LABELS, question="Where was Mary before the hallway?")
    assert babilong(asked, said) == score


def test_babilong_wants_every_target() -> None:
    carried = item("milk,apple", labels=("milk", "apple", "football"), question="What is Mary carrying?")
    assert babilong(carried, "Milk and apple.") == 1
    assert babilong(carried, "Milk.") == 0
