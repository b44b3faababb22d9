from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from octavo.retrieval.language import language_shares, main_language

SENTENCES = {
    "English": "Who is the sister of the prince, and what was her name?",
    "French": "Qui est la sœur du prince et quelle est la ville dans le nord ?",
    "German": "Wer ist die Schwester des Prinzen und was ist das für eine Stadt?",
    "Spanish": "¿Quién es la hermana del príncipe y cuál es el nombre de los hijos?",
    "Chinese": "林黛玉是谁的女儿？",
    "Japanese": "東京タワーはどこにありますか。",
    "Korean": "서울은 어디에 있습니까?",
    "Russian": "Кто сестра князя Андрея?",
}


@pytest.mark.parametrize("language", SENTENCES)
def test_a_sentence_s_language_is_told(language: str) -> None:
    assert main_language(SENTENCES[language]) == language


def test_a_text_in_two_languages_has_both() -> None:
    shares = language_shares(SENTENCES["English"] + SENTENCES["Chinese"])
    assert {"English", "Chinese"} <= set(shares)


@pytest.mark.parametrize("text", ["", "12345", "…!?", "xyzzy"])
def test_nothing_is_told_where_nothing_can_be(text: str) -> None:
    assert main_language(text) is None


@given(st.text())
def test_shares_add_up_to_one(text: str) -> None:
    shares = language_shares(text)
    assert not shares or abs(sum(shares.values()) - 1) < 1e-9
    assert list(shares.values()) == sorted(shares.values(), reverse=True)
