from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from octavo.retrieval.fusion import interleave, reciprocal_rank_fusion

rankings = st.lists(st.lists(st.integers(0, 20), unique=True, max_size=10), max_size=4)


def test_one_ranking_stays_as_it_is() -> None:
    assert reciprocal_rank_fusion([["b", "a", "c"]]) == ["b", "a", "c"]


def test_what_two_rankings_agree_on_comes_before_what_one_puts_first() -> None:
    assert reciprocal_rank_fusion([["a", "x"], ["b", "x"]]) == ["x", "a", "b"]


def test_scores_follow_the_formula() -> None:
    # a: 1/61 + 1/63 = 0.03227; b: 1/62 + 1/62 = 0.03226
    assert reciprocal_rank_fusion([["a", "b", "c"], ["c", "b", "a"]])[:2] != ["b", "a"]
    assert reciprocal_rank_fusion([["a", "b"], ["b", "c", "a"]])[0] == "b"


def test_a_weight_makes_a_ranking_count_more() -> None:
    assert reciprocal_rank_fusion([["a", "b"], ["b", "a"]], weights=[1.0, 2.0]) == ["b", "a"]
    assert reciprocal_rank_fusion([["a", "b"], ["b", "a"]], weights=[2.0, 1.0]) == ["a", "b"]


def test_equal_scores_keep_the_order_of_first_appearance() -> None:
    assert reciprocal_rank_fusion([["a"], ["b"], ["c"]]) == ["a", "b", "c"]


def test_as_many_weights_as_rankings_are_needed() -> None:
    with pytest.raises(ValueError, match="argument"):
        reciprocal_rank_fusion([["a"], ["b"]], weights=[1.0])


@given(rankings)
def test_everything_ranked_appears_exactly_once(given_rankings: list[list[int]]) -> None:
    fused = reciprocal_rank_fusion(given_rankings)
    assert len(fused) == len(set(fused))
    assert set(fused) == {item for ranking in given_rankings for item in ranking}


@given(rankings, st.integers(0, 20))
def test_being_ranked_first_once_more_never_lowers_an_item(given_rankings: list[list[int]], item: int) -> None:
    known = [[item], *given_rankings]
    assert reciprocal_rank_fusion([[item], *known]).index(item) <= reciprocal_rank_fusion(known).index(item)


def test_the_best_of_every_ranking_come_first() -> None:
    assert interleave([["a", "b", "c"], ["x"], ["m", "n"]]) == ["a", "x", "m", "b", "n", "c"]


def test_what_several_rankings_hold_stands_once_where_it_comes_first() -> None:
    assert interleave([["a", "b"], ["b", "a"]]) == ["a", "b"]
    assert interleave([["a", "b", "c"], ["a", "c"]]) == ["a", "b", "c"]


@given(rankings)
def test_interleaving_loses_nothing_and_keeps_a_place_for_each(given_rankings: list[list[int]]) -> None:
    taken = interleave(given_rankings)
    assert sorted(taken) == sorted({item for ranking in given_rankings for item in ranking})
    for ranking in given_rankings:
        for rank, item in enumerate(ranking):
            assert taken.index(item) < (rank + 1) * len(given_rankings)
