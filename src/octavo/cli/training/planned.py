"""The plan of a training, for people: names and values. Knows a plan; nothing of how it is made."""

from __future__ import annotations

from octavo.cli.pace import spoken_count, spoken_seconds
from octavo.training.planning.measuring import MeasuringPlan
from octavo.training.planning.plan import Plan
from octavo.training.planning.words import amount_of, rows_shown, size_of


def plan_rows(plan: Plan) -> list[tuple[str, str]]:
    """The plan as names and values, for people."""
    memory, machine = plan.memory, plan.machine
    rows = [("parameters", f"{amount_of(plan.parameters)}, {amount_of(plan.trained)} of them trained")]
    for stage in plan.stages:
        name = f"stage {stage.stage.length:,}"
        rows.append(
            (
                name,
                f"{spoken_count(stage.samples, 'sample')}, {spoken_count(stage.steps, 'step')} of "
                f"{spoken_count(stage.rows, 'row')}, {stage.tokens:,} tokens, "
                f"about {_time(stage.seconds_per_step)} a step, {_time(stage.seconds)} in all",
            )
        )
        if stage.repeats:
            rows.append((name, "no sample needs this length: those of the stages before are trained again"))
    parts = {
        "weights": memory.weights,
        "gradients": memory.gradients,
        "optimizer": memory.optimizer,
        rows_shown(plan.together, plan.heaviest.longest): memory.activations + memory.logits,
        "the mask between its samples": memory.mask,
        "the program": memory.runtime,
    }
    rows.append(("memory", f"{size_of(memory.total)}; free: {size_of(machine.memory)}"))
    rows.append(("of it", ", ".join(f"{name} {size_of(size)}" for name, size in parts.items() if size)))
    if memory.offloaded:
        rows.append(("offloaded", f"{size_of(memory.offloaded)} of the computer's; free: {size_of(machine.host)}"))
    if plan.measuring is not None:
        rows.append(("measuring", _measuring(plan.measuring)))
    devices = machine.device if machine.devices == 1 else f"{machine.devices} x {machine.device}"
    rows.append(("machine", f"{devices}, {amount_of(machine.rate)} operations a second measured"))
    rows.append(("time", f"about {_time(plan.seconds)}"))
    return rows


def _measuring(measuring: MeasuringPlan) -> str:
    times = "once" if measuring.times == 1 else f"{measuring.times:,} times"
    return (
        f"{times}, about {_time(measuring.once)} each without what is written; a text of {measuring.most.tokens:,} "
        f"tokens takes {size_of(measuring.memory.total)}"
    )


def _time(seconds: float) -> str:
    return f"{seconds:.2g} s" if seconds < 10 else spoken_seconds(seconds)
