"""Weights at 8 bits, an adapter added: what they hold, how long they are kept, and what does not fit."""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import pytest
from gguf import GGMLQuantizationType, quants

from octavo.errors import UsageError
from octavo.models import embedded
from octavo.models.eight_bits import at_eight_bits
from octavo.models.embedded import EmbeddedModel

RANK, ALPHA = 4, 8.0
MATRIX, ODD, VECTOR = "blk.0.attn_q.weight", "blk.0.odd.weight", "blk.0.attn_norm.weight"


def values(*shape: int, seed: int = 0) -> Any:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def write(path: Path, tensors: Mapping[str, Any], kind: GGMLQuantizationType, **entries: Any) -> Path:
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_context_length(512)
    writer.add_token_list(["a", "b"])
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_Q4_1)
    for key, value in entries.items():
        writer.add_float32(key.replace("_", "."), value)
    for name, tensor in tensors.items():
        whole = tensor.ndim == 2 and tensor.shape[1] % 32 == 0
        own = kind if whole else GGMLQuantizationType.F32
        writer.add_tensor(name, quants.quantize(tensor, own), raw_dtype=own)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    tensors = {MATRIX: values(48, 64), ODD: values(8, 24), VECTOR: values(64)}
    return write(tmp_path / "small.gguf", tensors, GGMLQuantizationType.Q4_1)


@pytest.fixture
def adapter(tmp_path: Path) -> Path:
    sides = {f"{MATRIX}.lora_a": values(RANK, 64, seed=1), f"{MATRIX}.lora_b": values(48, RANK, seed=2)}
    return write(tmp_path / "adapter.gguf", sides, GGMLQuantizationType.F16, adapter_lora_alpha=ALPHA)


def tensors_of(path: Path) -> dict[str, tuple[str, Any]]:
    return {
        tensor.name: (tensor.tensor_type.name, quants.dequantize(tensor.data, tensor.tensor_type))
        for tensor in gguf.GGUFReader(path).tensors
    }


def test_matrices_have_eight_bits_and_nothing_else_changes(weights: Path, tmp_path: Path) -> None:
    before, after = tensors_of(weights), tensors_of(at_eight_bits(weights, None, tmp_path))
    assert {name: kind for name, (kind, _) in after.items()} == {MATRIX: "Q8_0", ODD: "F32", VECTOR: "F32"}
    for name, (_, rows) in after.items():
        assert rows.shape == before[name][1].shape
        assert np.abs(rows - before[name][1]).max() <= (0.02 if name == MATRIX else 0.0)
    fields = gguf.GGUFReader(at_eight_bits(weights, None, tmp_path)).fields
    assert fields["llama.context_length"].contents() == 512
    assert fields["tokenizer.ggml.tokens"].contents() == ["a", "b"]
    assert fields["general.file_type"].contents() == gguf.LlamaFileType.MOSTLY_Q8_0


def test_an_adapter_is_part_of_the_weights(weights: Path, adapter: Path, tmp_path: Path) -> None:
    sides = tensors_of(adapter)
    a, b = (sides[f"{MATRIX}.lora_{side}"][1] for side in "ab")
    expected = tensors_of(weights)[MATRIX][1] + ALPHA / RANK * b @ a
    found = tensors_of(at_eight_bits(weights, adapter, tmp_path))[MATRIX][1]
    assert np.abs(found - expected).max() <= np.abs(expected).max() / 127
    assert np.abs(found - tensors_of(weights)[MATRIX][1]).max() > 1.0


def test_it_is_made_once_and_again_where_the_file_is_another(weights: Path, adapter: Path, tmp_path: Path) -> None:
    plain = at_eight_bits(weights, None, tmp_path)
    made = plain.stat().st_mtime_ns
    assert at_eight_bits(weights, None, tmp_path) == plain
    assert plain.stat().st_mtime_ns == made
    adapted = at_eight_bits(weights, adapter, tmp_path)
    assert plain.exists() and adapted.exists()
    other = {f"{MATRIX}.lora_a": values(RANK, 64, seed=3), f"{MATRIX}.lora_b": values(48, RANK, seed=4)}
    write(adapter, other, GGMLQuantizationType.F16, adapter_lora_alpha=ALPHA)
    assert list(adapted.parent.iterdir()) == [adapted]
    again = at_eight_bits(weights, adapter, tmp_path)
    assert again != adapted
    assert list(again.parent.iterdir()) == [again]
    assert plain.exists()


def test_an_adapter_of_another_model_is_named(weights: Path, tmp_path: Path) -> None:
    strange = {"blk.7.attn_q.weight.lora_a": values(RANK, 64), "blk.7.attn_q.weight.lora_b": values(48, RANK)}
    other = write(tmp_path / "other.gguf", strange, GGMLQuantizationType.F16, adapter_lora_alpha=ALPHA)
    with pytest.raises(UsageError, match=r"other\.gguf: .* over small\.gguf, which has no blk\.7\.attn_q"):
        at_eight_bits(weights, other, tmp_path)
    wide = {f"{MATRIX}.lora_a": values(RANK, 96), f"{MATRIX}.lora_b": values(48, RANK)}
    other = write(tmp_path / "wide.gguf", wide, GGMLQuantizationType.F16, adapter_lora_alpha=ALPHA)
    with pytest.raises(UsageError, match=r"the adapter does not fit blk\.0\.attn_q\.weight"):
        at_eight_bits(weights, other, tmp_path)
    with pytest.raises(UsageError, match=r"small\.gguf: is no LoRA adapter"):
        at_eight_bits(weights, weights, tmp_path)
    assert not any(file.is_file() for file in (tmp_path / "eight_bits").rglob("*"))


def test_where_there_is_no_room_the_engine_gets_the_files_as_they_are(
    weights: Path, adapter: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> Path:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(embedded, "require_weights", lambda _: weights)
    small = EmbeddedModel(adapter=adapter, cache=tmp_path)
    assert small._loaded(tmp_path) == (at_eight_bits(weights, adapter, tmp_path), None)
    assert EmbeddedModel(weights, adapter=adapter)._loaded(tmp_path) == (weights, adapter)
    monkeypatch.setattr(embedded, "at_eight_bits", full)
    assert small._loaded(tmp_path) == (weights, adapter)
