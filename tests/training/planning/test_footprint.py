from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from octavo.training.model.shape import ModelShape, shape_of
from octavo.training.planning.footprint import footprint, layer_activations, mask_bytes, trained_parameters
from octavo.training.planning.launcher import ALONE, Sharing
from octavo.training.recipe import Lora, Method, Recipe, Stage
from tests.training.tiny import loss_of, tiny_config, tiny_model

RECIPE = Recipe("m", (), (Stage(8192),), checkpointing=False)
SMOLLM = ModelShape(30, 576, 576, 192, 1536, 49_152, tied=True)
TOKENS = 96
EIGHT = Sharing(row=8, weights=8)


def kept(model: Any, positions: Any = None, tokens: int = TOKENS) -> int:
    """Bytes that torch keeps of the way forward for the way back, weights left out."""
    import torch

    weights = {weight.untyped_storage().data_ptr() for weight in model.parameters()}
    storages: dict[int, Any] = {}

    def pack(tensor: Any) -> Any:
        storages[tensor.untyped_storage().data_ptr()] = tensor
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        loss_of(model, tokens, positions)
    return sum(tensor.untyped_storage().nbytes() for pointer, tensor in storages.items() if pointer not in weights)


@pytest.mark.parametrize("method", ["lora", "full"])
def test_a_layers_activations_are_what_torch_keeps(method: Method) -> None:
    recipe = replace(RECIPE, method=method)
    few, many = (tiny_config(num_hidden_layers=layers, intermediate_size=192) for layers in (1, 5))
    a_layer = (kept(tiny_model(many, recipe)) - kept(tiny_model(few, recipe))) / 4 / TOKENS
    assert layer_activations(shape_of(few.to_dict()), method, "cpu") == pytest.approx(a_layer, rel=0.1)


@pytest.mark.parametrize("method", ["lora", "full"])
def test_a_layers_activations_under_autocast_are_what_torch_keeps(method: Method) -> None:
    import torch

    recipe = replace(RECIPE, method=method, lora=Lora(rank=1))
    few, many = (tiny_config(num_hidden_layers=layers) for layers in (1, 5))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        small, large = tiny_model(few, recipe), tiny_model(many, recipe)
        kept_more = kept(large) - kept(small)
    shape, deeper = shape_of(few.to_dict()), shape_of(many.to_dict())
    # Autocast keeps a copy of each matrix that is trained, in half precision, for as long as a step.
    trained = deeper.multiplied - shape.multiplied if method == "full" else deeper.adapters(1) - shape.adapters(1)
    assert layer_activations(shape, method, "cuda") == pytest.approx((kept_more - 2 * trained) / 4 / TOKENS, rel=0.1)


def test_checkpointing_keeps_each_layers_input_alone() -> None:
    recipe = replace(RECIPE, method="lora", checkpointing=True)
    few, many = (tiny_config(num_hidden_layers=layers) for layers in (1, 5))
    a_layer = (kept(tiny_model(many, recipe)) - kept(tiny_model(few, recipe))) / 4 / TOKENS
    assert a_layer == pytest.approx(2 * few.hidden_size, rel=0.1)
    deeper = replace(SMOLLM, layers=31)
    grown = footprint(deeper, recipe, 1000).activations - footprint(SMOLLM, recipe, 1000).activations
    assert grown == 2 * SMOLLM.hidden * 1000


def test_a_trained_parameter_takes_16_bytes() -> None:
    memory = footprint(SMOLLM, replace(RECIPE, method="full"), 1)
    assert memory.weights + memory.gradients + memory.optimizer == 16 * SMOLLM.parameters


def test_adapters_train_a_few_parameters_over_frozen_ones() -> None:
    trained = trained_parameters(SMOLLM, RECIPE)
    assert trained == SMOLLM.adapters(16) < SMOLLM.parameters / 20
    memory = footprint(SMOLLM, RECIPE, 1)
    assert memory.weights == 2 * SMOLLM.parameters + 4 * trained
    assert memory.gradients + memory.optimizer == 12 * trained
    assert footprint(SMOLLM, replace(RECIPE, method="qlora"), 1).weights < memory.weights * 0.6


def test_a_row_takes_memory_by_its_length_and_the_logits_no_more_than_a_chunk() -> None:
    short, long = footprint(SMOLLM, RECIPE, 8192), footprint(SMOLLM, RECIPE, 16_384)
    assert long.activations == 2 * short.activations
    chunk = 8 * 4096 * 32_768 * 4
    assert chunk < short.logits < long.logits < 1.05 * chunk
    assert footprint(SMOLLM, replace(RECIPE, micro_batch=2), 8192).activations == long.activations


@pytest.mark.parametrize("method", ["lora", "full"])
def test_what_each_layer_makes_of_the_mask_between_packed_samples_is_what_torch_keeps(method: Method) -> None:
    import torch

    recipe, tokens, layers = replace(RECIPE, method=method), 1024, 2
    model = tiny_model(tiny_config(num_hidden_layers=layers), recipe)
    packed = torch.cat([torch.arange(tokens // 2)] * 2)[None]
    more = kept(model, packed, tokens) - kept(model, None, tokens)
    a_pair = mask_bytes(shape_of(model.config.to_dict()), recipe, "cpu")
    assert a_pair - 1 == pytest.approx(more / tokens**2, rel=0.1)  # the mask that all layers see is kept by none


def test_the_mask_grows_with_the_square_of_a_row_and_is_one_layers_with_checkpointing() -> None:
    assert footprint(SMOLLM, RECIPE, 8192).mask == 0
    short, long = (footprint(SMOLLM, RECIPE, row, masked=True) for row in (8192, 16_384))
    assert (short.mask, long.mask) == (8192**2 * (1 + 2 * SMOLLM.layers), 4 * short.mask)
    assert short.total - footprint(SMOLLM, RECIPE, 8192).total == short.mask
    checkpointed = footprint(SMOLLM, replace(RECIPE, checkpointing=True), 8192, masked=True)
    assert checkpointed.mask == 8192**2 * 3
    assert footprint(SMOLLM, replace(RECIPE, micro_batch=2), 8192, masked=True).mask == long.mask


def test_a_group_of_eight_shares_a_row_and_shards_share_the_weights() -> None:
    alone, together = (footprint(SMOLLM, RECIPE, 65_536, device="cuda", sharing=each) for each in (ALONE, EIGHT))
    assert together.activations == pytest.approx(alone.activations / 8)
    assert together.weights == pytest.approx(alone.weights / 8)
    assert together.runtime == alone.runtime
    shards = footprint(SMOLLM, RECIPE, 65_536, device="cuda", sharing=Sharing(weights=8))
    assert (shards.activations, shards.weights) == (alone.activations, together.weights)


def test_a_gpu_leaves_the_inputs_of_layers_to_the_computer_where_stages_are_long() -> None:
    recipe = replace(RECIPE, checkpointing=True)
    inputs = 2 * SMOLLM.layers * SMOLLM.hidden * 1000
    for device, left in (("cuda", inputs), ("cpu", 0)):
        short, long = (footprint(SMOLLM, recipe, 1000, length=length, device=device) for length in (31_999, 32_000))
        assert short.total - long.total == short.activations - long.activations == left
        assert (short.offloaded, long.offloaded) == (0, left)


def test_a_published_peak_is_met() -> None:
    # TRL's guide to training beyond 1M tokens: Qwen3-8B, one sequence of 1,048,576 tokens, 8 H100: 56 GB on each.
    qwen3_8b = ModelShape(36, 4096, 4096, 1024, 12_288, 151_936, tied=False)
    recipe = replace(RECIPE, method="full", checkpointing=True, stages=(Stage(2**20),))
    assert footprint(qwen3_8b, recipe, 2**20, device="cuda", sharing=EIGHT).total == pytest.approx(56e9, rel=0.2)
