"""That a training on a CPU keeps the memory that it frees, in large pages.

A step takes and frees the same gigabytes as the one before. By default the C library gives each large block back to the
system, which hands it out again page by page, every one wiped: a good part of a step, and more as memory is cut up.
Knows the GNU C library and torch's allocator; elsewhere nothing happens.
"""

from __future__ import annotations

import ctypes
import os

_LARGE_PAGES = "THP_MEM_ALLOC_ENABLE"
"""torch takes large blocks in huge pages where the system gives them on demand; looked at as it is first imported."""

_TRIM_THRESHOLD, _MMAP_MAX = -1, -4
"""Parameters of mallopt (malloc.h)."""
_NEVER = -1


def keep_freed_memory() -> bool:
    """Let this process keep what it frees, and take it in large pages where torch is not imported yet. A setting that
    is there already stays. Returns whether the C library can do so."""
    os.environ.setdefault(_LARGE_PAGES, "1")
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):  # another C library, or none to be asked
        return False
    return bool(mallopt(_MMAP_MAX, 0)) and bool(mallopt(_TRIM_THRESHOLD, _NEVER))
