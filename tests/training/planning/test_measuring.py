from __future__ import annotations

from dataclasses import replace

import pytest

from octavo.cli.training.planned import plan_rows
from octavo.errors import TrainingError
from octavo.training.data.lengths import arrange
from octavo.training.evaluation_plan import EvaluationPlan, Shown
from octavo.training.model.shape import shape_of
from octavo.training.planning.footprint import footprint, measuring_footprint
from octavo.training.planning.machine import Machine
from octavo.training.planning.measuring import times_measured
from octavo.training.planning.operations import forward_operations
from octavo.training.planning.plan import Plan, make_plan
from octavo.training.planning.shortage import require_memory
from octavo.training.recipe import Recipe, Stage
from tests.training.planning.test_plan import SMOLLM, data
from tests.training.tiny import tiny_config, tiny_model

RECIPE = Recipe("m", (), (Stage(1000, steps=10),), evaluation=EvaluationPlan(lengths=(64_000,)))
SHOWN = [Shown(64_000, 1, "--evaluate-lengths"), Shown(300, 20, "--evaluate-short")]


def planned(memory: int | None = None) -> Plan:
    arranged = arrange(RECIPE.stages, data(*[800] * 40))
    return make_plan(RECIPE, SMOLLM, arranged, Machine("cpu", 1, memory, 1e11), SHOWN)


def test_operations_of_going_through_once_are_those_that_torch_counts() -> None:
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    # Wide and short: attention, which torch counts in another way, hardly counts.
    config = tiny_config(hidden_size=256, intermediate_size=640, vocab_size=512, num_hidden_layers=6)
    model = tiny_model(config, replace(RECIPE, method="full"))
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        model(input_ids=torch.arange(32)[None])
    counted = counter.get_total_flops()
    assert forward_operations(shape_of(config.to_dict()), replace(RECIPE, method="full"), 32, 32) == pytest.approx(
        counted, rel=0.05
    )


@pytest.mark.parametrize(("every", "times"), [(0, 3), (5, 4), (4, 6)])
def test_it_is_measured_before_the_first_step_in_between_and_at_each_stages_end(every: int, times: int) -> None:
    assert times_measured(EvaluationPlan(every=every, lengths=(1000,)), [10, 5]) == times


def test_measuring_is_a_part_of_the_time_and_is_told() -> None:
    plan = planned()
    assert plan.measuring is not None
    assert (plan.measuring.times, plan.measuring.most.tokens) == (2, 64_000)
    assert plan.seconds == pytest.approx(plan.stages[0].seconds + 2 * plan.measuring.once)
    assert dict(plan_rows(plan))["measuring"].startswith("2 times, about ")
    assert plan.as_json()["measuring"]["seconds"] == plan.measuring.seconds > 0
    nothing = make_plan(
        replace(RECIPE, evaluation=None), SMOLLM, arrange(RECIPE.stages, data(800)), Machine("cpu", 1, None, 1e11)
    )
    assert nothing.measuring is nothing.as_json()["measuring"] is None


def test_all_keys_and_values_are_held_and_no_gradient() -> None:
    short, long = (measuring_footprint(SMOLLM, RECIPE, tokens, 1) for tokens in (64_000, 128_000))
    assert long.activations == 2 * short.activations > 2 * SMOLLM.layers * 2 * SMOLLM.keys * 64_000
    at_rest = footprint(SMOLLM, RECIPE, 1)
    assert (short.weights, short.optimizer, short.gradients) == (at_rest.weights, at_rest.optimizer, 0)


def test_too_little_memory_to_measure_is_said_before_loading() -> None:
    plenty = planned()
    assert plenty.measuring is not None
    needed = plenty.measuring.memory.total
    assert needed > plenty.memory.total
    plan = planned(memory=needed - 10**8)
    assert (plan.missing, plan.missing_to_measure) == (0, 10**8)
    with pytest.raises(TrainingError, match=r"measuring a text of 64,000 tokens takes .* leave --evaluate-lengths out"):
        require_memory(plan, RECIPE, SMOLLM)
