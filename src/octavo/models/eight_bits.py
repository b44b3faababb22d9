"""A model's weights at 8 bits each, with a LoRA adapter added: as the engine reads them fastest.

On a processor the engine multiplies by Q8_0 far faster than by most of the smaller types, for which it has no code that
works on several rows at once; a file half as large again costs little where the model is small
(`benchmarks/embedded_speed.py`). An adapter that is part of the weights costs nothing more. Knows files; nothing of
engines.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

from octavo.errors import UsageError
from octavo.models.gguf_file import copy_values, open_gguf
from octavo.models.weights import weights_hash

RULES = 1
"""Raised when the same files would give other weights: part of the kept file's name."""

_BLOCK = 32
"""Weights of a row that share a scale: rows of another length stay as they are."""


def at_eight_bits(weights: Path, adapter: Path | None, cache: Path) -> Path:
    """The same model as one file under `cache`, made once in a few seconds; one that was made of other files of these
    names before is deleted.

    Raises `UsageError` for a file that is no GGUF, and for an adapter that does not belong over these weights; an
    `OSError` where there is no room.
    """
    hashes = [weights_hash(file, cache) for file in (weights, adapter) if file is not None]
    digest = hashlib.sha256("\n".join([*hashes, str(RULES)]).encode()).hexdigest()[:16]
    name = "-".join(file.stem for file in (weights, adapter) if file is not None)
    kept = cache / "eight_bits" / name / f"{digest}.gguf"
    if kept.exists():
        return kept
    kept.parent.mkdir(parents=True, exist_ok=True)
    made = kept.with_name(f".{kept.name}.{os.getpid()}")
    try:
        _write(weights, adapter, made)
        made.replace(kept)
    finally:
        made.unlink(missing_ok=True)
    for other in kept.parent.glob("*.gguf"):
        if other != kept:
            _delete(other)
    return kept


def _delete(file: Path) -> None:
    try:
        file.unlink(missing_ok=True)
    except OSError:  # another process runs it, and this system does not let it go
        return


def _write(weights: Path, adapter: Path | None, target: Path) -> None:
    reader = open_gguf(weights)
    from gguf import GGMLQuantizationType, GGUFWriter, LlamaFileType, quants

    added = _Adapter(adapter) if adapter is not None else None
    writer = GGUFWriter(target, reader.fields["general.architecture"].contents())
    try:
        copy_values(reader, writer, lambda key: key == "general.file_type")
        writer.add_file_type(LlamaFileType.MOSTLY_Q8_0)
        for tensor in reader.tensors:
            name, kind = tensor.name, tensor.tensor_type
            if len(tensor.shape) == 2 and tensor.shape[0] % _BLOCK == 0:
                rows = quants.dequantize(tensor.data, kind)
                if added is not None:
                    rows = added.over(name, rows)
                q8 = GGMLQuantizationType.Q8_0
                writer.add_tensor(name, quants.quantize(rows, q8), raw_dtype=q8)
            else:
                writer.add_tensor(name, tensor.data, raw_shape=tensor.data.shape, raw_dtype=kind)
        if added is not None and (strangers := added.unused):
            raise UsageError(f"{adapter}: does not belong over {weights.name}, which has no {strangers[0]}")
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
    finally:
        writer.close()


class _Adapter:
    """alpha ÷ rank · B · A for each tensor that an adapter's file names."""

    def __init__(self, path: Path) -> None:
        reader = open_gguf(path)
        alpha = reader.fields.get("adapter.lora.alpha")
        if alpha is None:
            raise UsageError(f"{path}: is no LoRA adapter")
        self._alpha = float(alpha.contents())
        self._sides: dict[str, Any] = {tensor.name: tensor for tensor in reader.tensors}

    @property
    def unused(self) -> list[str]:
        """The tensors that no weights were added for."""
        return sorted({name.rpartition(".")[0] for name in self._sides})

    def over(self, name: str, rows: Any) -> Any:
        """The rows with what the adapter adds to them, if it does."""
        sides = [self._sides.pop(f"{name}.lora_{side}", None) for side in "ab"]
        if any(side is None for side in sides):
            return rows
        from gguf import quants

        a, b = (quants.dequantize(side.data, side.tensor_type) for side in sides)
        if b.shape != (rows.shape[0], a.shape[0]) or a.shape[1] != rows.shape[1]:
            raise UsageError(f"the adapter does not fit {name}: it is for weights of another shape")
        return rows + (self._alpha / a.shape[0]) * (b @ a)
