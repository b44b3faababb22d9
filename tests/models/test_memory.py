"""How much memory there is."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from octavo.models.memory import available_memory, large_pages

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


_HUGE_KILOBYTES = """
import re
from pathlib import Path
from octavo.models.memory import large_pages
large_pages()
import torch
kept = torch.ones(64 << 18)
print(re.search(r"AnonHugePages: +([0-9]+)", Path("/proc/self/smaps_rollup").read_text())[1])
"""


def test_torch_takes_large_blocks_in_huge_pages() -> None:
    pytest.importorskip("torch")
    given = Path("/sys/kernel/mm/transparent_hugepage/enabled")
    if not given.exists() or "[madvise]" not in given.read_text():
        pytest.skip("the system gives none on demand")
    ended = subprocess.run([sys.executable, "-c", _HUGE_KILOBYTES], capture_output=True, text=True, check=True)
    assert int(ended.stdout) >= 48 * 1024


def test_a_choice_of_pages_that_was_made_already_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THP_MEM_ALLOC_ENABLE", "0")
    large_pages()
    assert os.environ["THP_MEM_ALLOC_ENABLE"] == "0"
