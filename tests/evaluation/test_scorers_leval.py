"""L-Eval's scores for closed questions, against cases computed by hand."""

from __future__ import annotations

import pytest

from octavo.evaluation.item import Item
from octavo.evaluation.scorers.choice import chosen_letter, chosen_letters
from octavo.evaluation.scorers.exam import code_output, exam_match, final_number
from octavo.evaluation.scorers.judgement import loyalty_and_fact


def item(answer: str) -> Item:
    return Item("0", "", "?", (answer,))


@pytest.mark.parametrize(
    ("said", "score"),
    [
        ("C", 1.0),
        ("(C) the third", 1.0),
        ("The right one is C, not D", 1.0),
        ("D. Not C", 0.0),
        ("Answer: C", 0.0),  # the first of A to D is that of "Answer"
        ("the third", 0.0),
        ("", 0.0),
    ],
)
def test_the_first_letter_is_the_choice(said: str, score: float) -> None:
    assert chosen_letter(item("C. the third"), said) == score


@pytest.mark.parametrize(
    ("said", "score"),
    [
        ("ACD", 1.0),
        ("DCA", 1.0),
        ("A. one C. three D. four", 1.0),
        ("A) and (C) and D.", 1.0),
        ("AC", 0.25),
        ("A", 0.25),
        ("ABCD", 0.0),
        ("B", 0.0),
        ("A C D Question: B . ", 1.0),
        ("none", 0.0),
        ("", 0.0),
    ],
)
def test_a_part_of_the_set_is_a_quarter(said: str, score: float) -> None:
    assert chosen_letters(item("ACD"), said) == score


@pytest.mark.parametrize(
    ("said", "score"),
    [
        ("So 3 + 4 = 7. The answer is 1,234.", 1.0),
        ("The answer is $1234.50 in all, not 99", 1.0),
        ("She has 7 left, so it is 1234 apples\n\nQuestion: what of 12?", 1.0),
        ("The answer is 123", 0.0),
        ("The answer is many, 1234", 0.0),
        ("no idea", 0.0),
    ],
)
def test_the_final_number_counts_up_to_its_point(said: str, score: float) -> None:
    assert final_number(item("1000 + 234 = 1234. The answer is 1234"), said) == score


def test_a_number_is_equal_and_not_contained() -> None:
    assert final_number(item("The answer is 23"), "The answer is 1234") == 0
    assert exam_match(item("2"), "2.0") == 1
    assert exam_match(item("2"), "12") == 0


def test_all_else_stands_in_the_first_line() -> None:
    assert exam_match(item("The benefits of yoga"), "-\nIt was: the  benefits of Yoga.") == 1
    assert exam_match(item("The benefits of yoga"), "It was sleep.\nThe benefits of yoga") == 0


@pytest.mark.parametrize(
    ("said", "score"),
    [
        ("[1, 2, 3]", 1.0),
        ("The value of the code will be [1.0, 2.0, 3.0]", 1.0),
        ("the final output is [1, 2, 3] because the loop ends there after a long while", 1.0),
        ("[1, 2, 3] because the loop ends there after a long while", 0.0),
        ("[1, 2]", 0.0),
    ],
)
def test_code_output_stands_among_the_last_words(said: str, score: float) -> None:
    assert code_output(item("[1, 2, 3]"), said) == score


@pytest.mark.parametrize(
    ("said", "score"),
    [
        ("True [fact: False]", 1.0),
        ("It is true. [fact: No, that is false, not true.]", 1.0),
        ("True [fact: True]", 0.5),
        ("True", 0.5),
        ("[fact: False]", 0.5),
        ("False [fact: True]", 0.0),
        ("unclear", 0.0),
    ],
)
def test_loyalty_and_fact_count_half_each(said: str, score: float) -> None:
    assert loyalty_and_fact(item("True [fact: False]"), said) == score


def test_one_judgement_alone_counts_whole() -> None:
    assert loyalty_and_fact(item("False"), "False.") == 1
    assert loyalty_and_fact(item("False"), "I do not know") == 0
