"""The shape of a language model, by its config alone: how many parameters, and where they are.

The config is that of a model on the hub, in a folder, or what the metadata of a GGUF file say, put into the same words.
Knows decoders of stacked attention and feed-forward layers, of one size, dense or of experts; loads no weights.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from octavo.errors import MissingExtra, TrainingError
from octavo.models.gguf_file import open_gguf
from octavo.training.model.rope import rope_of_gguf

_TWO_MATRICES = frozenset({"falcon", "gpt_neox", "gptj", "nemotron", "phi", "starcoder2"})
"""Models whose feed-forward layers have no gate (Shazeer 2020, arXiv 2002.05202): two matrices instead of three."""


@dataclass(frozen=True, slots=True)
class ModelShape:
    """Sizes in numbers: `hidden` is the width; `queries` and `keys` are the widths of all heads together, `keys` once
    each for keys and values; `inner` is the feed-forward layer's width, of which there are `experts`, and `active` see
    each token. `matrices` are a feed-forward layer's (three with a gate). `tied`: the head is the embedding."""

    layers: int
    hidden: int
    queries: int
    keys: int
    inner: int
    vocabulary: int
    tied: bool
    matrices: int = 3
    experts: int = 1
    active: int = 1

    @property
    def attention(self) -> int:
        """Parameters of the four attention matrices of all layers."""
        return self.layers * self.hidden * (2 * self.queries + 2 * self.keys)

    @property
    def feed_forward(self) -> int:
        """Parameters of the feed-forward matrices of all layers, those of every expert."""
        return self.layers * self.experts * self.matrices * self.hidden * self.inner

    @property
    def multiplied(self) -> int:
        """Parameters of the layers that one token is multiplied with: those of the active experts; without the head."""
        return self.attention + self.feed_forward * self.active // self.experts

    @property
    def head(self) -> int:
        """Parameters of the matrix from the last layer to the vocabulary."""
        return self.vocabulary * self.hidden

    @property
    def parameters(self) -> int:
        """All of them, but for biases and the norms of single heads (less than a thousandth)."""
        norms = (2 * self.layers + 1) * self.hidden
        return self.attention + self.feed_forward + norms + self.head * (1 if self.tied else 2)

    def adapters(self, rank: int) -> int:
        """Parameters of low-rank adapters on every linear layer but the head: rank times (inputs + outputs) of each.
        Experts have none: they are no linear layers of their own in transformers."""
        attention = 4 * self.hidden + 2 * self.queries + 2 * self.keys
        feed_forward = self.matrices * (self.hidden + self.inner) if self.experts == 1 else 0
        return self.layers * rank * (attention + feed_forward)


def model_config(model: str) -> dict[str, Any]:
    """The config of a model: a hub's name, a folder, or a `.gguf` file.

    Raises `TrainingError` where there is none, or it is of a kind that transformers does not know; `UsageError` for a
    file that is no GGUF.
    """
    if model.lower().endswith(".gguf"):
        return config_of_gguf(gguf_metadata(Path(model)))
    try:
        from transformers import AutoConfig
    except ImportError as error:
        raise MissingExtra("training", "train") from error
    try:
        config = AutoConfig.from_pretrained(model).get_text_config()
    except (OSError, ValueError) as error:
        reason = str(error).strip().partition("\n")[0]
        raise TrainingError(
            f"{model}: is no model to train ({reason}); name one of the hub, a folder with config.json, or a .gguf file"
        ) from error
    entries: dict[str, Any] = config.to_dict()
    return entries


def gguf_metadata(path: Path) -> dict[str, Any]:
    """A GGUF file's own values, its tokenizer's lists left out; and, as transformers has it, `tied` and `vocabulary`
    by its tensors. Raises `UsageError` where it is none."""
    reader = open_gguf(path)
    values = {
        key: field.contents() for key, field in reader.fields.items() if not key.startswith(("tokenizer.", "GGUF."))
    }
    rows = next((int(tensor.shape[-1]) for tensor in reader.tensors if tensor.name == "token_embd.weight"), None)
    tied = all(tensor.name != "output.weight" for tensor in reader.tensors)
    return values | {"vocabulary": rows, "tied": tied}


def config_of_gguf(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """What `gguf_metadata` says in the words of transformers' configs, the rotary positions among it.

    Raises `TrainingError` where the file names no length."""
    architecture = str(metadata.get("general.architecture"))

    def value(key: str) -> Any:
        return metadata.get(f"{architecture}.{key}")

    words = {
        "num_hidden_layers": "block_count",
        "hidden_size": "embedding_length",
        "intermediate_size": "feed_forward_length",
        "num_attention_heads": "attention.head_count",
        "num_key_value_heads": "attention.head_count_kv",
        "head_dim": "attention.key_length",
        "num_local_experts": "expert_count",
        "num_experts_per_tok": "expert_used_count",
        "moe_intermediate_size": "expert_feed_forward_length",
    }
    entries = {word: value(key) for word, key in words.items() if value(key) is not None}
    return {
        "model_type": architecture,
        **entries,
        "vocab_size": value("vocab_size") or metadata.get("vocabulary"),
        "tie_word_embeddings": bool(metadata.get("tied")),
        **rope_of_gguf(metadata).as_config(),
    }


def shape_of(config: Mapping[str, Any]) -> ModelShape:
    """The shape that a config names. Raises `TrainingError` where it does not say what is needed."""

    def number(*names: str) -> int | None:
        found = (config.get(name) for name in names)
        return next((value for value in found if isinstance(value, int) and value > 0), None)

    def needed(*names: str) -> int:
        value = number(*names)
        if value is None:
            raise TrainingError(
                f"the config of this {config.get('model_type', 'model')} has no {names[0]}: what it takes to train it "
                "cannot be worked out; only language models of stacked attention layers are known"
            )
        return value

    hidden, heads = needed("hidden_size"), needed("num_attention_heads")
    head = number("head_dim") or hidden // heads
    experts = number("num_local_experts", "num_experts", "n_routed_experts") or 1
    inner = number("moe_intermediate_size") if experts > 1 else None
    return ModelShape(
        layers=needed("num_hidden_layers"),
        hidden=hidden,
        queries=heads * head,
        keys=(number("num_key_value_heads") or heads) * head,
        inner=inner or needed("intermediate_size"),
        vocabulary=needed("vocab_size"),
        tied=bool(config.get("tie_word_embeddings", True)),
        matrices=2 if config.get("model_type") in _TWO_MATRICES else 3,
        experts=experts,
        active=number("num_experts_per_tok") or 1,
    )
