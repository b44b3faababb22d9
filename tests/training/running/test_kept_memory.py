"""What was freed stays with the process that asked for it."""

from __future__ import annotations

import subprocess
import sys

import pytest

_TAKE_AND_FREE = """
import ctypes, os, sys
from pathlib import Path
from octavo.training.running.kept_memory import keep_freed_memory

def held() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")

if sys.argv[1] == "keep":
    assert keep_freed_memory()
libc = ctypes.CDLL(None)
libc.malloc.restype, libc.malloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
libc.free.argtypes = [ctypes.c_void_p]
before = held()
blocks = [libc.malloc(32 << 20) for _ in range(4)]
for block in blocks:
    ctypes.memset(block, 1, 32 << 20)
for block in blocks:
    libc.free(block)
print((held() - before) >> 20)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="another C library")
@pytest.mark.parametrize("keep", [True, False])
def test_what_was_freed_stays_where_that_is_asked_for(keep: bool) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", _TAKE_AND_FREE, "keep" if keep else "-"], capture_output=True, text=True, check=True
    )
    megabytes = int(ended.stdout)
    assert megabytes >= 120 if keep else megabytes <= 16
