"""Freed memory goes back to the system when too much of it is held."""

from __future__ import annotations

import pytest

pytest.importorskip("transformers")

from octavo.training.running.memory import releasing_memory


@pytest.mark.parametrize(
    ("processes", "held", "released"), [(1, 500, 0), (1, 501, 1), (2, 250, 0), (2, 251, 1), (1, None, 1)]
)
def test_it_is_released_when_more_than_half_is_held(processes: int, held: int | None, released: int) -> None:
    times = []
    callback = releasing_memory(processes, free=1_000, taken=lambda: held, release=lambda: times.append(1))
    callback.on_step_end(None, None, None)
    assert len(times) == released
