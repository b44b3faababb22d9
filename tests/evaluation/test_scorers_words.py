"""F1, exact match and ROUGE, against cases computed by hand."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from octavo.errors import MissingExtra
from octavo.evaluation.item import Item
from octavo.evaluation.scorers import normalise
from octavo.evaluation.scorers.f1 import answer_f1, exact_match, hotpot_f1, token_f1
from octavo.evaluation.scorers.normalise import chinese_words, squad_words
from octavo.evaluation.scorers.rouge import (
    common_subsequence,
    rouge_1_score,
    rouge_2_score,
    rouge_geometric_mean,
    rouge_l,
    rouge_l_score,
    rouge_n,
    rouge_words,
)

WORDS = st.lists(st.sampled_from("abcde"), max_size=12)


def item(*answers: str) -> Item:
    return Item("0", "", "?", answers)


def test_case_punctuation_and_articles_do_not_count() -> None:
    assert squad_words("The U.S. Army's an  army; A-1!") == ["us", "armys", "army", "a1"]


def test_chinese_is_cut_into_words_without_punctuation() -> None:
    assert chinese_words("我爱北京天安门。 GPT-4！") == ["我", "爱", "北京", "天安门", "gpt", "4"]


def test_cutting_chinese_leaves_no_file_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    normalise._segmenter.cache_clear()
    assert chinese_words("北京") == ["北京"]
    assert list(tmp_path.iterdir()) == []


def test_without_jieba_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    normalise._segmenter.cache_clear()
    monkeypatch.setitem(sys.modules, "jieba", None)
    with pytest.raises(MissingExtra, match=r"octavo\[eval\]"):
        chinese_words("北京")


def test_f1_of_the_best_reference() -> None:
    """ "tall blue tower" and "blue tower": P = 2/3, R = 1; F1 = 0.8."""
    assert answer_f1(item("nothing", "the Blue Tower"), "A tall blue tower.") == pytest.approx(0.8)
    assert answer_f1(item("Blue Tower"), "the red house") == 0
    assert answer_f1(item("Blue Tower"), "") == 0


def test_f1_counts_a_repeated_word_as_often_as_both_have_it() -> None:
    """ "no no no" and "no no": P = 2/3, R = 1."""
    assert token_f1(["no"] * 3, ["no"] * 2) == pytest.approx(0.8)


def test_exact_match_of_any_reference() -> None:
    assert exact_match(item("USA", "United States"), "the united states!") == 1
    assert exact_match(item("USA"), "the USA of old") == 0


def test_hotpotqa_wants_a_bare_yes() -> None:
    assert hotpot_f1(item("yes"), "Yes.") == 1
    assert hotpot_f1(item("yes"), "Yes, both are.") == 0
    assert answer_f1(item("yes"), "Yes, both are.") > 0
    assert hotpot_f1(item("no doubt"), "no") == 0


def test_rouge_words_are_those_of_rouge_score_on_latin_script() -> None:
    assert rouge_words("Don't re-do it: naïve, 3.5%") == ["don", "t", "re", "do", "it", "na", "ve", "3", "5"]


def test_rouge_has_words_for_every_script() -> None:
    assert rouge_words("北京 и Москва") == ["北", "京", "и", "москва"]
    assert rouge_l_score(item("北京是首都"), "首都是北京") == pytest.approx(2 * 2 / 10)


def test_rouge_by_hand() -> None:
    """The cat sat on the mat / the cat lay on a mat: 4 of 6 words, 1 of 5 pairs, the subsequence the cat on mat."""
    said, reference = ["the", "cat", "lay", "on", "a", "mat"], ["the", "cat", "sat", "on", "the", "mat"]
    assert rouge_n(said, reference, 1) == pytest.approx(4 / 6)
    assert rouge_n(said, reference, 2) == pytest.approx(1 / 5)
    assert common_subsequence(said, reference) == ["the", "cat", "on", "mat"]
    assert rouge_l(said, reference) == pytest.approx(4 / 6)

    one = item("unlike", "The cat sat on the mat.")
    text = "The cat lay on a mat."
    scores = [scorer(one, text) for scorer in (rouge_1_score, rouge_2_score, rouge_l_score)]
    assert scores == pytest.approx([4 / 6, 1 / 5, 4 / 6])
    assert rouge_geometric_mean(one, text) == pytest.approx((4 / 6 * 1 / 5 * 4 / 6) ** (1 / 3))


def test_no_pair_in_common_is_no_geometric_mean() -> None:
    assert rouge_geometric_mean(item("one two"), "two one") == 0
    assert rouge_geometric_mean(item("one"), "") == 0


@given(WORDS, WORDS)
def test_measures_are_symmetric_from_0_to_1_and_1_for_the_same(said: list[str], reference: list[str]) -> None:
    for measure in (token_f1, rouge_l, lambda a, b: rouge_n(a, b, 2)):
        value = measure(said, reference)
        assert 0 <= value <= 1
        assert value == pytest.approx(measure(reference, said))
        assert measure(said, said) == pytest.approx(float(len(said) > (measure not in {token_f1, rouge_l})))


@given(WORDS, WORDS)
def test_the_common_subsequence_stands_in_both(said: list[str], reference: list[str]) -> None:
    common = common_subsequence(said, reference)
    for words in (said, reference):
        left = iter(words)
        assert all(word in left for word in common)
