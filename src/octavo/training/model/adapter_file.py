"""The file of a LoRA adapter (GGUF, as llama.cpp lays it over a model), read: to train on from it.

It holds both sides of each adapter under the name of the tensor that it belongs to, and alpha; `export/adapter.py`
writes it. Knows what PEFT calls its weights.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from octavo.errors import TrainingError
from octavo.models.gguf_file import open_gguf
from octavo.training.model.architecture import architecture_of
from octavo.training.recipe import Lora

_SIDE = re.compile(r"^base_model\.model\.(?P<module>.+)\.lora_(?P<side>[AB])\.weight$")


def lora_of(file: Path) -> Lora:
    """Rank and alpha of the adapter in a GGUF file. Raises `TrainingError` for a file that holds none."""
    alpha, sides = _sides(file)
    ranks = {rows.shape[0] for name, rows in sides.items() if name.endswith(".lora_a")}
    if len(ranks) != 1:
        raise TrainingError(f"{file}: its adapters have ranks of {sorted(ranks)}, and only those of one can be trained")
    return Lora(rank=ranks.pop(), alpha=round(alpha))


def fill_adapters(model: Any, file: Path) -> None:
    """Give a model's adapters (PEFT's, of the file's rank, on every layer that the file has one for) the weights of a
    GGUF file. Raises `TrainingError` where the file is of another model."""
    import torch
    from peft import get_peft_model_state_dict, set_peft_model_state_dict

    architecture = architecture_of(model.config.to_dict())
    _, sides = _sides(file)
    filled = {}
    for key, values in get_peft_model_state_dict(model).items():
        weight, side = place_of(key, file)
        rows = sides.pop(f"{architecture.tensor_name(weight)}.lora_{side.lower()}", None)
        if rows is None or rows.shape != tuple(values.shape):
            raise TrainingError(f"{file}: is no adapter of this model, or of another rank: see its {weight}")
        filled[key] = torch.from_numpy(architecture.in_model_order(weight, rows) if side == "B" else rows)
    if sides:
        raise TrainingError(f"{file}: is no adapter of this model, which has no {next(iter(sides))}")
    set_peft_model_state_dict(model, filled)


def place_of(key: str, where: Path) -> tuple[str, str]:
    """The parameter of the model that a matrix of PEFT's belongs to, and which of the two it is."""
    matched = _SIDE.match(key)
    if matched is None:
        raise TrainingError(f"{where}: {key} is no part of a LoRA adapter; export it with --to gguf")
    return f"{matched['module']}.weight", matched["side"]


def _sides(file: Path) -> tuple[float, dict[str, Any]]:
    """Alpha, and the matrices by their names in the file, in single precision."""
    import numpy as np

    opened = open_gguf(file)
    alpha = opened.fields.get("adapter.lora.alpha")
    if alpha is None:
        raise TrainingError(f"{file}: holds no LoRA adapter")
    return float(alpha.contents()), {tensor.name: np.array(tensor.data, np.float32) for tensor in opened.tensors}
