"""A trained model as one GGUF file: tensors in half precision or quantised, and what llama.cpp must know of it.

Where the model was trained from a GGUF file, all that the file says is kept, but for what training changes: how far the
model reads, and its chat template. Tensors are worked on one at a time. Matrices are quantised by gguf's own code, in
the types that it can make; the embedding stays at 8 bits in files of fewer (it is also the head where the two are tied,
and errors there are seen in every token); vectors stay in single precision. Knows transformers' names for tensors.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, get_args

from octavo.errors import MissingExtra, TrainingError, UsageError
from octavo.models.gguf_file import copy_values, open_gguf
from octavo.training.data.plain_template import plain_template
from octavo.training.export.merged import MergedTensor, merged_tensors, without_adapters
from octavo.training.export.metadata import Value, hyperparameters, positions
from octavo.training.export.vocabulary import vocabulary
from octavo.training.model.architecture import Architecture, architecture_of
from octavo.training.writing import writing

Quantization = Literal["f32", "f16", "q8_0", "q5_1", "q5_0", "q4_1", "q4_0"]
"""The types of a file's matrices, most precise first: 32, 16, 8.5, 6, 5.5, 5 and 4.5 bits a weight."""

_BLOCK = 32
"""Weights of a row that are quantised together."""

_SEEN_IN_EVERY_TOKEN = ("token_embd.weight", "output.weight")

_SAID_ANEW = re.compile(r"^general\.(type|file_type|quantization_version|alignment)$|\.rope\.scaling\.")
"""Of a base file's keys, those that are about the file itself, or may not hold any more."""


def export_model(
    model: Any, tokenizer: Any, target: Path, *, quantization: Quantization = "f16", base: Path | None = None
) -> None:
    """Write the model, its adapters added, as the GGUF file `target`: whole, or not at all.

    `base` is the GGUF file that it was trained from, whose metadata and vocabulary are kept; without one they are made
    from the config and from `tokenizer`. Raises `TrainingError` for a model or tokenizer that cannot be exported so.
    """
    try:
        import gguf
    except ImportError as error:
        raise MissingExtra("export as GGUF", "train") from error
    if quantization not in get_args(Quantization):
        raise UsageError(f"no quantization {quantization!r}; there are {', '.join(get_args(Quantization))}")
    config: Mapping[str, Any] = without_adapters(model).config.to_dict()
    architecture = architecture_of(config)
    kind = gguf.GGMLQuantizationType[quantization.upper()]
    partial = target.with_name(f".{target.name}.{os.getpid()}")
    writer = gguf.GGUFWriter(partial, architecture.name)
    writer.add_type("model")
    writer.add_file_type(gguf.LlamaFileType["ALL_F32" if quantization == "f32" else f"MOSTLY_{kind.name}"])
    writer.add_quantization_version(gguf.GGML_QUANT_VERSION)
    if base is not None:
        changed: dict[str, Value] = dict(positions(architecture, config))
        if tokenizer.chat_template:
            changed["tokenizer.chat_template"] = plain_template(tokenizer.chat_template) or ""
        _copy_values(base, writer, architecture, changed)
    else:
        writer.add_name(str(config.get("_name_or_path") or target.stem))
        _add_values(writer, hyperparameters(architecture, config))
        _add_values(writer, vocabulary(tokenizer, int(config["vocab_size"])))
    try:
        with writing(target):
            _write_tensors(writer, architecture, model, kind)
            partial.replace(target)
    finally:
        writer.close()
        partial.unlink(missing_ok=True)


def _copy_values(base: Path, writer: Any, architecture: Architecture, changed: Mapping[str, Value]) -> None:
    """All keys of the file `base` with their types, but for the changed ones."""
    reader = open_gguf(base)
    own = reader.fields["general.architecture"].contents()
    if own != architecture.name:
        raise TrainingError(f"{base}: is a {own} and the trained model a {architecture.name}; name its own base file")
    copy_values(reader, writer, lambda key: key in changed or _SAID_ANEW.search(key) is not None)
    _add_values(writer, changed)


def _add_values(writer: Any, values: Mapping[str, Value]) -> None:
    for key, value in values.items():
        match value:
            case bool():
                writer.add_bool(key, value)
            case int():
                writer.add_uint32(key, value)
            case float():
                writer.add_float32(key, value)
            case str():
                writer.add_string(key, value)
            case list():
                writer.add_array(key, value)


def _write_tensors(writer: Any, architecture: Architecture, model: Any, kind: Any) -> None:
    """Descriptions first, as the format has it; then the values, one tensor in memory at a time."""
    import numpy as np
    from gguf import quant_shape_to_byte_shape, quants

    listed = [
        (architecture.tensor_name(tensor.name), tensor, _kind(architecture, tensor, kind)) for tensor in _tensors(model)
    ]
    for name, tensor, own in listed:
        stored = quant_shape_to_byte_shape(tensor.shape, own)
        writer.add_tensor_info(name, stored, np.dtype(np.uint8), int(np.prod(stored)), raw_dtype=own)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_ti_data_to_file()
    for _, tensor, own in listed:
        rows = np.ascontiguousarray(architecture.in_file_order(tensor.name, tensor.values().numpy()))
        writer.write_tensor_data(quants.quantize(rows, own))


def _tensors(model: Any) -> Iterator[MergedTensor]:
    """The parameters, and the angles' divisors where the config scales each by its own ("llama3")."""
    yield from merged_tensors(model)
    base = without_adapters(model)
    if base.config.rope_parameters.get("rope_type") == "llama3":
        yield MergedTensor("rope_freqs.weight", _divisors(base.config))


def _divisors(config: Any) -> Any:
    """By how much each angle is divided, as llama.cpp takes it; the angles themselves are transformers'."""
    import torch
    from transformers.modeling_rope_utils import ROPE_INIT_FUNCTIONS

    scaled, _ = ROPE_INIT_FUNCTIONS["llama3"](config, torch.device("cpu"))
    exponents = torch.arange(0, 2 * len(scaled), 2) / (2 * len(scaled))
    return config.rope_parameters["rope_theta"] ** -exponents / scaled


def _kind(architecture: Architecture, tensor: MergedTensor, wanted: Any) -> Any:
    from gguf import GGMLQuantizationType as Kind

    if len(tensor.shape) == 1:
        return Kind.F32
    if wanted in (Kind.F32, Kind.F16):
        return wanted
    if tensor.shape[-1] % _BLOCK:
        return Kind.F16
    return Kind.Q8_0 if architecture.tensor_name(tensor.name) in _SEEN_IN_EVERY_TOKEN else wanted
