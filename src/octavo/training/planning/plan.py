"""What a training will take on this machine, before any weights are loaded: steps, tokens, memory, time.

The operations (`operations.py`) divided by the measured rate (`machine.py`) are the time; training does not reach the
rate of a plain product, so a share of it is taken. Knows lengths and shapes; loads nothing.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from octavo.errors import TrainingError
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
    """A stage: `steps` of the optimizer, each over `rows` rows, `tokens` and `seconds` in all."""

    stage: Stage
    samples: int
    steps: int
    rows: int
    tokens: int
    operations: float
    seconds: float
    repeats: bool

    @property
    def seconds_per_step(self) -> float:
        """Of the optimizer, with all rows that add up to it."""
        return self.seconds / self.steps


@dataclass(frozen=True, slots=True)
class Plan:
    """What a training takes. `memory` is for a row of `row` tokens in a stage of `length`, the longest row of the stage
    that takes most (what is offloaded, of the stage that offloads most); `masked`: samples are packed in it."""

    parameters: int
    trained: int
    stages: tuple[StagePlan, ...]
    row: int
    length: int
    masked: bool
    memory: Footprint
    machine: Machine
    measuring: MeasuringPlan | None = None

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

    def as_rows(self) -> list[tuple[str, str]]:
        """The plan as names and values, for people."""
        memory, machine = self.memory, self.machine
        rows = [("parameters", f"{_amount(self.parameters)}, {_amount(self.trained)} of them trained")]
        for stage in self.stages:
            name = f"stage {stage.stage.length:,}"
            rows.append(
                (
                    name,
                    f"{_count(stage.samples, 'sample')}, {_count(stage.steps, 'step')} of "
                    f"{_count(stage.rows, 'row')}, "
                    f"{stage.tokens:,} tokens, "
                    f"about {_time(stage.seconds_per_step)} a step, {_time(stage.seconds)} in all",
                )
            )
            if stage.repeats:
                rows.append((name, "no sample needs this length: those of the stages before are trained again"))
        parts = {
            "weights": memory.weights,
            "gradients": memory.gradients,
            "optimizer": memory.optimizer,
            f"a row of {self.row:,} tokens": memory.activations + memory.logits,
            "the mask between its samples": memory.mask,
            "the program": memory.runtime,
        }
        rows.append(("memory", f"{_bytes(memory.total)}; free: {_free(machine.memory)}"))
        rows.append(("of it", ", ".join(f"{name} {_bytes(size)}" for name, size in parts.items() if size)))
        if memory.offloaded:
            rows.append(("offloaded", f"{_bytes(memory.offloaded)} of the computer's; free: {_free(machine.host)}"))
        if self.measuring is not None:
            rows.append(("measuring", _measuring(self.measuring)))
        devices = machine.device if machine.devices == 1 else f"{machine.devices} x {machine.device}"
        rows.append(("machine", f"{devices}, {_amount(machine.rate)} operations a second measured"))
        rows.append(("time", f"about {_time(self.seconds)}"))
        return rows

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
            "longest_row": self.row,
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
    plans = [_with_memory(recipe, shape, stages, data, machine) for data in arranged]
    most = max(plans, key=lambda plan: plan.memory.total)
    measuring = measuring_plan(
        recipe, shape, [stage.steps for stage in stages], shown, machine, share=_SHARE[machine.device]
    )
    offloaded = max(plan.memory.offloaded for plan in plans)
    return replace(most, memory=replace(most.memory, offloaded=offloaded), measuring=measuring)


def rows_a_step(recipe: Recipe, data: StageData, apart: int = 1) -> int:
    """How many rows' gradients are added up for a step, so that it sees about `recipe.batch_tokens` tokens: a multiple
    of `micro_batch` in each of `apart` processes with rows of their own, at least that, and no more than there are."""
    rows = len(rows_of(data, packing=recipe.packing))
    together = recipe.micro_batch * apart
    mean = data.tokens / rows
    wanted = max(1, round(recipe.batch_tokens / (mean * together)))
    return together * min(wanted, math.ceil(rows / together))


def require_memory(plan: Plan, recipe: Recipe, shape: ModelShape) -> None:
    """Raises `TrainingError` where the memory does not suffice: how much is missing, and what to change."""
    if plan.missing and plan.machine.memory is not None:
        raise TrainingError(
            f"training {_amount(plan.parameters)} parameters on rows of {plan.row:,} tokens takes "
            f"{_bytes(plan.memory.total)} of memory and {_bytes(plan.machine.memory)} are free: "
            f"{_bytes(plan.missing)} are missing; {_remedy(plan, recipe, shape, plan.machine.memory)}"
        )
    if plan.missing_to_measure and plan.measuring is not None:
        raise TrainingError(
            f"measuring a text of {plan.measuring.most.tokens:,} tokens takes {_bytes(plan.measuring.memory.total)} of "
            f"memory and {_free(plan.machine.memory)} are free: {_bytes(plan.missing_to_measure)} are missing; "
            f"leave {plan.measuring.most.option} out, or give less of it"
        )
    if plan.missing_host:
        raise TrainingError(
            f"the longest row leaves {_bytes(plan.memory.offloaded)} for each GPU to the computer's memory, of which "
            f"{_free(plan.machine.host)} are free: {_bytes(plan.missing_host)} are missing; take shorter stages, or a "
            "computer with more memory"
        )


def _with_memory(
    recipe: Recipe, shape: ModelShape, stages: tuple[StagePlan, ...], data: StageData, machine: Machine
) -> Plan:
    """The plan with the memory of one stage."""
    rows = rows_of(data, packing=recipe.packing)
    longest, masked = max(row.tokens for row in rows), any(row.samples > 1 for row in rows)
    length = data.stage.length
    memory = footprint(
        shape, recipe, longest, length=length, masked=masked, device=machine.device, sharing=machine.sharing
    )
    trained = trained_parameters(shape, recipe)
    return Plan(shape.parameters, trained, stages, longest, length, masked, memory, machine)


def _stage_plan(recipe: Recipe, shape: ModelShape, data: StageData, machine: Machine) -> StagePlan:
    rows = rows_of(data, packing=recipe.packing)
    together = rows_a_step(recipe, data, machine.devices // machine.sharing.row)
    steps = data.stage.steps or math.ceil(math.ceil(len(rows) / together) * data.stage.epochs)
    once = sum(sequence_operations(shape, recipe, row.tokens, row.learned, masked=row.samples > 1) for row in rows)
    epochs = steps * together / len(rows) if data.stage.steps else data.stage.epochs
    operations = once * epochs
    return StagePlan(
        data.stage,
        len(data.samples),
        steps,
        together,
        round(data.tokens * epochs),
        operations,
        operations / (machine.rate * machine.devices * _SHARE[machine.device]),
        data.repeats,
    )


def _remedy(plan: Plan, recipe: Recipe, shape: ModelShape, free: int) -> str:
    """The first change that makes it fit; else all of them together and the longest row that then does."""

    def takes(changed: Recipe, row: int) -> int:
        return footprint(
            shape,
            changed,
            row,
            length=plan.length,
            masked=plan.masked and changed.packing,
            device=plan.machine.device,
            sharing=plan.machine.sharing,
        ).total

    ways = [
        ("--no-packing", replace(recipe, packing=False)),
        ("--checkpointing", replace(recipe, checkpointing=True)),
        ("--method lora", replace(recipe, method="lora")),
        ("--method lora --checkpointing", replace(recipe, method="lora", checkpointing=True)),
    ]
    if plan.machine.device == "cuda":  # bitsandbytes' 4 bits are for GPUs
        ways.append(("--method qlora --checkpointing", replace(recipe, method="qlora", checkpointing=True)))
    for flags, changed in ways:
        if changed != recipe and takes(changed, plan.row) <= free:
            return f"{flags} fits"
    flags, least = ways[-1]
    fits, row = 0, plan.row
    while fits < row - 1:  # halving the stretch between a length that fits and one that does not
        middle = (fits + row) // 2
        fits, row = (middle, row) if takes(least, middle) <= free else (fits, middle)
    if fits < plan.row // 64:
        return "take a smaller model, or a machine with more memory"
    return f"{flags} with rows of at most {fits:,} tokens fits; or let several GPUs share a row (docs/training.md)"


def _lacking(needed: int, free: int | None) -> int:
    return 0 if free is None else max(0, needed - free)


def _memory_json(memory: Footprint, missing: int) -> dict[str, int]:
    return {**asdict(memory), "total": memory.total, "missing": missing}


def _measuring(measuring: MeasuringPlan) -> str:
    times = "once" if measuring.times == 1 else f"{measuring.times:,} times"
    return (
        f"{times}, about {_time(measuring.once)} each without what is written; a text of {measuring.most.tokens:,} "
        f"tokens takes {_bytes(measuring.memory.total)}"
    )


def _free(size: int | None) -> str:
    return "not known" if size is None else _bytes(size)


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"


def _amount(number: float) -> str:
    for size, unit in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")):
        if number >= size:
            return f"{number / size:.3g}{unit}"
    return f"{number:.3g}"


def _bytes(size: int) -> str:
    return f"{size / 1e9:,.1f} GB" if size >= 1e8 else f"{size / 1e6:,.0f} MB"


def _time(seconds: float) -> str:
    if seconds < 100:
        return f"{seconds:.2g} s" if seconds < 10 else f"{seconds:.0f} s"
    if seconds < 7200:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:,.1f} h"
