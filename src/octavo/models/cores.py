"""How many processor cores this process can really use, and how threads on them wait for one another.

Cores, not hardware threads: two threads of a core share the units that arithmetic is done on. Bound by the process's
affinity and by a container's quota. Knows the operating system; nothing of models.
"""

from __future__ import annotations

import os
from pathlib import Path

_CPUS = Path("/sys/devices/system/cpu")
_QUOTA = Path("/sys/fs/cgroup/cpu.max")

_PATIENT = {"OMP_WAIT_POLICY": "passive", "GOMP_SPINCOUNT": "30000"}
"""Threads wait for one another spinning for some microseconds, and then asleep. Where something else wants a core too,
threads that spin for ever keep one another from working; where nothing does, threads that sleep at once are late."""


def patient_threads() -> None:
    """Let the threads of numerical libraries (OpenMP's) wait so. Of use only before they are first imported; settings
    that are there already stay."""
    for variable, value in _PATIENT.items():
        os.environ.setdefault(variable, value)


def physical_cores(cpus: Path = _CPUS, quota: Path = _QUOTA) -> int:
    """Physical cores that may be used, at least 1. Where the system does not tell its cores, its threads count."""
    usable = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set(range(os.cpu_count() or 1))
    cores = {_siblings(cpus, cpu) for cpu in usable}
    return max(1, min(len(cores), _quota(quota) or len(cores)))


def _siblings(cpus: Path, cpu: int) -> str:
    try:
        return (cpus / f"cpu{cpu}/topology/thread_siblings_list").read_text(encoding="ascii").strip()
    except OSError:
        return str(cpu)


def _quota(path: Path) -> int | None:
    try:
        allowed, period = path.read_text(encoding="ascii").split()
        return None if allowed == "max" else max(1, int(allowed) // int(period))
    except (OSError, ValueError):
        return None
