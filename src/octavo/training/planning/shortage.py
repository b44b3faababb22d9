"""A plan that the machine's memory does not hold, refused: how much is missing, and what to change.

Knows plans and what recipes take; nothing of how they are told otherwise.
"""

from __future__ import annotations

from dataclasses import replace

from octavo.errors import TrainingError
from octavo.training.model.shape import ModelShape
from octavo.training.planning.footprint import footprint
from octavo.training.planning.plan import Plan
from octavo.training.planning.words import amount_of, rows_shown, size_of
from octavo.training.recipe import Recipe


def require_memory(plan: Plan, recipe: Recipe, shape: ModelShape) -> None:
    """Raises `TrainingError` where the memory does not suffice: how much is missing, and what to change."""
    if plan.missing and plan.machine.memory is not None:
        rows = rows_shown(plan.together, plan.heaviest.longest)
        raise TrainingError(
            f"training {amount_of(plan.parameters)} parameters on {rows} takes "
            f"{size_of(plan.memory.total)} of memory and {size_of(plan.machine.memory)} are free: "
            f"{size_of(plan.missing)} are missing; {_remedy(plan, recipe, shape, plan.machine.memory)}"
        )
    if plan.missing_to_measure and plan.measuring is not None:
        raise TrainingError(
            f"measuring a text of {plan.measuring.most.tokens:,} tokens takes {size_of(plan.measuring.memory.total)} "
            f"of memory and {size_of(plan.machine.memory)} are free: {size_of(plan.missing_to_measure)} are missing; "
            f"leave {plan.measuring.most.option} out, or give less of it"
        )
    if plan.missing_host:
        raise TrainingError(
            f"the longest row leaves {size_of(plan.memory.offloaded)} for each GPU to the computer's memory, of which "
            f"{size_of(plan.machine.host)} are free: {size_of(plan.missing_host)} are missing; take shorter stages, or "
            "a computer with more memory"
        )


def _remedy(plan: Plan, recipe: Recipe, shape: ModelShape, free: int) -> str:
    """The first change that makes it fit; else all of them together and the longest row that then does."""

    heaviest, machine = plan.heaviest, plan.machine

    def takes(changed: Recipe, row: int) -> int:
        return footprint(
            shape,
            changed,
            row,
            length=heaviest.stage.length,
            masked=heaviest.masked and changed.packing,
            device=machine.device,
            sharing=machine.sharing,
        ).total

    least = replace(recipe, micro_batch=1, checkpointing=True)
    alone = "--micro-batch 1 " if recipe.micro_batch > 1 else ""
    ways = [
        ("--micro-batch 1", replace(recipe, micro_batch=1)),
        ("--no-packing", replace(recipe, packing=False)),
        ("--checkpointing", replace(recipe, checkpointing=True)),
        ("--method lora", replace(recipe, method="lora")),
        (f"{alone}--method lora --checkpointing", replace(least, method="lora")),
    ]
    if machine.device == "cuda":  # bitsandbytes' 4 bits are for GPUs
        ways.append((f"{alone}--method qlora --checkpointing", replace(least, method="qlora")))
    for flags, changed in ways:
        if changed != recipe and takes(changed, heaviest.longest) <= free:
            return f"{flags} fits"
    flags, least = ways[-1]
    fits, row = 0, heaviest.longest
    while fits < row - 1:  # halving the stretch between a length that fits and one that does not
        middle = (fits + row) // 2
        fits, row = (middle, row) if takes(least, middle) <= free else (fits, middle)
    if fits < heaviest.longest // 64:
        return "take a smaller model, or a machine with more memory"
    return f"{flags} with rows of at most {fits:,} tokens fits; or let several GPUs share a row (docs/training.md)"
