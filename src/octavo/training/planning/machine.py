"""What this machine has for training: its device, free memory, and how fast it multiplies matrices.

The rate is measured, in half a second, each time it is asked for: a machine may be busy, and one figure kept from
yesterday is worth less. Knows no model.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from time import perf_counter
from typing import Any

from octavo.errors import MissingExtra
from octavo.models.memory import available_memory
from octavo.training.planning.launcher import ALONE, Sharing, process_count, processes_here, sharing

_SECONDS = 0.5
_SIDE = {"cpu": 1024, "cuda": 8192}
"""Rows and columns of the matrices that are multiplied."""


@dataclass(frozen=True, slots=True)
class Machine:
    """`device` is torch's word ("cpu", "cuda"), and there are `devices` of it for one training, which have in common
    what `sharing` says. `memory` is what each has free in bytes, None where that is not known, and `host` its part of
    what the computer has, which for a CPU is the same; `rate` the operations a second of each, in the numbers that it
    trains with: single precision on a CPU, bfloat16 on a GPU."""

    device: str
    devices: int
    memory: int | None
    rate: float
    host: int | None = None
    sharing: Sharing = ALONE


def this_machine(clock: Callable[[], float] = perf_counter) -> Machine:
    """The device that torch would train on, measured. Under a launcher, those of all its processes: its CPUs share out
    the computer's memory.

    Raises `MissingExtra` without torch.
    """
    try:
        import torch
    except ImportError as error:
        raise MissingExtra("training", "train") from error
    device = "cuda" if torch.cuda.is_available() else "cpu"
    free = available_memory()
    host = None if free is None else free // processes_here()
    memory = torch.cuda.mem_get_info()[0] if device == "cuda" else host
    return Machine(device, process_count(), memory, measured_rate(torch, device, clock), host, sharing())


def measured_rate(torch: Any, device: str, clock: Callable[[], float] = perf_counter) -> float:
    """Operations a second: the median of as many products of two square matrices as half a second holds, the first,
    which warms up, left out."""
    side = _SIDE[device]
    dtype = torch.bfloat16 if device == "cuda" else torch.float32
    left, right = (torch.ones(side, side, device=device, dtype=dtype) for _ in range(2))

    def timed() -> float:
        start = clock()
        left @ right
        if device == "cuda":
            torch.cuda.synchronize()
        return clock() - start

    timed()
    began = clock()
    times = [timed()]
    while clock() - began < _SECONDS:
        times.append(timed())
    return 2.0 * side**3 / median(times)
