"""Child processes that are measured: how long they take and how much memory they, and what they start, hold at most.

Reads /proc, so Linux only. Memory is the sum of the resident sets of the process and all its descendants, looked at
every few milliseconds (of one that takes long, more and more seldom), and no less than the largest single process
reached (its kernel high-water mark); pages shared between them count for each, so the figure errs upwards. Knows
nothing of what the children do.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_INTERVAL = 0.005
_LONGEST_INTERVAL = 0.25
_SHARE = 0.001
"""Of the time that has passed: looking costs about a millisecond, which hours of it would add up."""

MIB = 2**20


@dataclass(frozen=True, slots=True)
class ChildRun:
    """A finished child: wall time, peak memory of its process tree, exit code and output."""

    seconds: float
    peak_mib: float
    returncode: int
    stdout: str
    stderr: str


class PeakMemory:
    """Watches a process tree from `start()` until `stop()`; `mib` is the most seen."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._peak = 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def start(self) -> PeakMemory:
        """Begin to watch."""
        self._thread.start()
        return self

    def stop(self) -> float:
        """End watching; the peak in MiB."""
        self._over.set()
        self._thread.join()
        return self._peak / MIB

    def _watch(self) -> None:
        started = time.monotonic()
        while not self._over.is_set():
            processes = [_memory(pid) for pid in process_tree(self._pid)]
            together = sum(resident for resident, _ in processes)
            largest = max((high_water for _, high_water in processes), default=0)
            self._peak = max(self._peak, together, largest)
            passed = time.monotonic() - started
            self._over.wait(min(_LONGEST_INTERVAL, max(_INTERVAL, passed * _SHARE)))


def run_child(
    arguments: Sequence[str | Path],
    *,
    environment: Mapping[str, str] | None = None,
    timeout: float = 600.0,
    exit_codes: Sequence[int] = (0,),
) -> ChildRun:
    """Run a program to its end and measure it. Raises `RuntimeError` with its standard error where it ends with another
    exit code than those expected."""
    started = time.perf_counter()
    child = subprocess.Popen(
        [str(argument) for argument in arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **(environment or {})},
    )
    memory = PeakMemory(child.pid).start()
    try:
        stdout, stderr = child.communicate(timeout=timeout)
    finally:
        child.kill()
        seconds = time.perf_counter() - started
        peak = memory.stop()
    if child.returncode not in exit_codes:
        raise RuntimeError(f"{arguments[0]} ended with {child.returncode}: {stderr.strip()[-2000:]}")
    return ChildRun(seconds, peak, child.returncode, stdout, stderr)


def run_script(script: Path, *arguments: str, environment: Mapping[str, str] | None = None) -> ChildRun:
    """Run a benchmark's own script in a fresh interpreter."""
    return run_child([sys.executable, script, *arguments], environment=environment)


def process_tree(pid: int) -> list[int]:
    """The process and all its descendants, as far as they are still there."""
    tree = [pid]
    for member in tree:
        try:
            threads = list(Path(f"/proc/{member}/task").iterdir())
        except OSError:
            continue
        for thread in threads:
            try:
                children = (thread / "children").read_text(encoding="ascii")
            except OSError:
                continue
            tree.extend(int(child) for child in children.split())
    return tree


def _memory(pid: int) -> tuple[int, int]:
    """Resident bytes now, and the most so far; zero for a process that is gone."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return 0, 0
    kilobytes = {line.split(":", 1)[0]: line.split(":", 1)[1] for line in lines if line.startswith(("VmRSS", "VmHWM"))}
    resident, high_water = (int(kilobytes.get(key, "0 kB").split()[0]) * 1024 for key in ("VmRSS", "VmHWM"))
    return resident, high_water
