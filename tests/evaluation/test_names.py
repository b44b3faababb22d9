"""Names made from a seed."""

from __future__ import annotations

from random import Random

import pytest

from octavo.evaluation.names import Language, english_words, islands, items, made_up_words, people


@pytest.mark.parametrize("language", ["en", "zh"])
def test_there_are_people_enough_for_a_family_of_512_links_each_named_once(language: Language) -> None:
    names = people(language)

    assert len(names) > 513
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_there_are_islands_and_items_enough_for_eleven_needles_at_once(language: Language) -> None:
    assert len(set(islands(language))) == len(islands(language)) >= 11
    assert len(set(items(language))) == len(items(language)) >= 11


def test_names_hold_no_mark_that_ends_a_question_or_a_form_of_answer() -> None:
    for language in ("en", "zh"):
        for name in [*islands(language), *items(language), *people(language)]:
            assert not set(name) & set("'.?。？,*#")


def test_the_words_of_ruler_come_from_its_own_list() -> None:
    assert len(english_words("noun")) > 6_000
    assert len(english_words("adjective")) > 800
    assert len(english_words("verb")) > 800


def test_made_up_words_are_different_from_each_other_and_from_given_ones_and_the_same_for_a_seed() -> None:
    made = made_up_words(500, Random(7))
    others = made_up_words(500, Random(7), besides=frozenset(made[:3]))

    assert len(set(made)) == 500
    assert made == made_up_words(500, Random(7))
    assert not set(others) & set(made[:3])
