from __future__ import annotations

from pathlib import Path
from typing import Any

import gguf
import numpy as np
import pytest

from octavo.errors import TrainingError, UsageError
from octavo.training.model.rope import rope_of
from octavo.training.model.shape import ModelShape, model_config, shape_of
from octavo.training.recipe import Lora, Recipe, Stage
from tests.training.tiny import tiny_config, tiny_model

SMOLLM = ModelShape(30, 576, 576, 192, 1536, 49_152, tied=True)


def write_gguf(path: Path, *, tied: bool = True) -> Path:
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_block_count(2)
    writer.add_context_length(512)
    writer.add_embedding_length(64)
    writer.add_feed_forward_length(160)
    writer.add_head_count(4)
    writer.add_head_count_kv(2)
    writer.add_rope_freq_base(100_000.0)
    writer.add_rope_dimension_count(16)
    for name in ("token_embd.weight",) if tied else ("token_embd.weight", "output.weight"):
        writer.add_tensor(name, np.zeros((256, 64), dtype=np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def test_the_embedded_models_parameters_are_134_million() -> None:
    assert SMOLLM.parameters == 134_515_008  # as its model card counts them


@pytest.mark.parametrize("family", ["Llama", "Qwen2", "Qwen3", "Mistral", "Gemma"])
@pytest.mark.parametrize("tied", [True, False])
def test_parameters_are_those_of_the_model(family: str, tied: bool) -> None:
    import torch
    import transformers

    config = getattr(transformers, f"{family}Config")(
        vocab_size=1000,
        hidden_size=256,
        intermediate_size=640,
        num_hidden_layers=3,
        num_attention_heads=8,
        num_key_value_heads=2,
        head_dim=32,
        tie_word_embeddings=tied,
    )
    with torch.device("meta"):
        model = transformers.AutoModelForCausalLM.from_config(config)
    counted = sum(weight.numel() for weight in model.parameters())
    assert shape_of(config.to_dict()).parameters == pytest.approx(counted, rel=1e-3)


def test_adapters_are_those_of_peft() -> None:
    recipe = Recipe("m", (), (Stage(64),), lora=Lora(rank=8), checkpointing=False)
    model = tiny_model(tiny_config(), recipe)
    trained = sum(weight.numel() for weight in model.parameters() if weight.requires_grad)
    assert shape_of(tiny_config().to_dict()).adapters(8) == trained


def test_of_many_experts_a_token_sees_a_few() -> None:
    import torch
    from transformers import AutoModelForCausalLM, MixtralConfig

    config = MixtralConfig(
        vocab_size=1000,
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        num_local_experts=8,
        num_experts_per_tok=2,
        tie_word_embeddings=False,
    )
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(config)
    shape = shape_of(config.to_dict())
    assert shape.parameters == pytest.approx(sum(weight.numel() for weight in model.parameters()), rel=5e-3)
    assert shape.multiplied - shape.attention == shape.feed_forward / 4


def test_a_folder_is_read_by_transformers(tmp_path: Path) -> None:
    tiny_config(max_position_embeddings=512).save_pretrained(tmp_path)
    config = model_config(str(tmp_path))
    assert shape_of(config) == ModelShape(2, 64, 64, 32, 160, 256, tied=True)
    assert rope_of(config).length == 512


@pytest.mark.parametrize("tied", [True, False])
def test_a_gguf_says_the_same_in_other_words(tmp_path: Path, tied: bool) -> None:
    config = model_config(str(write_gguf(tmp_path / "model.gguf", tied=tied)))
    assert shape_of(config) == ModelShape(2, 64, 64, 32, 160, 256, tied=tied)
    rope = rope_of(config)
    assert (rope.theta, rope.length, rope.dimensions) == (100_000.0, 512, 16)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("empty", None, "empty: is no model to train"),
        ("model.gguf", b"not a model", "model.gguf: not a GGUF file"),
        ("none.gguf", None, "none.gguf: not a GGUF file"),
    ],
)
def test_what_is_no_model_is_named(tmp_path: Path, name: str, content: bytes | None, words: str) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    elif not name.endswith(".gguf"):
        (tmp_path / name).mkdir()
    with pytest.raises((TrainingError, UsageError), match=words):
        model_config(str(tmp_path / name))


@pytest.mark.parametrize("missing", ["hidden_size", "num_hidden_layers", "vocab_size", "intermediate_size"])
def test_a_config_that_lacks_a_size_is_an_error(missing: str) -> None:
    config: dict[str, Any] = {key: value for key, value in tiny_config().to_dict().items() if key != missing}
    with pytest.raises(TrainingError, match=f"this llama has no {missing}"):
        shape_of(config)
