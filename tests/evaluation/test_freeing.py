"""Free memory is given back, again and again, whatever the system."""

from __future__ import annotations

import sys

import pytest

from octavo.evaluation import freeing


def test_it_may_be_given_back_at_any_time() -> None:
    blocks = [bytearray(100_000) for _ in range(50)]
    freeing.give_back_free_memory()
    blocks.clear()
    freeing.give_back_free_memory()


def test_elsewhere_nothing_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    freeing._malloc_trim.cache_clear()
    assert freeing._malloc_trim() is None
    freeing.give_back_free_memory()
    freeing._malloc_trim.cache_clear()
