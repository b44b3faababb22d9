"""How much memory training takes, by the model's shape, the method and the longest row of tokens.

Weights, gradients and AdamW's two moments: 16 bytes for a trained parameter in single precision (Rajbhandari et al.
2020, arXiv 1910.02054, section 3.1), 2 for a frozen one, or half a byte in 4 bits (Dettmers et al. 2023, arXiv
2305.14314: 4.127 bits with its constants). Activations are counted as transformers' Llama keeps them for the way back
with attention that never holds its matrix (Dao et al. 2022, arXiv 2205.14135), in the manner of Korthikanti et al.
2022, arXiv 2205.05198; tests compare them with what torch keeps. Knows no machine.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from octavo.training.model.shape import ModelShape
from octavo.training.planning.launcher import ALONE, Sharing
from octavo.training.recipe import Method, Recipe

_SINGLE, _HALF, _QUARTER = 4.0, 2.0, 4.127 / 8
_MOMENTS = 2 * _SINGLE
_LOGIT_ROWS, _LOGIT_COLUMNS = 4096, 32_768
"""The chunk of logits that TRL's loss holds (trl 1.16)."""
_LOGIT_COPIES = {"cpu": 8, "cuda": 2}
"""Copies of the chunk at the peak, on the way back: 7.8 measured on a CPU; a GPU's kernel works in place."""
_UNDER_WAY = 1.25
"""What one layer's way back takes, over what the layer kept: 1.0 to 1.15 measured on a CPU."""
_OFFLOADED_FROM = 32_000
"""Tokens of a stage from which on, with checkpointing on a GPU, layers' inputs wait in the computer's memory."""
_RUNTIME = 2**30
"""Bytes of Python, torch and the allocator's slack: 0.5 to 1 GB measured."""


@dataclass(frozen=True, slots=True)
class Footprint:
    """Bytes on each device. `activations` are what a row keeps for the way back; `mask` is what keeps apart the samples
    in it, and `logits` the loss's chunk; `runtime` is what the program takes with no model in it. `offloaded` waits in
    the computer's memory and is no part of the total."""

    weights: int
    gradients: int
    optimizer: int
    activations: int
    logits: int
    mask: int = 0
    offloaded: int = 0
    runtime: int = _RUNTIME

    @property
    def total(self) -> int:
        """Bytes of the device."""
        kept = self.activations + self.mask + self.logits
        return self.weights + self.gradients + self.optimizer + kept + self.runtime


def offloads(recipe: Recipe, length: int, device: str) -> bool:
    """Whether, in a stage of `length` tokens, layers' inputs wait in the computer's memory."""
    return device != "cpu" and recipe.checkpointing and length >= _OFFLOADED_FROM


def footprint(
    shape: ModelShape,
    recipe: Recipe,
    row: int,
    *,
    length: int | None = None,
    masked: bool = False,
    device: str = "cpu",
    sharing: Sharing = ALONE,
) -> Footprint:
    """The memory that rows of `row` tokens take on a `device` of a kind ("cpu", "cuda"), in a stage of `length` tokens
    (None: the last). `masked`: several samples are packed into a row. `sharing` is what several devices share.
    """
    still = _at_rest(shape, recipe, sharing)
    tokens = row * recipe.micro_batch / sharing.row
    inputs = tokens * shape.layers * shape.hidden * (_SINGLE if recipe.method == "full" else _HALF)
    offloaded = offloads(recipe, recipe.longest if length is None else length, device)
    inside = layer_activations(shape, recipe.method, device)
    if not recipe.checkpointing:
        activations = tokens * shape.layers * inside
    else:  # each layer's input, and one layer's inside with the gradients under way
        activations = tokens * _UNDER_WAY * inside + (0 if offloaded else inputs)
    head_gradient = _SINGLE * (shape.head if recipe.method == "full" else 0) / sharing.weights
    return replace(
        still,
        gradients=round(_SINGLE * trained_parameters(shape, recipe) / sharing.weights),
        activations=round(activations),
        logits=round(
            _chunk(shape, tokens) * _LOGIT_COPIES.get(device, 2) + head_gradient + tokens * shape.hidden * 2 * _SINGLE
        ),
        mask=round(tokens**2 * mask_bytes(shape, recipe, device)) if masked else 0,
        offloaded=round(inputs) if offloaded else 0,
    )


def measuring_footprint(
    shape: ModelShape, recipe: Recipe, tokens: int, scored: int, *, device: str = "cpu", sharing: Sharing = ALONE
) -> Footprint:
    """The memory while a text of `tokens` tokens, `scored` of them, is measured between two steps: all keys and values,
    the loss's chunk with what it is made into, and the inside of one layer: as much as it would keep for a way back,
    which is more than it takes."""
    number = _number(recipe, device)
    keys_and_values = 2 * shape.layers * shape.keys * tokens * number
    return replace(
        _at_rest(shape, recipe, sharing),
        activations=round(keys_and_values + tokens * layer_activations(shape, recipe.method, device)),
        logits=round(2 * _chunk(shape, scored)),
    )


def _chunk(shape: ModelShape, scored: float) -> float:
    """Bytes of the loss's chunk of logits, of so many tokens that are scored."""
    return min(scored, _LOGIT_ROWS) * min(shape.vocabulary, _LOGIT_COLUMNS) * _SINGLE


def _at_rest(shape: ModelShape, recipe: Recipe, sharing: Sharing) -> Footprint:
    """The memory between two steps."""
    trained = trained_parameters(shape, recipe)
    frozen = 0.0 if recipe.method == "full" else _frozen(shape, recipe.method)
    return Footprint(
        weights=round((frozen + _SINGLE * trained) / sharing.weights),
        gradients=0,
        optimizer=round(_MOMENTS * trained / sharing.weights),
        activations=0,
        logits=0,
    )


def trained_parameters(shape: ModelShape, recipe: Recipe) -> int:
    """How many parameters the method trains."""
    return shape.parameters if recipe.method == "full" else shape.adapters(recipe.lora.rank)


def _frozen(shape: ModelShape, method: Method) -> float:
    layers = shape.attention + shape.feed_forward
    return layers * (_QUARTER if method == "qlora" else _HALF) + (shape.parameters - layers) * _HALF


def mask_bytes(shape: ModelShape, recipe: Recipe, device: str) -> float:
    """Bytes for each pair of tokens of a row that keeps samples apart: a byte in the mask that all layers see, and a
    number of the precision that attention computes in, which each layer makes of it and keeps for its way back."""
    return 1 + _number(recipe, device) * (1 if recipe.checkpointing else shape.layers)


def _number(recipe: Recipe, device: str) -> float:
    """Bytes of a number in the precision that attention computes in."""
    return _SINGLE if recipe.method == "full" and device == "cpu" else _HALF


def layer_activations(shape: ModelShape, method: Method, device: str) -> float:
    """Bytes that one layer keeps of a token for the way back.

    Both norms keep their input in single precision. Adapters keep each linear layer's input of its own, on a CPU in
    single precision; full training on a CPU keeps all in single precision. On a GPU, autocast halves what linear layers
    and attention keep.
    """
    hidden, inner = shape.hidden, shape.inner * shape.active
    heads = 2 * shape.queries + 2 * shape.keys  # queries, keys, values, and what attention gives
    gated = shape.matrices  # of inner's width: the gate, the gate bent, and the other half
    if method != "full":
        inputs = 5 * hidden + shape.queries + inner
        inputs_kept = (_SINGLE if device == "cpu" else _HALF) * inputs
        return 2 * _SINGLE * hidden + _HALF * (heads + gated * inner) + inputs_kept
    norms = 4 * _SINGLE * hidden
    if device == "cpu":
        return norms + _SINGLE * (2 * hidden + heads + (gated + 1) * inner)
    return norms + _HALF * (5 * hidden + heads + (gated + 1) * inner)
