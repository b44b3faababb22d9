"""Memory that is free inside this process is given back to the system.

A text of millions of characters, tokenized and indexed, leaves hundreds of megabytes of free blocks behind, which the C
library keeps; from one item to the next they would add up. Most are kept in arenas that threads have for themselves,
where a block or two in use hold the rest. Knows the C library; nothing of items.
"""

from __future__ import annotations

import ctypes
import sys
from functools import cache
from typing import Any

_M_ARENA_MAX = -8
_ARENAS = 2


def share_arenas() -> None:
    """Let threads that start from now on share two arenas, where the C library has a choice (glibc, which would give a
    thread its own, up to eight a core); elsewhere nothing happens. No slower, and five texts of a million tokens take a
    sixth less memory (`benchmarks/pressure.py`)."""
    mallopt = _glibc("mallopt")
    if mallopt is not None:
        mallopt(_M_ARENA_MAX, _ARENAS)


def give_back_free_memory() -> None:
    """Do so where the C library can (glibc); elsewhere nothing happens."""
    trim = _glibc("malloc_trim")
    if trim is not None:
        trim(0)


@cache
def _glibc(name: str) -> Any:
    if not sys.platform.startswith("linux"):
        return None
    return getattr(ctypes.CDLL(None), name, None)
