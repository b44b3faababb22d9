"""Memory that is free inside this process is given back to the system.

A text of millions of characters, tokenized and indexed, leaves hundreds of megabytes of free blocks behind, which the C
library keeps; from one item to the next they would add up. Knows the C library; nothing of items.
"""

from __future__ import annotations

import ctypes
import sys
from functools import cache
from typing import Any


def give_back_free_memory() -> None:
    """Do so where the C library can (glibc); elsewhere nothing happens."""
    trim = _malloc_trim()
    if trim is not None:
        trim(0)


@cache
def _malloc_trim() -> Any:
    if not sys.platform.startswith("linux"):
        return None
    return getattr(ctypes.CDLL(None), "malloc_trim", None)
