"""Which models can become GGUF files, and how their tensors are called and ordered there.

llama.cpp rotates neighbouring rows of queries and keys of a `llama`, transformers rows half a head apart: rows are put
into the other order on the way (`in_file_order`), and nothing else changes. Knows configs of transformers and gguf's
map of names; nothing of files.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from octavo.errors import MissingExtra, TrainingError

_PAIRED = {"llama": True, "qwen2": False, "qwen3": False}
"""Architectures, by transformers' and llama.cpp's name for them (the same), and whether rotated rows are neighbours."""


@dataclass(frozen=True, slots=True)
class Architecture:
    """A model's architecture: `name` is llama.cpp's, `heads` and `key_heads` are those of queries and of keys;
    `paired`: rows that are rotated together are neighbours in the file."""

    name: str
    layers: int
    heads: int
    key_heads: int
    paired: bool

    def tensor_name(self, name: str) -> str:
        """The GGUF name of a parameter of transformers' model, such as `model.layers.0.self_attn.q_proj.weight`.

        Raises `TrainingError` where llama.cpp has no such tensor.
        """
        if name == "rope_freqs.weight":  # of llama.cpp alone
            return name
        found = _names(self.name, self.layers).get_name(name, try_suffixes=(".weight", ".bias"))
        if found is None:
            raise TrainingError(
                f"llama.cpp's {self.name} has no tensor for {name}: this model is of a kind that cannot be exported as "
                "GGUF; export it with --to merged"
            )
        return str(found)

    def in_file_order(self, name: str, rows: Any) -> Any:
        """A parameter's array (or that of an adapter's side that gives its rows) with the rows as the file has them;
        others than those of queries and keys come back as they are."""
        heads = self._rotated_heads(name)
        if heads is None:
            return rows
        halves = rows.reshape(heads, 2, rows.shape[0] // heads // 2, *rows.shape[1:])
        return halves.swapaxes(1, 2).reshape(rows.shape)

    def in_model_order(self, name: str, rows: Any) -> Any:
        """What `in_file_order` gave, as it was before."""
        heads = self._rotated_heads(name)
        if heads is None:
            return rows
        pairs = rows.reshape(heads, rows.shape[0] // heads // 2, 2, *rows.shape[1:])
        return pairs.swapaxes(1, 2).reshape(rows.shape)

    def _rotated_heads(self, name: str) -> int | None:
        """The heads of a parameter whose rows have another order in the file; None where the order is the same."""
        module = name.rpartition(".")[0]
        if not self.paired or not module.endswith(("q_proj", "k_proj")):
            return None
        return self.heads if module.endswith("q_proj") else self.key_heads


def architecture_of(config: Mapping[str, Any]) -> Architecture:
    """The architecture of a model by its config. Raises `TrainingError` for one that cannot be exported as GGUF."""
    kind = str(config.get("model_type"))
    if kind not in _PAIRED:
        raise TrainingError(
            f"a {kind} cannot be exported as GGUF here, only {', '.join(_PAIRED)} can; export it with --to merged and "
            "convert that folder with llama.cpp's convert_hf_to_gguf.py"
        )
    heads = int(config["num_attention_heads"])
    return Architecture(
        kind, int(config["num_hidden_layers"]), heads, int(config.get("num_key_value_heads") or heads), _PAIRED[kind]
    )


@cache
def _names(architecture: str, layers: int) -> Any:
    try:
        from gguf import MODEL_ARCH_NAMES, get_tensor_name_map
    except ImportError as error:
        raise MissingExtra("export as GGUF", "train") from error
    number = next(number for number, name in MODEL_ARCH_NAMES.items() if name == architecture)
    return get_tensor_name_map(number, layers)
