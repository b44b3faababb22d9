"""A trained LoRA adapter as a GGUF file that llama.cpp lays over a model (`--lora`), and such a file read back.

The file holds both sides of each adapter under the name of the tensor it belongs to, and alpha; llama.cpp adds
alpha ÷ rank · B · A. How far positions reach is no part of it: that stays as the model under it has it. Knows what PEFT
saves and what it calls its weights; loads no model.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from octavo.errors import MissingExtra, TrainingError
from octavo.models.gguf_file import open_gguf
from octavo.training.export.architecture import architecture_of
from octavo.training.recipe import Lora

_SIDE = re.compile(r"^base_model\.model\.(?P<module>.+)\.lora_(?P<side>[AB])\.weight$")
_PLAIN = {"use_rslora": False, "use_dora": False, "rank_pattern": {}, "alpha_pattern": {}, "modules_to_save": None}
"""What llama.cpp's adapters can be: all of one rank and alpha, and nothing but the two matrices."""


def export_adapter(folder: Path, config: Mapping[str, Any], target: Path, *, name: str = "adapter") -> None:
    """Write the adapter that PEFT saved in `folder`, trained on a model of this config, as the GGUF file `target`, in
    half precision.

    Raises `TrainingError` for a model or an adapter of a kind that llama.cpp does not load.
    """
    try:
        import gguf
        import numpy as np
        from safetensors.torch import load_file
    except ImportError as error:
        raise MissingExtra("export as GGUF", "train") from error
    architecture = architecture_of(config)
    settings = _settings(folder)
    writer = gguf.GGUFWriter(target, architecture.name)
    writer.add_type("adapter")
    writer.add_name(name)
    writer.add_string("adapter.type", "lora")
    writer.add_float32("adapter.lora.alpha", float(settings["lora_alpha"]))
    for key, values in sorted(load_file(folder / "adapter_model.safetensors").items()):
        weight, side = _place(key, folder)
        rows = values.float().numpy()
        if side == "B":
            rows = architecture.in_file_order(weight, rows)
        tensor = np.ascontiguousarray(rows.astype(np.float16))
        writer.add_tensor(f"{architecture.tensor_name(weight)}.lora_{side.lower()}", tensor)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


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
        weight, side = _place(key, file)
        rows = sides.pop(f"{architecture.tensor_name(weight)}.lora_{side.lower()}", None)
        if rows is None or rows.shape != tuple(values.shape):
            raise TrainingError(f"{file}: is no adapter of this model, or of another rank: see its {weight}")
        filled[key] = torch.from_numpy(architecture.in_model_order(weight, rows) if side == "B" else rows)
    if sides:
        raise TrainingError(f"{file}: is no adapter of this model, which has no {next(iter(sides))}")
    set_peft_model_state_dict(model, filled)


def _place(key: str, where: Path) -> tuple[str, str]:
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


def _settings(folder: Path) -> Mapping[str, Any]:
    path = folder / "adapter_config.json"
    try:
        settings: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise TrainingError(f"{path}: cannot be read ({error}); is a LoRA adapter saved there?") from error
    other = [key for key, plain in _PLAIN.items() if settings.get(key, plain) != plain]
    if settings.get("peft_type") != "LORA" or other:
        raise TrainingError(
            f"{path}: llama.cpp loads plain LoRA adapters, and this one is not ({', '.join(other) or 'another type'}); "
            "export it with --to gguf"
        )
    return settings
