from __future__ import annotations

from pathlib import Path
from typing import Any

import gguf
import numpy as np
import pytest
from gguf import GGMLQuantizationType as Kind

from octavo.errors import TrainingError, UsageError
from octavo.training.export.model_file import export_model
from tests.models.vocabulary import write_tiny_model
from tests.training.export.tiny_models import adapted, model_of, tokenizer_of

YARN = {"rope_type": "yarn", "rope_theta": 10_000.0, "factor": 4.0, "original_max_position_embeddings": 128}


def said_in(path: Path) -> dict[str, Any]:
    return {key: field.contents() for key, field in gguf.GGUFReader(path).fields.items()}


def kinds_in(path: Path) -> dict[str, Kind]:
    return {tensor.name: tensor.tensor_type for tensor in gguf.GGUFReader(path).tensors}


def test_the_file_says_how_far_the_model_was_trained_to_read(tmp_path: Path) -> None:
    model = model_of("llama", 700, rope_parameters=YARN)
    export_model(model, tokenizer_of("smollm"), tmp_path / "model.gguf")
    said = said_in(tmp_path / "model.gguf")
    assert said["llama.context_length"] == 512
    assert said["llama.rope.scaling.type"] == "yarn"
    assert said["llama.rope.scaling.factor"] == 4.0
    assert said["llama.rope.scaling.original_context_length"] == 128
    assert said["llama.rope.freq_base"] == 10_000.0
    assert (said["llama.attention.head_count"], said["llama.attention.head_count_kv"]) == (4, 2)
    assert said["general.file_type"] == gguf.LlamaFileType.MOSTLY_F16


def test_positions_that_llama_cpp_does_not_compute_are_refused(tmp_path: Path) -> None:
    model = model_of("llama", 700, rope_parameters={"rope_type": "dynamic", "rope_theta": 1e4, "factor": 2.0})
    with pytest.raises(TrainingError, match=r"RoPE scaling of type dynamic cannot be exported for llama\.cpp"):
        export_model(model, tokenizer_of("smollm"), tmp_path / "model.gguf")
    assert list(tmp_path.iterdir()) == []


def test_what_a_base_file_says_is_kept_but_for_what_training_changed(tmp_path: Path) -> None:
    write_tiny_model(tmp_path / "base.gguf", "smollm")
    tokenizer = tokenizer_of("smollm")
    model = model_of("llama", len(tokenizer), rope_parameters=YARN)
    export_model(model, tokenizer, tmp_path / "model.gguf", base=tmp_path / "base.gguf")
    before, after = said_in(tmp_path / "base.gguf"), said_in(tmp_path / "model.gguf")
    for key in ("tokenizer.ggml.tokens", "tokenizer.ggml.merges", "tokenizer.ggml.pre", "llama.embedding_length"):
        assert after[key] == before[key]
    assert (before["llama.context_length"], after["llama.context_length"]) == (256, 512)
    assert "generation %}" not in after["tokenizer.chat_template"]


def test_a_base_file_of_another_architecture_is_refused(tmp_path: Path) -> None:
    write_tiny_model(tmp_path / "base.gguf", "qwen2")
    with pytest.raises(TrainingError, match=r"base\.gguf: is a llama and the trained model a qwen2"):
        export_model(
            model_of("qwen2", 700), tokenizer_of("qwen2"), tmp_path / "model.gguf", base=tmp_path / "base.gguf"
        )


@pytest.mark.parametrize(("quantization", "embedding"), [("f16", Kind.F16), ("q8_0", Kind.Q8_0), ("q4_0", Kind.Q8_0)])
def test_matrices_are_quantised_and_vectors_are_not(tmp_path: Path, quantization: Any, embedding: Kind) -> None:
    model = model_of("llama", 700, tie_word_embeddings=True)
    export_model(model, tokenizer_of("smollm"), tmp_path / "model.gguf", quantization=quantization)
    kinds = kinds_in(tmp_path / "model.gguf")
    assert kinds["blk.0.ffn_up.weight"] == Kind[quantization.upper()]
    assert kinds["blk.0.ffn_norm.weight"] == Kind.F32
    assert kinds["token_embd.weight"] == embedding
    assert "output.weight" not in kinds


def test_rows_that_do_not_fill_blocks_stay_in_half_precision(tmp_path: Path) -> None:
    model = model_of("llama", 700, intermediate_size=72)
    export_model(model, tokenizer_of("smollm"), tmp_path / "model.gguf", quantization="q8_0")
    kinds = kinds_in(tmp_path / "model.gguf")
    assert (kinds["blk.0.ffn_down.weight"], kinds["blk.0.ffn_up.weight"]) == (Kind.F16, Kind.Q8_0)


def test_the_weights_are_those_of_the_model_with_its_updates(tmp_path: Path) -> None:
    peft = adapted(model_of("llama", 700))
    export_model(peft, tokenizer_of("smollm"), tmp_path / "model.gguf", quantization="f32")
    written = {tensor.name: tensor.data for tensor in gguf.GGUFReader(tmp_path / "model.gguf").tensors}
    layer = peft.get_base_model().model.layers[1].mlp.up_proj
    merged = (layer.base_layer.weight + layer.get_delta_weight("default")).detach().numpy()
    np.testing.assert_allclose(written["blk.1.ffn_up.weight"], merged, rtol=1e-6)


def test_a_quantization_that_is_not_known_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no quantization 'q4_k_m'; there are f32, f16, q8_0"):
        export_model(
            model_of("llama", 700),
            tokenizer_of("smollm"),
            tmp_path / "m.gguf",
            quantization="q4_k_m",  # type: ignore[arg-type]
        )


def test_a_file_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="cannot be written"):
        export_model(model_of("llama", 700), tokenizer_of("smollm"), tmp_path / "no" / "m.gguf")
    assert list(tmp_path.iterdir()) == []
