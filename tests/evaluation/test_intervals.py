"""How sure a mean is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from octavo.evaluation.intervals import bootstrap_mean, wilson


def test_wilsons_interval_is_the_published_one() -> None:
    """10 of 20 at 95 %: 0.299 to 0.701 (Brown, Cai and DasGupta, Statistical Science 16, 2001)."""
    interval = wilson(10, 20)
    assert interval.low == pytest.approx(0.2993, abs=5e-4)
    assert interval.high == pytest.approx(0.7007, abs=5e-4)


def test_all_right_is_not_certain() -> None:
    assert wilson(5, 5).high == 1
    assert wilson(5, 5).low == pytest.approx(0.5655, abs=5e-4)
    assert bootstrap_mean([1.0] * 5) == wilson(5, 5)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=40), st.integers(0, 5))
def test_the_mean_lies_in_its_interval(values: list[float], seed: int) -> None:
    interval = bootstrap_mean(values, seed=seed, resamples=200)
    mean = sum(values) / len(values)
    assert interval.low - 1e-9 <= mean <= interval.high + 1e-9
    assert 0 <= interval.low <= interval.high <= 1


def test_the_same_seed_gives_the_same_interval() -> None:
    values = [0.1, 0.5, 0.7, 0.2, 0.9] * 4
    assert bootstrap_mean(values, seed=3) == bootstrap_mean(values, seed=3)


def test_a_mean_of_nothing_has_none() -> None:
    with pytest.raises(ValueError, match="at least one"):
        bootstrap_mean([])
