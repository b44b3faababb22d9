"""How much memory there is."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from octavo.models.memory import available_memory

FREE = "MemTotal:       8000000 kB\nMemFree:         100000 kB\nMemAvailable:   4000000 kB\n"


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    (tmp_path / "meminfo").write_text(FREE)
    return tmp_path


def test_what_the_machine_has_free(machine: Path) -> None:
    assert available_memory(machine / "meminfo", machine) == 4_000_000 * 1024


@pytest.mark.parametrize(
    ("most", "left"), [("max", 4_000_000 * 1024), ("3000000", 2_000_000), ("500000", 0), ("?", 4_000_000 * 1024)]
)
def test_a_container_s_limit_bounds_it(machine: Path, most: str, left: int) -> None:
    (machine / "memory.max").write_text(f"{most}\n")
    (machine / "memory.current").write_text("1000000\n")
    assert available_memory(machine / "meminfo", machine) == left


def test_where_the_system_does_not_tell_it_is_all_that_there_is(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sysconf", {"SC_PAGE_SIZE": 4_096, "SC_PHYS_PAGES": 1_000}.__getitem__)
    assert available_memory(machine / "none", machine) == 4_096_000


def test_nothing_may_be_known(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "sysconf")
    assert available_memory(machine / "none", machine) is None
