from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from octavo.training.data.lengths import Measured, StageData
from octavo.training.planning.rows import Row, rows_of
from octavo.training.recipe import Stage


def stage(length: int, *tokens: int) -> StageData:
    return StageData(Stage(length), tuple(Measured(index, count, 1, "") for index, count in enumerate(tokens)))


def test_a_sample_is_a_row_where_nothing_is_packed() -> None:
    assert rows_of(stage(1000, 300, 700), packing=False) == [Row(300, 1), Row(700, 1)]


def test_a_sample_goes_where_the_least_room_holds_it() -> None:
    found = rows_of(stage(10, 3, 6, 4, 7), packing=True)  # 7 with 3, 6 with 4
    assert found == [Row(10, 2, 2), Row(10, 2, 2)]


def test_samples_that_do_not_go_together_are_more_rows_than_their_tokens_fill() -> None:
    assert (
        rows_of(stage(8000, *[5000] * 100), packing=True) == [Row(5000, 1)] * 100
    )  # 500,000 tokens are 63 times 8,000


@given(st.lists(st.integers(1, 50), min_size=1, max_size=60))
def test_packing_keeps_every_token_and_overfills_no_row(tokens: list[int]) -> None:
    found = rows_of(stage(50, *tokens), packing=True)
    assert sum(row.tokens for row in found) == sum(tokens)
    assert sum(row.samples for row in found) == len(tokens)
    assert max(row.tokens for row in found) <= 50


@pytest.mark.parametrize("seed", [0, 1])
def test_rows_are_as_many_and_as_long_as_trl_makes_them(seed: int) -> None:
    from random import Random

    from datasets import Dataset
    from trl import pack_dataset

    tokens = [Random(f"{seed}, {number}").randint(1, 400) for number in range(1300)]
    packed = pack_dataset(Dataset.from_dict({"input_ids": [[1] * count for count in tokens]}), 512)
    found = rows_of(stage(512, *tokens), packing=True)
    assert sorted(row.tokens for row in found) == sorted(len(row) for row in packed["input_ids"])
