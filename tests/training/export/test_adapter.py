from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import pytest

from octavo.errors import TrainingError
from octavo.training.export.adapter import export_adapter
from octavo.training.model.adapter_file import fill_adapters, lora_of
from octavo.training.recipe import Lora
from tests.training.export.tiny_models import adapted, model_of


@pytest.fixture
def trained(tmp_path: Path) -> tuple[Any, Path]:
    peft = adapted(model_of("llama", 300))
    peft.save_pretrained(tmp_path / "adapter")
    return peft, tmp_path / "adapter"


def test_the_file_says_what_it_is_and_holds_both_sides(trained: tuple[Any, Path], tmp_path: Path) -> None:
    peft, folder = trained
    export_adapter(folder, peft.config.to_dict(), tmp_path / "adapter.gguf", name="reader")
    reader = gguf.GGUFReader(tmp_path / "adapter.gguf")
    said = {key: field.contents() for key, field in reader.fields.items()}
    assert said["general.architecture"] == "llama"
    assert (said["general.type"], said["general.name"]) == ("adapter", "reader")
    assert (said["adapter.type"], said["adapter.lora.alpha"]) == ("lora", 8.0)
    shapes = {tensor.name: tuple(reversed(tensor.shape.tolist())) for tensor in reader.tensors}
    assert len(shapes) == 2 * 2 * 7
    assert shapes["blk.1.ffn_down.weight.lora_a"] == (4, 128)
    assert shapes["blk.1.ffn_down.weight.lora_b"] == (64, 4)
    assert {tensor.tensor_type for tensor in reader.tensors} == {gguf.GGMLQuantizationType.F16}


def test_only_the_sides_that_give_rows_of_queries_and_keys_are_put_in_order(
    trained: tuple[Any, Path], tmp_path: Path
) -> None:
    peft, folder = trained
    export_adapter(folder, peft.config.to_dict(), tmp_path / "adapter.gguf")
    written = {tensor.name: tensor.data for tensor in gguf.GGUFReader(tmp_path / "adapter.gguf").tensors}
    attention = peft.get_base_model().model.layers[0].self_attn

    def side(layer: Any, name: str) -> Any:
        return getattr(layer, f"lora_{name}")["default"].weight.detach().numpy().astype(np.float16)

    np.testing.assert_array_equal(written["blk.0.attn_q.weight.lora_a"], side(attention.q_proj, "A"))
    np.testing.assert_array_equal(written["blk.0.attn_v.weight.lora_b"], side(attention.v_proj, "B"))
    rows = side(attention.k_proj, "B")  # two heads of 16: row 0 is rotated with row 8
    np.testing.assert_array_equal(written["blk.0.attn_k.weight.lora_b"][:4], rows[[0, 8, 1, 9]])


def test_adapters_of_other_kinds_are_refused(trained: tuple[Any, Path], tmp_path: Path) -> None:
    peft, folder = trained
    path = folder / "adapter_config.json"
    settings = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**settings, "use_rslora": True}), encoding="utf-8")
    with pytest.raises(TrainingError, match=r"this one is not \(use_rslora\); export it with --to gguf"):
        export_adapter(folder, peft.config.to_dict(), tmp_path / "adapter.gguf")
    path.unlink()
    with pytest.raises(TrainingError, match="is a LoRA adapter saved there"):
        export_adapter(folder, peft.config.to_dict(), tmp_path / "adapter.gguf")
    assert not (tmp_path / "adapter.gguf").exists()


@pytest.mark.parametrize("architecture", ["llama", "qwen2"])
def test_what_a_file_holds_is_put_back(architecture: str, tmp_path: Path) -> None:
    peft, file = adapted(model_of(architecture, 300)), tmp_path / "adapter.gguf"
    peft.save_pretrained(tmp_path / "adapter")
    export_adapter(tmp_path / "adapter", peft.config.to_dict(), file)
    assert lora_of(file) == Lora(rank=4, alpha=8)
    other = adapted(model_of(architecture, 300), strength=0.1)
    fill_adapters(other, file)
    filled = dict(other.named_parameters())
    for name, parameter in peft.named_parameters():
        if "lora_" in name:
            np.testing.assert_array_equal(filled[name].detach().numpy(), parameter.detach().half().float().numpy())


def test_a_file_of_another_model_is_refused(trained: tuple[Any, Path], tmp_path: Path) -> None:
    peft, folder = trained
    file = tmp_path / "adapter.gguf"
    export_adapter(folder, peft.config.to_dict(), file)
    for other in (
        adapted(model_of("llama", 300, hidden_size=32)),
        adapted(model_of("llama", 300, num_hidden_layers=1)),
        adapted(model_of("llama", 300, num_hidden_layers=3)),
        adapted(model_of("llama", 300), rank=2),
    ):
        before = {name: parameter.clone() for name, parameter in other.named_parameters()}
        with pytest.raises(TrainingError, match=r"adapter\.gguf: is no adapter of this model"):
            fill_adapters(other, file)
        assert all(parameter.equal(before[name]) for name, parameter in other.named_parameters())


def test_a_file_without_an_adapter_is_refused(tmp_path: Path) -> None:
    writer = gguf.GGUFWriter(tmp_path / "model.gguf", "llama")
    writer.add_name("no adapter")
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    with pytest.raises(TrainingError, match=r"model\.gguf: holds no LoRA adapter"):
        lora_of(tmp_path / "model.gguf")
