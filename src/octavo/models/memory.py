"""How much memory this process can still take, and in what pages it takes it.

Bound by what the machine has free and by a container's limit. Knows the operating system; nothing of models.
"""

from __future__ import annotations

import os
from pathlib import Path

_FREE = Path("/proc/meminfo")
_GROUP = Path("/sys/fs/cgroup")

_LARGE_PAGES = "THP_MEM_ALLOC_ENABLE"
"""torch's own variable."""


def large_pages() -> None:
    """Let torch take large blocks of memory in huge pages, where the system gives them on demand. A step of a training
    takes and frees gigabytes; in small pages each is handed out and wiped page by page. (That the C library keeps what
    is freed is no way out: rows of many lengths cut it up, and it grows until memory ends.) Of use only before torch is
    first imported; a setting that is there already stays."""
    os.environ.setdefault(_LARGE_PAGES, "1")


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
        taken = (group / "memory.current").read_text(encoding="ascii").strip()
        return None if most == "max" else max(0, int(most) - int(taken))
    except (OSError, ValueError):
        return None
