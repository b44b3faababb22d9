"""Every relation can be told, asked and led on from, in both languages."""

from __future__ import annotations

import pytest

from octavo.training.worlds.naming import KINDS
from octavo.training.worlds.relations import Relation, phrase, relations, sentence


def test_names_are_distinct() -> None:
    names = [relation.name for relation in relations()]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("relation", relations(), ids=lambda relation: relation.name)
def test_all_words_name_subject_and_object(relation: Relation) -> None:
    assert relation.subject in KINDS
    for words in relation.words.values():
        for template in words.says:
            told = phrase(template, "SUBJECT", "OBJECT")
            assert "SUBJECT" in told
            assert "OBJECT" in told
            assert "{" not in told
        for template in (*words.asks, words.the):
            asked = phrase(template, "SUBJECT")
            assert "SUBJECT" in asked
            assert "{" not in asked
        assert len(words.says) >= 3
        assert len(words.short) >= 2
        # A long phrase has no genitive: some question does without.
        assert any("{s's}" not in template for template in words.asks)


def test_articles_fit_and_sentences_begin_with_a_capital() -> None:
    assert sentence("{s} was {a_o}.", "the captain", "apothecary") == "The captain was an apothecary."
    assert phrase("{s's} trade, {a_o}", "Ada", "miller") == "Ada's trade, a miller"
    assert sentence("{the_s} was found.", "Salt Spoon") == "The Salt Spoon was found."
    assert phrase("who found {the_s}", "the relic of Cape Umbra") == "who found the relic of Cape Umbra"
