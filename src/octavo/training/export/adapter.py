"""A trained LoRA adapter as a GGUF file that llama.cpp lays over a model (`--lora`).

The file holds both sides of each adapter under the name of the tensor it belongs to, and alpha; llama.cpp adds
alpha ÷ rank · B · A. How far positions reach is no part of it: that stays as the model under it has it. Knows what PEFT
saves; loads no model.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from octavo.errors import MissingExtra, TrainingError
from octavo.training.model.adapter_file import place_of
from octavo.training.model.architecture import architecture_of

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
        weight, side = place_of(key, folder)
        rows = values.float().numpy()
        if side == "B":
            rows = architecture.in_file_order(weight, rows)
        tensor = np.ascontiguousarray(rows.astype(np.float16))
        writer.add_tensor(f"{architecture.tensor_name(weight)}.lora_{side.lower()}", tensor)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


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
