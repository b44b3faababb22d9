"""How many floating-point operations training takes, by the model's shape and the samples' lengths.

A multiplication and an addition are two. A matrix of N parameters takes 2N operations a token forward, 2N for the
gradients of what goes in, and 2N for those of the matrix itself where it is trained (Kaplan et al. 2020, arXiv
2001.08361, section 2.1: 6N together). Attention takes 4 · width operations for each pair of a token and one that it
sees (Narayanan et al. 2021, arXiv 2104.04473, appendix), which are T(T + 1)/2 in a sequence of T; its kernel's way
back costs 2.5 times as much (Dao 2023, arXiv 2307.08691, section 4.1). Samples packed into one row are kept apart by a
mask, and a kernel with a mask works out all pairs of the row. Checkpointing runs every layer forward once more. Norms,
rotations and the optimizer are left out. Knows no machine.
"""

from __future__ import annotations

from octavo.training.model.shape import ModelShape
from octavo.training.recipe import Recipe

_ATTENTION_BACKWARD = 2.5


def forward_operations(shape: ModelShape, recipe: Recipe, tokens: int, scored: int) -> float:
    """The operations of going once through `tokens` tokens, the head for `scored` of them."""
    return _operations(shape, recipe, tokens, scored, _pairs(tokens), layers=1, attention=1, head=1, adapters=1)


def sequence_operations(shape: ModelShape, recipe: Recipe, tokens: int, scored: int, *, masked: bool = False) -> float:
    """The operations of one row of `tokens` tokens, there and back; the head sees `scored` of them. `masked`: samples
    in it are kept apart; all rows that are shown at once are one then (trl 1.16).

    The chunked loss works the logits out a second time on the way back.
    """
    again = 1 if recipe.checkpointing else 0
    full = 1 if recipe.method == "full" else 0
    return _operations(
        shape,
        recipe,
        tokens,
        scored,
        tokens * tokens * recipe.micro_batch if masked else _pairs(tokens),
        layers=2 + full + again,
        attention=1 + _ATTENTION_BACKWARD + again,
        head=3 + full,
        adapters=3 + again,
    )


def _pairs(tokens: int) -> float:
    """Of a token and one that it sees, in a sequence of so many."""
    return tokens * (tokens + 1) / 2


def _operations(
    shape: ModelShape,
    recipe: Recipe,
    tokens: int,
    scored: int,
    pairs: float,
    *,
    layers: int,
    attention: float,
    head: int,
    adapters: int,
) -> float:
    """The operations of so many passes through each part, one there being one pass."""
    low_rank = 0 if recipe.method == "full" else shape.adapters(recipe.lora.rank)
    matrices = shape.multiplied * layers + low_rank * adapters
    seen = 4 * shape.layers * shape.queries * pairs * attention
    return float(2 * matrices * tokens + seen + 2 * shape.head * scored * head)
