from __future__ import annotations

import os
from pathlib import Path

import pytest

from octavo.models.cores import patient_threads, physical_cores


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Four hardware threads on two cores."""
    for cpu, siblings in enumerate(("0,2", "1,3", "0,2", "1,3")):
        folder = tmp_path / f"cpu{cpu}" / "topology"
        folder.mkdir(parents=True)
        (folder / "thread_siblings_list").write_text(f"{siblings}\n")
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1, 2, 3}, raising=False)
    return tmp_path


def test_threads_of_one_core_count_once(machine: Path) -> None:
    assert physical_cores(machine, machine / "none") == 2


def test_affinity_bounds_them(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 2}, raising=False)
    assert physical_cores(machine, machine / "none") == 1


@pytest.mark.parametrize(("quota", "cores"), [("max 100000", 2), ("150000 100000", 1), ("50000 100000", 1), ("?", 2)])
def test_a_container_s_quota_bounds_them(machine: Path, quota: str, cores: int) -> None:
    (machine / "cpu.max").write_text(quota)
    assert physical_cores(machine, machine / "cpu.max") == cores


def test_where_the_system_does_not_tell_threads_count(machine: Path) -> None:
    assert physical_cores(machine / "nowhere", machine / "none") == 4


def test_threads_wait_a_little_and_then_asleep_unless_told_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "environ", {"OMP_WAIT_POLICY": "active"})
    patient_threads()
    assert os.environ == {"OMP_WAIT_POLICY": "active", "GOMP_SPINCOUNT": "30000"}
