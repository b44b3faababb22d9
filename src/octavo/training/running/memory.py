"""Memory that a training on a CPU has freed, given back before it fills the machine.

Rows have many lengths, so what one step freed does not fit the next, and what the C library holds on to grows from step
to step. Knows the Trainer's callbacks.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from octavo.models.memory import available_memory, release_memory, taken_memory

_SHARE = 0.5


def releasing_memory(
    processes: int = 1,
    *,
    free: int | None = None,
    taken: Callable[[], int | None] = taken_memory,
    release: Callable[[], None] = release_memory,
) -> Any:
    """A callback for the Trainer that gives freed memory back after steps that left this one of as many `processes`
    with more than its part of half of `free` bytes (default: what is free now). Where the system does not tell, after
    every step."""
    from transformers import TrainerCallback

    most = _SHARE * ((available_memory() if free is None else free) or 0) / processes

    class Releasing(TrainerCallback):  # type: ignore[misc]
        def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            held = taken()
            if held is None or held > most:
                release()

    return Releasing()
