from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import pytest

from octavo.cli.training.planned import plan_rows
from octavo.errors import TrainingError
from octavo.training.data.lengths import Measured, StageData, arrange
from octavo.training.model.shape import ModelShape, shape_of
from octavo.training.planning.footprint import footprint
from octavo.training.planning.launcher import Sharing
from octavo.training.planning.machine import Machine, measured_rate, this_machine
from octavo.training.planning.operations import sequence_operations
from octavo.training.planning.plan import Plan, make_plan, rows_a_step
from octavo.training.planning.shortage import require_memory
from octavo.training.recipe import Method, Recipe, Stage
from tests.training.tiny import tiny_config, tiny_model

SMOLLM = ModelShape(30, 576, 576, 192, 1536, 49_152, tied=True)
QWEN3_8B = ModelShape(36, 4096, 4096, 1024, 12_288, 151_936, tied=False)
RECIPE = Recipe("m", (), (Stage(1000), Stage(4000)), batch_tokens=8000)
MACHINE = Machine("cpu", 1, 16 * 10**9, 1e11)


def data(*tokens: int) -> list[Measured]:
    return [Measured(index, count, count // 10, f"line {index + 1}") for index, count in enumerate(tokens)]


def planned(recipe: Recipe = RECIPE, machine: Machine = MACHINE, shape: ModelShape = SMOLLM) -> Plan:
    return make_plan(recipe, shape, arrange(recipe.stages, data(*[800] * 40, *[4000] * 10)), machine)


@pytest.mark.parametrize("checkpointing", [True, False])
@pytest.mark.parametrize("method", ["lora", "full"])
def test_operations_are_those_that_torch_counts(method: Method, checkpointing: bool) -> None:
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    recipe = replace(RECIPE, method=method, checkpointing=checkpointing)
    # Wide and short: attention, which torch counts in another way, hardly counts. Two things that torch spares are not
    # in the formula: the first layer's way back to frozen embeddings, and a layer's last matrix when it runs once more.
    config, tokens = tiny_config(hidden_size=256, intermediate_size=640, vocab_size=512, num_hidden_layers=6), 32
    model = tiny_model(config, recipe)
    layers = model.get_base_model().model if method == "lora" else model.model
    with FlopCounterMode(display=False) as counter:
        layers(input_ids=torch.arange(tokens)[None]).last_hidden_state.sum().backward()
    counted = counter.get_total_flops()
    assert sequence_operations(shape_of(config.to_dict()), recipe, tokens, 0) == pytest.approx(counted, rel=0.08)


def test_the_head_is_gone_through_three_times_and_once_more_where_it_is_trained() -> None:
    times: dict[Method, int] = {"lora": 3, "full": 4}
    for method, passes in times.items():
        recipe = replace(RECIPE, method=method)
        head = sequence_operations(SMOLLM, recipe, 1000, 200) - sequence_operations(SMOLLM, recipe, 1000, 0)
        assert head == 2 * 49_152 * 576 * 200 * passes


def test_attention_grows_with_the_square_of_the_length() -> None:
    wide = replace(SMOLLM, inner=0, vocabulary=0, hidden=0)  # attention alone
    ratio = sequence_operations(wide, RECIPE, 64_000, 0) / sequence_operations(wide, RECIPE, 32_000, 0)
    assert ratio == pytest.approx(4, rel=0.01)


def test_a_published_step_is_within_a_factor_of_two() -> None:
    # TRL's guide to training beyond 1M tokens: Qwen3-8B, one sequence of 1,048,576 tokens, 8 H100, 380 s a step.
    recipe = Recipe("m", (), (Stage(2**20, steps=1),), method="full", batch_tokens=2**20)
    one = [StageData(recipe.stages[0], (Measured(0, 2**20, 2**20, "a book"),))]
    plan = make_plan(recipe, QWEN3_8B, one, Machine("cuda", 8, None, 7e14, sharing=Sharing(8, 8)))
    assert 380 / 2 < plan.stages[0].seconds_per_step < 380 * 2


def test_steps_and_tokens_follow_from_the_samples() -> None:
    short, long = planned().stages
    assert (short.rows, short.steps, short.samples, short.tokens) == (10, 4, 40, 32_000)
    assert (long.rows, long.steps, long.samples, long.tokens) == (2, 5, 10, 40_000)


def test_epochs_multiply_and_steps_replace_them() -> None:
    stages = (Stage(1000, epochs=2.5), Stage(4000, steps=20))
    short, long = planned(replace(RECIPE, stages=stages)).stages
    assert (short.steps, short.tokens) == (10, 80_000)
    assert (long.steps, long.tokens) == (20, 160_000)


def test_steps_that_make_whole_epochs_are_planned_as_these() -> None:
    stages = (Stage(1000, steps=12), Stage(4000, epochs=3))
    recipe = replace(RECIPE, stages=stages, batch_tokens=9_000)  # 11 rows a step: 3 steps of 11, and one of 7
    by_steps = planned(recipe).stages[0]
    by_epochs = planned(replace(recipe, stages=(Stage(1000, epochs=3), stages[1]))).stages[0]
    assert (by_steps.steps, by_steps.rows) == (by_epochs.steps, by_epochs.rows) == (12, 11)
    assert by_steps.tokens == by_epochs.tokens
    assert by_steps.seconds == pytest.approx(by_epochs.seconds)


def test_a_step_sees_about_as_many_tokens_as_asked_for() -> None:
    (stage,) = arrange([Stage(1000)], data(*[300] * 50))
    for batch, micro in itertools.product((100, 300, 1000, 5000), (1, 2, 4)):
        recipe = replace(RECIPE, batch_tokens=batch, micro_batch=micro)
        rows = rows_a_step(recipe, stage)
        assert rows % micro == 0
        assert rows == micro or abs(rows * 300 - batch) <= 150 * micro


def test_a_step_takes_no_more_rows_than_there_are() -> None:
    (few,) = arrange((Stage(1000),), data(300, 300, 300))
    assert rows_a_step(replace(RECIPE, batch_tokens=16_384, micro_batch=2), few) == 4
    plan = make_plan(
        replace(RECIPE, stages=(Stage(1000, steps=5),)), SMOLLM, [replace(few, stage=Stage(1000, steps=5))], MACHINE
    )
    assert (plan.stages[0].rows, plan.stages[0].tokens) == (3, 5 * 900)
    assert "3 samples, 5 steps of 3 rows, 4,500 tokens" in dict(plan_rows(plan))["stage 1,000"]


@pytest.mark.parametrize(("apart", "rows"), [(1, 10), (2, 10), (4, 8), (16, 16), (64, 64)])
def test_processes_with_rows_of_their_own_see_a_steps_tokens_together(apart: int, rows: int) -> None:
    (stage,) = arrange([Stage(1000)], data(*[800] * 40))
    assert rows_a_step(RECIPE, stage, apart) == rows
    shown = make_plan(RECIPE, SMOLLM, [stage], replace(MACHINE, devices=apart)).stages[0]
    assert (shown.rows, shown.steps) == (rows, -(-40 // rows))


def test_a_plan_is_told_to_programs_with_what_people_are_told() -> None:
    plan = planned(machine=replace(MACHINE, memory=10**9))
    told = plan.as_json()
    assert [stage["length"] for stage in told["stages"]] == [1000, 4000]
    assert sum(stage["seconds"] for stage in told["stages"]) == told["seconds"] == plan.seconds
    assert told["memory"]["total"] == plan.memory.total
    assert told["memory"]["missing"] == plan.missing > 0
    assert told["machine"]["memory"] == 10**9


def test_packing_that_fills_no_row_is_planned_as_it_turns_out() -> None:
    packing = replace(RECIPE, packing=True)
    plan, plain = planned(packing), planned()  # 800 and 800 do not go into 1,000
    assert (plan.stages, plan.heaviest.longest, plan.memory) == (plain.stages, plain.heaviest.longest, plain.memory)


def test_packed_rows_are_masked_which_takes_memory_and_time() -> None:
    recipe = replace(RECIPE, stages=(Stage(4000),))
    arranged = arrange(recipe.stages, data(*[1000] * 40))
    packed, plain = (make_plan(replace(recipe, packing=each), SMOLLM, arranged, MACHINE) for each in (True, False))
    assert (packed.heaviest.longest, packed.stages[0].rows, packed.stages[0].steps) == (4000, 2, 5)
    assert packed.memory.mask == 4000**2 * 3
    assert dict(plan_rows(packed))["of it"].count("the mask between its samples 48 MB") == 1
    pairs = 40_000 * 4000 - 40_000 * 1001 / 2
    attention = 4 * SMOLLM.layers * SMOLLM.queries * pairs * 4.5
    assert packed.stages[0].operations - plain.stages[0].operations == pytest.approx(attention)


def test_where_the_mask_is_too_much_rows_are_not_packed() -> None:
    recipe = replace(RECIPE, stages=(Stage(32_000),), packing=True)
    arranged = arrange(recipe.stages, data(*[1000] * 40))
    needed = make_plan(recipe, SMOLLM, arranged, MACHINE).memory
    free = needed.total - needed.mask // 2
    plan = make_plan(recipe, SMOLLM, arranged, replace(MACHINE, memory=free))
    assert plan.missing == needed.mask // 2
    with pytest.raises(TrainingError, match="are missing; --no-packing fits"):
        require_memory(plan, recipe, SMOLLM)


def test_memory_is_that_of_the_stage_that_takes_most() -> None:
    recipe = replace(RECIPE, stages=(Stage(31_000), Stage(33_000)))  # of the second, a GPU offloads layers' inputs
    arranged = arrange(recipe.stages, data(31_000, 33_000))
    plan = make_plan(recipe, SMOLLM, arranged, replace(MACHINE, device="cuda"))
    assert (plan.heaviest.longest, plan.heaviest.stage.length) == (31_000, 31_000)
    assert plan.memory.offloaded == 2 * SMOLLM.layers * SMOLLM.hidden * 33_000


def test_what_is_offloaded_has_to_fit_the_computer() -> None:
    recipe = replace(RECIPE, stages=(Stage(100_000),))
    arranged = arrange(recipe.stages, data(100_000))
    offloaded = 2 * SMOLLM.layers * SMOLLM.hidden * 100_000
    machine = replace(MACHINE, device="cuda", memory=80 * 10**9, host=4 * 10**9)
    plan = make_plan(recipe, SMOLLM, arranged, machine)
    assert dict(plan_rows(plan))["offloaded"] == "3.5 GB of the computer's; free: 4.0 GB"
    require_memory(plan, recipe, SMOLLM)
    small = make_plan(recipe, SMOLLM, arranged, replace(machine, host=3 * 10**9))
    assert small.missing_host == offloaded - 3 * 10**9
    with pytest.raises(TrainingError, match=r"leaves 3\.5 GB for each GPU .* 3\.0 GB are free: 0\.5 GB are missing"):
        require_memory(small, recipe, SMOLLM)


def test_time_is_operations_over_the_rate_and_shared_by_the_devices() -> None:
    plan = planned()
    assert planned(machine=replace(MACHINE, rate=2e11)).seconds == pytest.approx(plan.seconds / 2)
    assert planned(machine=replace(MACHINE, devices=4)).seconds == pytest.approx(plan.seconds / 4)
    assert plan.seconds == pytest.approx(sum(stage.steps * stage.seconds_per_step for stage in plan.stages))


def test_plain_data_parallelism_divides_time_and_no_memory() -> None:
    assert planned(machine=replace(MACHINE, devices=2)).memory == planned().memory
    shared = planned(machine=replace(MACHINE, devices=2, sharing=Sharing(row=2, weights=2)))
    assert shared.memory.total < planned().memory.total
    assert shared.stages[0].rows == planned().stages[0].rows


@pytest.mark.parametrize("device", ["cpu", "cuda"])
def test_the_loss_passes_by_what_is_not_learned(device: str) -> None:
    def operations(learned: int) -> float:
        one = [StageData(RECIPE.stages[0], (Measured(0, 800, learned, "a line"),))]
        return make_plan(RECIPE, SMOLLM, one, replace(MACHINE, device=device)).stages[0].operations

    skipped = 2 * SMOLLM.head * 720 * 3
    assert operations(800) - operations(80) == pytest.approx(skipped)


def test_the_rows_say_what_it_takes() -> None:
    rows = plan_rows(planned())
    assert [name for name, _ in rows] == [
        "parameters",
        "stage 1,000",
        "stage 4,000",
        "memory",
        "of it",
        "machine",
        "time",
    ]
    words = dict(rows)
    assert words["parameters"] == "135M, 4.88M of them trained"
    assert words["stage 1,000"].startswith("40 samples, 4 steps of 10 rows, 32,000 tokens, about ")
    assert words["memory"].endswith("; free: 16.0 GB")
    assert words["machine"] == "cpu, 100G operations a second measured"


def test_a_stage_that_repeats_says_so() -> None:
    arranged = arrange(RECIPE.stages, data(500, 600))
    rows = plan_rows(make_plan(RECIPE, SMOLLM, arranged, MACHINE))
    assert ("stage 4,000", "no sample needs this length: those of the stages before are trained again") in rows


def test_enough_memory_or_an_unknown_amount_is_no_error() -> None:
    for memory in (16 * 10**9, None):
        plan = planned(machine=replace(MACHINE, memory=memory))
        assert plan.missing == 0
        require_memory(plan, RECIPE, SMOLLM)


@pytest.mark.parametrize(
    ("recipe", "memory", "remedy"),
    [
        (replace(RECIPE, checkpointing=False), 7 * 10**9, "--checkpointing fits"),
        (replace(RECIPE, method="full"), 7.5 * 10**9, "--method lora fits"),
        (replace(RECIPE, micro_batch=4), 6 * 10**9, "--micro-batch 1 fits"),
        (replace(RECIPE, micro_batch=2), 4 * 10**9, r"--micro-batch 1 --method lora --checkpointing with rows of at"),
        (RECIPE, 4 * 10**9, r"--method lora --checkpointing with rows of at most [\d,]+ tokens fits"),
        (RECIPE, 10**9, "take a smaller model"),
    ],
)
def test_too_little_memory_says_how_much_is_missing_and_what_to_change(
    recipe: Recipe, memory: float, remedy: str
) -> None:
    plan = planned(recipe, replace(MACHINE, memory=int(memory)))
    assert plan.missing == plan.memory.total - int(memory) > 0
    with pytest.raises(TrainingError, match=rf"GB are missing; {remedy}"):
        require_memory(plan, recipe, SMOLLM)


def test_the_longest_row_that_is_named_fits_and_one_more_token_does_not() -> None:
    free = 4 * 10**9
    plan = planned(machine=replace(MACHINE, memory=free))
    with pytest.raises(TrainingError) as refused:
        require_memory(plan, RECIPE, SMOLLM)
    row = int(str(refused.value).partition("at most ")[2].partition(" tokens")[0].replace(",", ""))
    assert footprint(SMOLLM, RECIPE, row).total <= free < footprint(SMOLLM, RECIPE, row + 1).total


class FakeTorch:
    """Multiplies in no time; the clock goes on by a second a look."""

    bfloat16 = float32 = "number"

    def ones(self, *shape: int, device: str, dtype: str) -> Any:
        return FakeMatrix()


class FakeMatrix:
    def __matmul__(self, other: FakeMatrix) -> FakeMatrix:
        return self


def test_the_rate_is_the_operations_of_a_product_over_its_time() -> None:
    ticks = itertools.count()
    assert measured_rate(FakeTorch(), "cpu", lambda: float(next(ticks))) == 2 * 1024**3


def test_this_machine_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setattr("octavo.training.planning.machine.available_memory", lambda: 8 * 10**9)
    machine = this_machine()
    assert machine.devices == 2
    assert machine.device in ("cpu", "cuda")
    assert machine.host == 4 * 10**9  # two processes share what the computer has
    assert machine.device == "cuda" or machine.memory == machine.host
    assert machine.sharing == Sharing()
    assert machine.rate > 1e8
