"""LV-Eval's official score with its traps, and the scores beside it, against cases computed by hand."""

from __future__ import annotations

import pytest

from octavo.evaluation.item import Item
from octavo.evaluation.scorers.judge import Judge
from octavo.evaluation.scorers.keywords import (
    different_words_rouge_l,
    keyword_recall,
    lveval_official,
    ungated_f1,
)


def item(*answers: str, keywords: str = "", metric: str = "keywords", language: str = "en") -> Item:
    return Item(
        "0", "", "Who?", answers, conditions={"language": language}, data={"keywords": keywords, "metric": metric}
    )


def test_only_the_first_reference_counts() -> None:
    assert lveval_official(item("Oslo", "Paris"), "Paris") == 0
    assert lveval_official(item("Paris", "Oslo"), "Paris") == 1


def test_english_answers_below_a_recall_of_one_fifth_score_nothing() -> None:
    """One of six keywords is 1/6 < 0.2, although three of the answer's four words are in the reference."""
    asked = item("he sailed north to Bergen", keywords="Bergen harbour fog ice gale storm")
    said = "he sailed to Bergen"
    assert keyword_recall(asked, said) == pytest.approx(1 / 6)
    assert lveval_official(asked, said) == 0
    assert ungated_f1(asked, said) == pytest.approx(2 * (4 / 4) * (4 / 5) / (4 / 4 + 4 / 5))


def test_a_recall_of_just_one_fifth_passes() -> None:
    asked = item("to Bergen", keywords="Bergen harbour fog ice gale")
    assert keyword_recall(asked, "Bergen") == pytest.approx(0.2)
    assert lveval_official(asked, "Bergen") == pytest.approx(2 * 1 * 0.5 / 1.5)


def test_common_words_are_never_recalled_but_count_among_all() -> None:
    """Of "king of France", "of" is common: 2/3 at most; of "of it" nothing, so nothing can pass."""
    assert keyword_recall(item("x", keywords="king of France"), "The King of France") == pytest.approx(2 / 3)
    assert lveval_official(item("of it", keywords="of it"), "of it") == 0


def test_english_answers_without_keywords_have_no_gate() -> None:
    assert lveval_official(item("of it"), "of it") == 1
    assert keyword_recall(item("red fox"), "fox") == 0.5


def test_f1_sets_have_no_gate() -> None:
    asked = item("Ludwig Beethoven", keywords="Ludwig Beethoven", metric="f1")
    assert lveval_official(asked, "Beethoven") == pytest.approx(2 / 3)


def test_chinese_is_gated_at_two_fifths_by_the_reference_where_keywords_lack() -> None:
    """Of the words 北京 上海 广州 one is 1/3, two are 2/3."""
    asked = item("北京、上海、广州", language="zh")
    assert keyword_recall(asked, "北京") == pytest.approx(1 / 3)
    assert lveval_official(asked, "北京") == 0
    assert ungated_f1(asked, "北京") == pytest.approx(0.5)
    assert lveval_official(asked, "北京，上海") == pytest.approx(0.8)


def test_rouge_counts_each_chinese_word_once_and_leaves_common_ones_out() -> None:
    """Without 的 and 是: 北京 北京 首都 is {北京, 首都}; 中国 首都 北京 has three; 北京 or 首都 stands in order."""
    asked = item("中国的首都是北京", metric="rouge", language="zh")
    assert different_words_rouge_l(asked, "北京，北京是首都") == pytest.approx(2 * 1 / (2 + 3))
    assert lveval_official(asked, "中国的首都是北京。") == 1
    assert lveval_official(asked, "") == 0


def test_a_judge_is_asked_about_question_reference_and_answer() -> None:
    prompts: list[str] = []

    def ask(prompt: str) -> str:
        prompts.append(prompt)
        return "Yes, it does."

    assert Judge(ask)(item("Oslo", "Christiania"), "It was Oslo.") == 1
    assert all(words in prompts[0] for words in ("Who?", "Oslo / Christiania", "It was Oslo."))


@pytest.mark.parametrize("reply", ["No.", "NO, yes only in part", "I cannot tell", ""])
def test_only_a_yes_is_a_yes(reply: str) -> None:
    assert Judge(lambda _: reply)(item("Oslo"), "Bergen") == 0


def test_an_empty_answer_is_not_put_to_a_judge() -> None:
    def ask(_: str) -> str:
        raise AssertionError("asked")

    assert Judge(ask)(item("Oslo"), " ") == 0
