"""What a training goes on from: another training's outcome, or the file of an adapter.

Knows runs and recipes; loads nothing.
"""

from __future__ import annotations

from pathlib import Path

from octavo.errors import TrainingError
from octavo.training.model.adapter_file import lora_of
from octavo.training.model.loading import is_gguf
from octavo.training.recipe import Lora, Recipe
from octavo.training.running.run import TrainingRun

_ADAPTERS = "adapters (rank, alpha)"


def start_of(recipe: Recipe) -> Path | None:
    """What this training goes on from, where there is something: what came out of another, or a file of an adapter.

    Raises `TrainingError` where the other one is not finished, trained something else or otherwise, or stretched
    positions: what is loaded would have to be stretched as it was, and whoever goes on from it to know.
    """
    if recipe.start is None:
        return None
    if is_gguf(str(recipe.start)):
        _require_adapters_like(recipe, lora_of(recipe.start))
        return recipe.start
    earlier = TrainingRun(recipe.start)
    if not earlier.finished:
        raise TrainingError(
            f"{recipe.start}: is not finished, so there is nothing to train on; {earlier.resume_command}"
        )
    before = earlier.recipe()
    if before.rope != "none":
        raise TrainingError(
            f"{recipe.start}: its positions were stretched (--rope {before.rope}), and what came out cannot be trained "
            "on; train on all of the data in one training, or stretch in the last of several"
        )
    unlike = [name for name in ("model", "method") if getattr(before, name) != getattr(recipe, name)]
    if recipe.method != "full" and before.lora != recipe.lora:
        unlike.append(_ADAPTERS)
    if unlike:
        raise TrainingError(f"{recipe.start}: was trained with other {', '.join(unlike)}; leave these options out")
    return earlier.outcome


def _require_adapters_like(recipe: Recipe, lora: Lora) -> None:
    """Refuse to train on an adapter of this rank and alpha in another way."""
    if recipe.method == "full" or (lora.rank, lora.alpha) != (recipe.lora.rank, recipe.lora.alpha):
        what = "--method full" if recipe.method == "full" else f"other {_ADAPTERS}"
        raise TrainingError(
            f"{recipe.start}: is an adapter of rank {lora.rank} with alpha {lora.alpha}, and cannot be trained on with "
            f"{what}; leave these options out, or begin without it: --model {recipe.model}"
        )
