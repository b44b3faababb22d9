"""Older turns are found by their words."""

from __future__ import annotations

from octavo.reading.chat.past_turns import PastTurns

from .made_turns import turn


def test_a_turn_is_found_by_what_was_asked_by_how_it_was_asked_and_by_what_was_said() -> None:
    past = PastTurns(
        [
            turn(0, asked="Where is the lighthouse?"),
            turn(1, asked="And he?", standalone="What did the miller do?"),
            turn(2, said="He sold the barley."),
        ]
    )
    assert past.search("lighthouses", 5, before=3) == [0]
    assert past.search("the miller", 5, before=3) == [1]
    assert past.search("barley", 5, before=3) == [2]


def test_the_best_come_first_and_of_equals_the_later() -> None:
    said = ["A compass.", "A compass of silver.", "A compass.", "Bread."]
    past = PastTurns(turn(number, asked="What?", said=text) for number, text in enumerate(said))
    assert past.search("silver compass", 5, before=4) == [1, 2, 0]
    assert past.search("silver compass", 2, before=4) == [1, 2]


def test_only_turns_before_the_given_one_are_found() -> None:
    past = PastTurns(turn(number, said="The compass.") for number in range(6))
    assert past.search("compass", 9, before=3) == [2, 1, 0]


def test_a_question_of_function_words_finds_nothing() -> None:
    past = PastTurns([turn(0, asked="And he?", said="He was.")])
    assert past.search("And he? Who was he?", 5, before=1) == []
    assert PastTurns().search("compass", 5, before=0) == []
