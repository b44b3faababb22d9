"""How much memory this process can still take.

Bound by what the machine has free and by a container's limit. Knows the operating system; nothing of models.
"""

from __future__ import annotations

import os
from pathlib import Path

_FREE = Path("/proc/meminfo")
_GROUP = Path("/sys/fs/cgroup")


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
