"""What a training will take on this machine, before any weights are loaded: steps, tokens, memory, time.

The operations (`operations.py`) divided by the measured rate (`machine.py`) are the time; training does not reach the
rate of a plain product, so a share of it is taken. Knows lengths and shapes; loads nothing.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from octavo.training.data.lengths import StageData
from octavo.training.evaluation_plan import Shown
from octavo.training.model.shape import ModelShape
from octavo.training.planning.footprint import Footprint, footprint, trained_parameters
from octavo.training.planning.machine import Machine
from octavo.training.planning.measuring import MeasuringPlan, measuring_plan
from octavo.training.planning.operations import sequence_operations
from octavo.training.planning.rows import rows_of
from octavo.training.recipe import Recipe, Stage

_SHARE = {"cpu": 0.6, "cuda": 0.4}
"""Of the rate of a plain product, what training reaches: on a CPU the median of steps of a model of 135M, from 290 to
1,024 tokens (0.4 to 1.1 on a busy machine of two cores); on GPUs about the 38 to 43 % that Llama 3 reports (Grattafiori
et al. 2024, arXiv 2407.21783, table 4)."""


@dataclass(frozen=True, slots=True)
class StagePlan:
    """A stage: `steps` of the optimizer, each over `rows` rows, `tokens` and `seconds` in all. `memory` is for its
    longest row, of `longest` tokens; `masked`: samples are packed in its rows."""

    stage: Stage
    samples: int
    steps: int
    rows: int
    tokens: int
    operations: float
    seconds: float
    repeats: bool
    longest: int
    masked: bool
    memory: Footprint

    @property
    def seconds_per_step(self) -> float:
        """Of the optimizer, with all rows that add up to it."""
        return self.seconds / self.steps


@dataclass(frozen=True, slots=True)
class Plan:
    """What a training takes; `together` rows are shown at a time."""

    parameters: int
    trained: int
    stages: tuple[StagePlan, ...]
    together: int
    machine: Machine
    measuring: MeasuringPlan | None = None

    @property
    def heaviest(self) -> StagePlan:
        """The stage that takes most memory."""
        return max(self.stages, key=lambda stage: stage.memory.total)

    @property
    def memory(self) -> Footprint:
        """That of the heaviest stage; what is offloaded, of the stage that offloads most."""
        return replace(self.heaviest.memory, offloaded=max(stage.memory.offloaded for stage in self.stages))

    @property
    def seconds(self) -> float:
        """Of all stages and of measuring; loading and saving come on top."""
        return sum(stage.seconds for stage in self.stages) + (self.measuring.seconds if self.measuring else 0.0)

    @property
    def missing(self) -> int:
        """Bytes that each device lacks; 0 where they suffice, or what is free is not known."""
        return _lacking(self.memory.total, self.machine.memory)

    @property
    def missing_to_measure(self) -> int:
        """Bytes that each device lacks for the longest text that is measured, as `missing` has it."""
        return _lacking(self.measuring.memory.total, self.machine.memory) if self.measuring is not None else 0

    @property
    def missing_host(self) -> int:
        """Bytes of the computer's memory that each device lacks for what is offloaded to it, as `missing` has it."""
        return _lacking(self.memory.offloaded, self.machine.host)

    def as_json(self) -> dict[str, Any]:
        """The plan for programs: bytes, seconds, tokens, operations."""
        return {
            "parameters": self.parameters,
            "trained": self.trained,
            "stages": [
                {
                    "length": stage.stage.length,
                    "samples": stage.samples,
                    "repeats": stage.repeats,
                    "steps": stage.steps,
                    "rows_per_step": stage.rows,
                    "tokens": stage.tokens,
                    "operations": stage.operations,
                    "seconds": stage.seconds,
                }
                for stage in self.stages
            ],
            "longest_row": self.heaviest.longest,
            "memory": _memory_json(self.memory, self.missing),
            "measuring": self._measuring_json(),
            "machine": asdict(self.machine),
            "seconds": self.seconds,
        }

    def _measuring_json(self) -> dict[str, Any] | None:
        measuring = self.measuring
        if measuring is None:
            return None
        return {
            "times": measuring.times,
            "seconds": measuring.seconds,
            "tokens": measuring.most.tokens,
            "memory": _memory_json(measuring.memory, self.missing_to_measure),
        }


def make_plan(
    recipe: Recipe,
    shape: ModelShape,
    arranged: Sequence[StageData],
    machine: Machine,
    shown: Sequence[Shown] = (),
) -> Plan:
    """What the recipe takes for a model of this shape, samples so arranged, and what is `shown` to measure it."""
    stages = tuple(_stage_plan(recipe, shape, data, machine) for data in arranged)
    steps = [stage.steps for stage in stages]
    measuring = measuring_plan(recipe, shape, steps, shown, machine, share=_SHARE[machine.device])
    trained = trained_parameters(shape, recipe)
    return Plan(shape.parameters, trained, stages, recipe.micro_batch, machine, measuring)


def rows_a_step(recipe: Recipe, data: StageData, apart: int = 1) -> int:
    """How many rows' gradients are added up for a step, so that it sees about `recipe.batch_tokens` tokens: a multiple
    of `micro_batch` in each of `apart` processes with rows of their own, at least that, and no more than there are."""
    rows = len(rows_of(data, packing=recipe.packing))
    together = recipe.micro_batch * apart
    mean = data.tokens / rows
    wanted = max(1, round(recipe.batch_tokens / (mean * together)))
    return together * min(wanted, math.ceil(rows / together))


def _stage_plan(recipe: Recipe, shape: ModelShape, data: StageData, machine: Machine) -> StagePlan:
    rows = rows_of(data, packing=recipe.packing)
    longest, masked = max(row.tokens for row in rows), any(row.samples > 1 for row in rows)
    together = rows_a_step(recipe, data, machine.devices // machine.sharing.row)
    an_epoch = math.ceil(len(rows) / together)
    steps = data.stage.steps or math.ceil(an_epoch * data.stage.epochs)
    full, rest = divmod(steps, an_epoch)  # an epoch's last step has what rows are left
    epochs = full + rest * together / len(rows) if data.stage.steps else data.stage.epochs
    operations = epochs * sum(
        sequence_operations(shape, recipe, row.tokens, row.learned, masked=row.samples > 1) for row in rows
    )
    return StagePlan(
        data.stage,
        len(data.samples),
        steps,
        together,
        round(data.tokens * epochs),
        operations,
        operations / (machine.rate * machine.devices * _SHARE[machine.device]),
        data.repeats,
        longest,
        masked,
        footprint(
            shape,
            recipe,
            longest,
            length=data.stage.length,
            masked=masked,
            device=machine.device,
            sharing=machine.sharing,
        ),
    )


def _lacking(needed: int, free: int | None) -> int:
    return 0 if free is None else max(0, needed - free)


def _memory_json(memory: Footprint, missing: int) -> dict[str, int]:
    return {**asdict(memory), "total": memory.total, "missing": missing}
