"""The window of a model in a GGUF file: how long it was trained for, what a longer one costs, and how to stretch it.

Stretching is YaRN (Peng et al., "YaRN: Efficient Context Window Extension of Large Language Models", arXiv:2309.00071),
which llama.cpp computes. Its server holds a slot to the length that the file names, whatever is asked of it, so the
window is stretched in a copy of the file: the same tensors, with the longer length and the scaling in its metadata, as
models that were published with YaRN have it. Being another file, it has another fingerprint. Knows files; nothing of
engines.
"""

from __future__ import annotations

import os
import shutil
import struct
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from octavo.errors import UsageError
from octavo.models.gguf_file import open_gguf
from octavo.models.weights import weights_hash

_UINT32, _FLOAT32, _STRING = 4, 6, 8  # GGUF's numbers for the types of values
_COUNTS = 16
"""Where in a file the number of its values stands, behind magic, version and the number of tensors."""
_HALF_PRECISION = 2
"""Bytes of a number in the cache, as llama.cpp keeps it by default."""


@dataclass(frozen=True, slots=True)
class GgufWindow:
    """`trained` is in tokens. `token_bytes` is what the engine's cache holds for each token of a window, None where the
    layers do not all look at all of it (or the file does not tell). `rotary`: positions are rotations, which can be
    stretched; `scaled` names the scaling that the file has already."""

    trained: int
    token_bytes: int | None
    rotary: bool
    scaled: str | None


def gguf_window(path: Path) -> GgufWindow:
    """What the file says. Raises `UsageError` where it is no GGUF or names no length."""
    fields = open_gguf(path).fields

    def value(key: str) -> Any:
        return fields[key].contents() if key in fields else None

    architecture = value("general.architecture")
    trained = value(f"{architecture}.context_length")
    if not isinstance(trained, int):
        raise UsageError(f"{path}: does not say for how long a context it was trained; name another file")
    scaling = value(f"{architecture}.rope.scaling.type")
    numbers = {
        name: value(f"{architecture}.{name}")
        for name in (
            "block_count",
            "embedding_length",
            "attention.head_count",
            "attention.head_count_kv",
            "attention.key_length",
            "attention.value_length",
        )
    }
    slides = value(f"{architecture}.attention.sliding_window") is not None
    return GgufWindow(
        trained,
        None if slides else _token_bytes(numbers),
        rotary=any(key.startswith(f"{architecture}.rope.") for key in fields),
        scaled=scaling if scaling not in (None, "none") else None,
    )


def stretched(path: Path, window: int, cache: Path) -> Path:
    """The same model with a window of `window` tokens: a copy under `cache`, made once.

    Raises `UsageError` where the window needs no stretching or the model's cannot be stretched, and where there is no
    room for the copy.
    """
    kept = cache / "stretched" / weights_hash(path, cache)[:16] / f"{path.stem}-yarn-{window}.gguf"
    if kept.exists():
        return kept
    known = gguf_window(path)
    if window <= known.trained:
        raise UsageError(f"{path.name} was trained for {known.trained:,} tokens: {window:,} need no stretching")
    if known.scaled is not None:
        raise UsageError(f"{path.name}: its window is stretched already ({known.scaled}), to {known.trained:,} tokens")
    if not known.rotary:
        raise UsageError(f"{path.name}: its positions are no rotations, and only these can be stretched")
    try:
        kept.parent.mkdir(parents=True, exist_ok=True)
        _write(path, window, kept)
    except OSError as error:
        raise UsageError(f"{kept}: cannot keep a copy of the model there: {error.strerror or error}") from error
    return kept


def _token_bytes(numbers: dict[str, Any]) -> int | None:
    layers, width, heads = numbers["block_count"], numbers["embedding_length"], numbers["attention.head_count"]
    kept_heads = numbers["attention.head_count_kv"] or heads
    if not all(isinstance(number, int) and number > 0 for number in (layers, width, heads, kept_heads)):
        return None
    a_head = width // heads
    keys = numbers["attention.key_length"] or a_head
    values = numbers["attention.value_length"] or a_head
    return int(layers * kept_heads * (keys + values) * _HALF_PRECISION)


def _write(source: Path, window: int, target: Path) -> None:
    """Header, the values with the changed ones, the tensors' descriptions as they are, padding, their data as it is:
    descriptions count from the data's beginning, so nothing in them changes."""
    reader = open_gguf(source)
    if reader.byte_order == "S":
        raise UsageError(f"{source}: is of the other byte order; convert it first")
    architecture = reader.fields["general.architecture"].contents()
    length = reader.fields[f"{architecture}.context_length"]
    trained = int(length.contents())
    added = [
        _value(f"{architecture}.rope.scaling.type", _STRING, _text("yarn")),
        _value(f"{architecture}.rope.scaling.factor", _FLOAT32, struct.pack("<f", window / trained)),
        _value(f"{architecture}.rope.scaling.original_context_length", _UINT32, struct.pack("<I", trained)),
    ]
    end_of_values = min(tensor.field.offset for tensor in reader.tensors)
    head = bytearray(reader.data[:end_of_values].tobytes())
    (count,) = struct.unpack_from("<Q", head, _COUNTS)
    struct.pack_into("<Q", head, _COUNTS, count + len(added))
    value = length.parts[-1]
    at = length.offset + sum(part.nbytes for part in length.parts) - value.nbytes
    head[at : at + value.nbytes] = window.to_bytes(value.nbytes, "little")
    described = b"".join((bytes(head), *added, reader.data[end_of_values : _last_description(reader)].tobytes()))
    alignment = int(reader.alignment)
    descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(descriptor, "wb") as copy, source.open("rb") as original:
            copy.write(described)
            copy.write(bytes(-len(described) % alignment))
            original.seek(int(reader.data_offset))
            shutil.copyfileobj(original, copy, 16 * 2**20)
        Path(name).replace(target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _last_description(reader: Any) -> int:
    last = max((tensor.field for tensor in reader.tensors), key=lambda field: int(field.offset))
    return int(last.offset) + sum(int(part.nbytes) for part in last.parts)


def _value(key: str, kind: int, value: bytes) -> bytes:
    return _text(key) + struct.pack("<I", kind) + value


def _text(text: str) -> bytes:
    encoded = text.encode()
    return struct.pack("<Q", len(encoded)) + encoded
