from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import pytest

from octavo.errors import MissingExtra, TrainingError, UsageError
from octavo.training.model.loading import load_model, load_tokenizer, require_loadable
from octavo.training.recipe import Stage
from octavo.training.sft import train
from tests.models.vocabulary import TEXT, write_gguf, write_tiny_model
from tests.training.tiny_run import tiny_folder, tiny_recipe


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_folder(tmp_path_factory.mktemp("models") / "tiny")


def angles(model: Any) -> Any:
    return model.model.rotary_emb.inv_freq


def changed(source: Path, target: Path, values: dict[str, bool], tensors: dict[str, Any] | None = None) -> None:
    """A copy of a GGUF file with other values, and more tensors."""
    reader = gguf.GGUFReader(source)
    writer = gguf.GGUFWriter(target, "llama")
    for key, field in reader.fields.items():
        if not key.startswith("GGUF.") and key not in ("general.architecture", *values):
            item = field.types[-1] if len(field.types) > 1 else None
            writer.add_key_value(key, field.contents(), field.types[0], sub_type=item)
    for key, value in values.items():
        writer.add_bool(key, value)
    for tensor in reader.tensors:
        writer.add_tensor(tensor.name, tensor.data)
    for name, array in (tensors or {}).items():
        writer.add_tensor(name, array)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def test_a_frozen_base_is_in_half_precision_and_what_is_trained_whole_in_single(folder: Path) -> None:
    import torch

    assert load_model(str(folder)).dtype == torch.bfloat16
    assert load_model(str(folder), method="full").dtype == torch.float32


def test_positions_are_stretched_in_the_model_and_not_in_its_config_alone(folder: Path) -> None:
    import torch

    plain, stretched = load_model(str(folder)), load_model(str(folder), rope="linear", reach=512)
    torch.testing.assert_close(angles(stretched), angles(plain) / 4)
    assert stretched.config.max_position_embeddings == 512


def test_a_length_that_is_not_reached_is_refused_before_the_weights_are_loaded(folder: Path) -> None:
    with pytest.raises(UsageError, match=r"reads 128 tokens, not 512: add --rope yarn"):
        load_model(str(folder), reach=512)


def test_a_gguf_file_becomes_a_model_that_can_be_trained_and_saved(tmp_path: Path) -> None:
    write_tiny_model(tmp_path / "tiny.gguf", "smollm", rotary=True)
    model = load_model(str(tmp_path / "tiny.gguf"), method="full", rope="yarn", reach=1024)
    assert model.config.rope_parameters["factor"] == 4.0
    assert all(parameter.requires_grad for parameter in model.parameters())
    model.save_pretrained(tmp_path / "saved")
    assert (tmp_path / "saved" / "model.safetensors").exists()


def test_the_tokenizer_of_a_gguf_file_cuts_texts_as_the_original(tmp_path: Path) -> None:
    original = write_gguf(tmp_path / "tiny.gguf", "smollm")
    tokenizer = load_tokenizer(str(tmp_path / "tiny.gguf"), cache=tmp_path / "cache")
    assert tokenizer(TEXT)["input_ids"] == original.encode(TEXT).ids
    assert (tokenizer.bos_token, tokenizer.eos_token) == ("<|start|>", "<|end|>")
    assert tokenizer.name_or_path == str(tmp_path / "tiny.gguf")


def test_a_first_token_that_the_file_asks_for_is_put_before_texts(tmp_path: Path) -> None:
    write_gguf(tmp_path / "plain.gguf", "gpt-2")
    changed(tmp_path / "plain.gguf", tmp_path / "begins.gguf", {"tokenizer.ggml.add_bos_token": True})
    plain, begins = (
        load_tokenizer(str(tmp_path / f"{name}.gguf"), cache=tmp_path / "cache") for name in ("plain", "begins")
    )
    assert begins("fox")["input_ids"] == [1, *plain("fox")["input_ids"]]


def test_a_gguf_file_whose_angles_are_divided_is_refused(tmp_path: Path) -> None:
    write_tiny_model(tmp_path / "tiny.gguf", "smollm")
    divisors = {"rope_freqs.weight": np.ones(8, dtype=np.float32)}
    changed(tmp_path / "tiny.gguf", tmp_path / "divided.gguf", {}, divisors)
    for of_model in (load_model, require_loadable):
        with pytest.raises(TrainingError, match=r"divided\.gguf: its angles are divided"):
            of_model(str(tmp_path / "divided.gguf"))


def test_four_bits_are_not_for_gguf_files(tmp_path: Path) -> None:
    write_tiny_model(tmp_path / "tiny.gguf", "smollm")
    with pytest.raises(TrainingError, match="with --method lora or full, not in 4 bits"):
        load_model(str(tmp_path / "tiny.gguf"), method="qlora")


def test_what_is_no_model_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import huggingface_hub.constants

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(TrainingError, match=r"nobody/nothing: has no tokenizer that can be loaded"):
        load_tokenizer("nobody/nothing")
    with pytest.raises(TrainingError, match=r"nobody/nothing: is no model to train"):
        load_model("nobody/nothing")
    (tmp_path / "empty").mkdir()
    with pytest.raises(TrainingError, match=r"empty: is no model to train"):
        load_model(str(tmp_path / "empty"))
    with pytest.raises(TrainingError, match=r"none\.gguf"):
        load_tokenizer(str(tmp_path / "none.gguf"), cache=tmp_path)


def test_a_folder_without_weights_is_named(tmp_path: Path) -> None:
    tiny_folder(tmp_path / "tiny")
    (tmp_path / "tiny" / "model.safetensors").unlink()
    with pytest.raises(TrainingError, match=r"tiny: its weights cannot be loaded"):
        load_model(str(tmp_path / "tiny"))


def test_without_the_libraries_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(MissingExtra, match=r"octavo\[train\]"):
        load_tokenizer("some/model")


def test_a_model_whose_layers_turn_differently_is_trained_as_it_is_and_not_stretched(tmp_path: Path) -> None:
    from transformers import Gemma3ForCausalLM, Gemma3TextConfig

    folder = tiny_folder(tmp_path / "gemma")
    config = Gemma3TextConfig(
        vocab_size=512,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        head_dim=16,
        max_position_embeddings=128,
        layer_types=["sliding_attention", "full_attention"],
        sliding_window=64,
    )
    model = Gemma3ForCausalLM(config)
    model.save_pretrained(folder)
    assert load_model(str(folder), reach=128).config.rope_parameters == config.rope_parameters
    run = train(tiny_recipe(tmp_path, model=str(folder), stages=(Stage(96, steps=2),)), tmp_path / "run")
    assert [step.step for step in run.steps()] == [1, 2]
    with pytest.raises(TrainingError, match="different rotations in different layers, which cannot be stretched"):
        require_loadable(str(folder), rope="yarn", reach=256)
    with pytest.raises(UsageError, match="reads 128 tokens, not 256: train at a shorter length"):
        require_loadable(str(folder), reach=256)
