"""What a GGUF file says of a model beside its tensors, from transformers' config.

Knows the keys that llama.cpp reads; the vocabulary is `vocabulary.py`'s.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from octavo.training.model.architecture import Architecture
from octavo.training.model.rope import rope_of

Value = str | int | float | bool | list[str] | list[int]
"""Of a GGUF key, as far as they are written here."""

_SIZES = {
    "embedding_length": "hidden_size",
    "feed_forward_length": "intermediate_size",
    "attention.head_count": "num_attention_heads",
    "block_count": "num_hidden_layers",
    "vocab_size": "vocab_size",
}


def hyperparameters(architecture: Architecture, config: Mapping[str, Any]) -> dict[str, Value]:
    """Sizes and positions of a model, by GGUF key. Raises `TrainingError` for positions that llama.cpp does not
    compute."""
    head = config.get("head_dim") or config["hidden_size"] // architecture.heads
    values: dict[str, Value] = {key: int(config[word]) for key, word in _SIZES.items()}
    values["attention.head_count_kv"] = architecture.key_heads
    values["attention.key_length"] = values["attention.value_length"] = values["rope.dimension_count"] = int(head)
    values["attention.layer_norm_rms_epsilon"] = float(config["rms_norm_eps"])
    return {f"{architecture.name}.{key}": value for key, value in values.items()} | positions(architecture, config)


def positions(architecture: Architecture, config: Mapping[str, Any]) -> dict[str, Value]:
    """How far the model reads and how its rotations are stretched, by GGUF key: what a base model's file, made before
    the training, says otherwise."""
    return {f"{architecture.name}.{key}": value for key, value in rope_of(config).as_gguf().items()}
