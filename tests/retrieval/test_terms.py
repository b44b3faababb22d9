from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from octavo.retrieval.terms import content_terms, terms


def meet(question: str, text: str) -> set[str]:
    """The terms by which a question finds a text."""
    return set(content_terms(question)) & set(terms(text))


@given(st.text())
def test_a_term_has_no_white_space_and_is_no_longer_than_thirty_two_characters(text: str) -> None:
    assert all(term and len(term) <= 32 and term.split() == [term] for term in terms(text))


@given(st.text())
def test_content_terms_are_terms(text: str) -> None:
    assert set(content_terms(text)) <= set(terms(text))


@given(st.lists(st.sampled_from(["war", "Peace", "1,805", "don't", "mother's", "x86", "U.S."])))
def test_ascii_text_has_the_same_terms_in_other_company(words: list[str]) -> None:
    text = " ".join(words)
    assert terms(text + " —") == terms(text)


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("running horses", "the horse runs"),
        ("Prince Andrew's sister", "PRINCE ANDREW had one sister"),
        ("Prince Andrew’s sister", "Prince Andrew"),
        ("Kutuzov", "Kutúzov commanded"),
        ("l'homme", "cet homme"),
        ("Straße", "STRASSE"),
        ("1805", "in 1,805 places"),
        ("3.14", "it is 3.14."),
        ("ＡＢＣ１２３", "abc123"),
        ("path_hooks", "sys.path_hooks is a list"),
        ("книгами", "Он читал книги."),
        ("ανθρώπων", "ο άνθρωπος"),
        ("ёлка", "елка"),
    ],
)
def test_a_question_finds_a_text_in_other_forms_of_its_words(question: str, text: str) -> None:
    assert meet(question, text)


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("林黛玉是谁？", "却说黛玉自那日弃舟登岸时"),
        ("東京タワー", "昨日、東京へ行った"),
        ("서울에서", "서울은 크다"),
        ("กรุงเทพ", "เขาอยู่กรุงเทพมหานคร"),
    ],
)
def test_scripts_without_spaces_are_found_by_pairs(question: str, text: str) -> None:
    assert any(len(term) == 2 for term in meet(question, text))


def test_a_single_ideograph_is_found() -> None:
    assert terms("玉")[0] in terms("宝玉来了")
    assert content_terms("玉") == ["玉"]


def test_a_short_question_in_an_unknown_language_still_meets_the_text() -> None:
    french = "Les maisons de la ville étaient grandes et les rues étaient belles pour ceux qui ne sont pas du pays."
    assert meet("maisons grandes", french) == meet("les maisons qui sont grandes dans la ville", french) - {"vill"}


def test_a_text_in_another_language_has_that_language_s_stems_too() -> None:
    assert meet(
        "Où mangeait-il avec ses amis et qui est-ce ?", "Il mange dans la ville avec les siens et ne parle pas."
    )


def test_function_words_are_no_content() -> None:
    assert content_terms("Who is the one that was in it?") == ["one"]
    assert content_terms("的了") == []
    assert content_terms("林黛玉是谁") == ["林黛", "黛玉"]
    assert content_terms("") == []


def test_repetitions_are_kept() -> None:
    assert terms("war war") == ["war", "war"]
