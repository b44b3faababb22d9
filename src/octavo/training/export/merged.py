"""A trained model without its adapters: each weight with its update added, and the whole as a folder of safetensors.

Updates are added in single precision and rounded once: added to weights in half precision, small ones would be lost.
Knows PEFT's layers; nothing of GGUF.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from octavo.training.data.plain_template import plain_template
from octavo.training.quiet import quiet


@dataclass(frozen=True, slots=True)
class MergedTensor:
    """A parameter under the name that it has in a model without adapters, and the layer that holds its update."""

    name: str
    parameter: Any
    adapted: Any = None

    @property
    def shape(self) -> tuple[int, ...]:
        """Rows, columns."""
        return tuple(self.parameter.shape)

    def values(self) -> Any:
        """The values with the update added, in single precision on the CPU; worked out when asked for."""
        values = self.parameter.detach().float().cpu()
        if self.adapted is None:
            return values
        return values + self.adapted.get_delta_weight(self.adapted.active_adapters[0]).detach().float().cpu()


def merged_tensors(model: Any) -> Iterator[MergedTensor]:
    """The parameters of a model, those of its adapters added to those that they change. A head that is the embedding
    is left out."""
    base = without_adapters(model)
    adapted = {f"{name}.weight": layer for name, layer in base.named_modules() if hasattr(layer, "get_delta_weight")}
    for name, parameter in base.named_parameters():  # each once: a head that is the embedding is named as such
        if ".lora_" not in name:
            plain = name.replace(".base_layer.", ".")
            yield MergedTensor(plain, parameter, adapted.get(plain))


def export_merged(model: Any, tokenizer: Any, folder: Path) -> None:
    """Write the model, its adapters added, as safetensors with config, tokenizer and chat template: a folder that
    transformers, vLLM and others load, in bfloat16."""
    import torch

    base = without_adapters(model)
    plain = type(base)._from_config(base.config, dtype=torch.bfloat16)
    parameters = dict(plain.named_parameters())
    with torch.no_grad():
        for tensor in merged_tensors(model):
            parameters[tensor.name].copy_(tensor.values())
    plain.generation_config = base.generation_config
    with quiet(bars=False):
        plain.save_pretrained(folder)
    own = tokenizer.chat_template
    try:
        tokenizer.chat_template = plain_template(own)
        tokenizer.save_pretrained(folder)
    finally:
        tokenizer.chat_template = own


def without_adapters(model: Any) -> Any:
    """The model of transformers inside PEFT's; one that has no adapters itself."""
    return model.get_base_model() if hasattr(model, "get_base_model") else model
