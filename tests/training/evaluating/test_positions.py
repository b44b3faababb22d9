from __future__ import annotations

import pytest

from octavo.errors import EvaluationError
from octavo.training.evaluating.evaluation import PositionLoss
from octavo.training.evaluating.positions import buckets, by_position, stretches


def test_buckets_double_up_to_the_reach() -> None:
    assert buckets(6_000) == [(0, 1024), (1024, 2048), (2048, 4096), (4096, 6000)]
    assert buckets(500) == [(0, 500)]


def test_stretches_are_whole_apart_and_spread_over_the_text() -> None:
    assert stretches(range(10), 3, 2) == [(0, 1, 2), (5, 6, 7)]
    assert stretches(range(10), 3, 9) == [(0, 1, 2), (3, 4, 5), (6, 7, 8)]


def test_too_little_text_is_an_error() -> None:
    with pytest.raises(EvaluationError, match="has 10 tokens, and 11 are to be read"):
        stretches(range(10), 11, 1)


def test_each_bucket_has_the_mean_of_its_own_tokens_and_the_first_token_has_no_loss() -> None:
    texts = [[1.0, 2.0, 3.0], [3.0, 4.0, 5.0]]  # of four tokens each
    assert by_position(texts, [(0, 2), (2, 4)]) == [PositionLoss(0, 2, 2.0, 2), PositionLoss(2, 4, 3.5, 4)]
