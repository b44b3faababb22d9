"""How much memory this process can still take, in what pages it takes it, and what becomes of what it frees.

Bound by what the machine has free and by a container's limit. Knows the operating system and its C library; nothing of
models.
"""

from __future__ import annotations

import ctypes
import os
from pathlib import Path

_FREE = Path("/proc/meminfo")
_OWN = Path("/proc/self/statm")
_GROUP = Path("/sys/fs/cgroup")

_LARGE_PAGES = "THP_MEM_ALLOC_ENABLE"
"""torch's own variable."""


def large_pages() -> None:
    """Let torch take large blocks of memory in huge pages, where the system gives them on demand. A step of a training
    takes and frees gigabytes; in small pages each is handed out and wiped page by page. Of use only before torch is
    first imported; a setting that is there already stays."""
    os.environ.setdefault(_LARGE_PAGES, "1")


def release_memory() -> None:
    """Give the system back what this process freed and its C library holds on to. Without effect where that is not the
    GNU one."""
    try:
        ctypes.CDLL(None).malloc_trim(0)
    except (OSError, TypeError, AttributeError):
        return


def taken_memory(own: Path = _OWN) -> int | None:
    """Bytes that this process holds, shared ones included; None where the system does not tell."""
    try:
        return int(own.read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return None


def available_memory(free: Path = _FREE, group: Path = _GROUP) -> int | None:
    """Bytes. Where the system does not tell what is free, all that the machine has; None where it tells neither."""
    known = [size for size in (_machine(free), _container(group)) if size is not None]
    return min(known, default=None)


def _machine(path: Path) -> int | None:
    try:
        for line in path.read_text(encoding="ascii").splitlines():
            name, _, rest = line.partition(":")
            if name == "MemAvailable":
                return int(rest.split()[0]) * 1024
    except (OSError, ValueError, IndexError):
        pass
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return None


def _container(group: Path) -> int | None:
    try:
        most = (group / "memory.max").read_text(encoding="ascii").strip()
        taken = int((group / "memory.current").read_text(encoding="ascii"))
        return None if most == "max" else max(0, int(most) - taken + _droppable(group))
    except (OSError, ValueError):
        return None


def _droppable(group: Path) -> int:
    """Bytes of files that the system keeps for speed, counted as the container's, and drops when memory is wanted."""
    try:
        lines = (group / "memory.stat").read_text(encoding="ascii").splitlines()
        return next((int(line.split()[1]) for line in lines if line.startswith("inactive_file ")), 0)
    except (OSError, ValueError, IndexError):
        return 0
