from __future__ import annotations

import pydoc_data.topics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from octavo.models.estimated_tokenizer import EstimatedTokenizer


@given(st.text(max_size=200))
def test_there_are_as_many_starts_as_tokens_and_they_ascend(text: str) -> None:
    (starts,) = EstimatedTokenizer().token_starts([text])
    assert len(starts) == EstimatedTokenizer().count(text)
    assert starts == sorted(starts)
    assert all(0 <= start < len(text) for start in starts)


@given(st.text(min_size=1, max_size=200))
def test_no_text_is_free(text: str) -> None:
    assert EstimatedTokenizer().count(text) >= 1


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("the cat", 2),
        ("internationalisation", 7),
        ("1984", 4),
        ("你好世界", 6),
        ("😀", 4),
        ("a, b\n", 4),
        ("      x", 3),
    ],
)
def test_the_rules(text: str, tokens: int) -> None:
    assert EstimatedTokenizer().count(text) == tokens


def test_english_is_overestimated_by_less_than_twice_the_common_rate() -> None:
    text = "\n".join(pydoc_data.topics.topics.values())
    assert 0.25 < EstimatedTokenizer().count(text) / len(text) < 0.5  # common vocabularies: 0.22 to 0.25


def test_it_says_that_it_is_an_estimate_unless_the_model_counts_so() -> None:
    assert not EstimatedTokenizer().exact
    assert EstimatedTokenizer(exact=True).exact
    assert EstimatedTokenizer().id == EstimatedTokenizer(exact=True).id == "estimate-1"
