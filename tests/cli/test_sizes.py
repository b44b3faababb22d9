"""Lengths and depths as people write them."""

from __future__ import annotations

import pytest

from octavo.cli.sizes import parsed_depths, parsed_numbers, parsed_size, parsed_sizes
from octavo.errors import UsageError


def test_lengths() -> None:
    assert parsed_sizes("8k, 32K,1.5m,900") == (8_000, 32_000, 1_500_000, 900)


def test_depths_as_a_list_or_a_range() -> None:
    assert parsed_depths("0,33.3,100") == (0, 33.3, 100)
    assert parsed_depths("0:100:25") == (0, 25, 50, 75, 100)


@pytest.mark.parametrize("words", ["", "8q", "k", "0"])
def test_what_is_no_length_is_named(words: str) -> None:
    with pytest.raises(UsageError, match="no length"):
        parsed_sizes(words)


@pytest.mark.parametrize("words", ["", "a", "0:100", "0:100:0", "-1", "101"])
def test_what_are_no_depths_is_named(words: str) -> None:
    with pytest.raises(UsageError, match="depths"):
        parsed_depths(words)


def test_one_length_and_no_more() -> None:
    assert parsed_size("1m") == 1_000_000
    with pytest.raises(UsageError, match="2 lengths: give one"):
        parsed_size("8k,1m")


def test_numbers() -> None:
    assert parsed_numbers("2, 4,8") == (2, 4, 8)


@pytest.mark.parametrize("words", ["", "a", "2,,4", "1.5", "0,2"])
def test_what_are_no_numbers_is_named(words: str) -> None:
    with pytest.raises(UsageError, match="numbers"):
        parsed_numbers(words)
