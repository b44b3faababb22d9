"""What measuring on the way takes on this machine: how often, how long each time, and memory for the longest text.

A text is gone through once, and nothing is kept for a way back. Each process measures all of it. Knows lengths and
shapes; shows no model anything.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from octavo.training.evaluation_plan import EvaluationPlan, Shown
from octavo.training.model.shape import ModelShape
from octavo.training.planning.footprint import Footprint, measuring_footprint
from octavo.training.planning.machine import Machine
from octavo.training.planning.operations import forward_operations
from octavo.training.recipe import Recipe


@dataclass(frozen=True, slots=True)
class MeasuringPlan:
    """Measured `times` times over, `once` seconds each (the replies that are written come on top). `memory` is for what
    takes most of all that is shown."""

    times: int
    once: float
    most: Shown
    memory: Footprint

    @property
    def seconds(self) -> float:
        """Of all times together."""
        return self.times * self.once


def measuring_plan(
    recipe: Recipe, shape: ModelShape, steps: Sequence[int], shown: Sequence[Shown], machine: Machine, share: float
) -> MeasuringPlan | None:
    """What `recipe.evaluation` takes in stages of so many `steps`, for texts and prompts of these lengths; a model
    reaches this `share` of the machine's rate. None where nothing is measured."""
    if recipe.evaluation is None or not shown:
        return None
    operations = sum(forward_operations(shape, recipe, text.tokens, text.scored) for text in shown)

    def memory(text: Shown) -> Footprint:
        return measuring_footprint(
            shape, recipe, text.tokens, text.scored, device=machine.device, sharing=machine.sharing
        )

    most = max(shown, key=lambda text: memory(text).total)
    times = times_measured(recipe.evaluation, steps)
    return MeasuringPlan(times, operations / (machine.rate * share), most, memory(most))


def times_measured(plan: EvaluationPlan, steps: Sequence[int]) -> int:
    """How often a plan measures in stages of so many steps."""
    return sum(plan.due(stage, step, count) for stage, count in enumerate(steps, start=1) for step in range(count + 1))
