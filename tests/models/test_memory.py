"""How much memory there is."""

from __future__ import annotations

import ctypes
import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from octavo.models.memory import available_memory, large_pages, release_memory, taken_memory

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


def test_what_a_container_s_files_take_can_be_had(machine: Path) -> None:
    (machine / "memory.max").write_text("3000000\n")
    (machine / "memory.current").write_text("2500000\n")
    (machine / "memory.stat").write_text("anon 1000\ninactive_anon 5\ninactive_file 2000000\n")
    assert available_memory(machine / "meminfo", machine) == 2_500_000


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


def test_what_this_process_holds(tmp_path: Path) -> None:
    (tmp_path / "statm").write_text("900 300 20 1 0 250 0\n")
    assert taken_memory(tmp_path / "statm") == 300 * os.sysconf("SC_PAGE_SIZE")
    assert taken_memory(tmp_path / "none") is None


_HELD = """
import ctypes
from octavo.models.memory import release_memory, taken_memory
before = taken_memory()
library = ctypes.CDLL(None)
library.malloc.restype, library.malloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
library.free.argtypes = [ctypes.c_void_p]
blocks = [library.malloc(60_000) for _ in range(1_000)]
for block in blocks:
    ctypes.memset(block, 1, 60_000)
for block in blocks[:-1]:
    library.free(block)
print(round((taken_memory() - before) / 20_000_000))
release_memory()
print(round((taken_memory() - before) / 20_000_000))
"""


def test_what_is_freed_and_held_on_to_is_given_back() -> None:
    if "glibc" not in platform.libc_ver():
        pytest.skip("only the GNU C library does this")
    ended = subprocess.run([sys.executable, "-c", _HELD], capture_output=True, text=True, check=True)
    assert ended.stdout.split() == ["3", "0"]


def test_where_the_c_library_is_another_nothing_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ctypes, "CDLL", lambda name: object())
    release_memory()
