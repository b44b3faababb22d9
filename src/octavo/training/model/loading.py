"""A model and its tokenizer, ready to be trained: from a hub's name, a folder, or a `.gguf` file.

Weights of a GGUF file are made numbers again on loading. Its tokenizer is octavo's own rebuilding, which agrees with
llama.cpp's (transformers' cuts Chinese and digits otherwise for some models). Positions are stretched here, before the
weights come, since a model makes its angles when it is made. Knows transformers; nothing of data or of what is learned.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from octavo.errors import MissingExtra, OctavoError, TrainingError, UsageError
from octavo.models.cores import patient_threads
from octavo.models.gguf_file import open_gguf
from octavo.models.gguf_tokenizer import gguf_tokenizer_file
from octavo.models.weights import default_cache
from octavo.training.model.rope import extend, length_of, rope_of, turns_alike
from octavo.training.model.shape import model_config
from octavo.training.quiet import quiet
from octavo.training.recipe import Method, RopeKind

_DIVISORS = "rope_freqs.weight"
"""A tensor of llama.cpp's that divides each angle by a number of its own; transformers passes it by."""


def load_tokenizer(model: str, *, cache: Path | None = None) -> Any:
    """The tokenizer of a model, with its chat template, as transformers has it.

    `cache` is octavo's folder for what is worked out once. Raises `TrainingError` where there is none that can be
    loaded.
    """
    patient_threads()
    try:
        from transformers import AutoTokenizer
    except ImportError as error:
        raise MissingExtra("training", "train") from error
    if is_gguf(model):
        return _tokenizer_of_gguf(Path(model), cache or default_cache())
    try:
        return AutoTokenizer.from_pretrained(model)
    except (OSError, ValueError, KeyError, ImportError) as error:
        raise TrainingError(
            f"{model}: has no tokenizer that can be loaded ({_first_line(error)}); name a model of the hub, a folder "
            "with tokenizer.json, or a .gguf file"
        ) from error


def load_model(
    model: str,
    *,
    method: Method = "lora",
    rope: RopeKind = "none",
    reach: int | None = None,
    theta: float | None = None,
) -> Any:
    """The weights, with positions stretched by `rope` to `reach` tokens where it is not "none" (`theta` is for "abf",
    as `extend` has it).

    Precision: a frozen base is in half precision, in 4 bits for "qlora"; what is trained in full is in single
    precision, since steps smaller than a rounding would be lost. Raises `TrainingError` for a model that cannot be
    loaded so, `UsageError` for a length that the positions do not reach.
    """
    patient_threads()
    positions = require_loadable(model, method=method, rope=rope, reach=reach, theta=theta)
    try:
        import torch
        from transformers import AutoModelForCausalLM, GgufConfig
    except ImportError as error:
        raise MissingExtra("training", "train") from error
    options: dict[str, Any] = {"dtype": torch.float32 if method == "full" else torch.bfloat16, **positions}
    if is_gguf(model):
        path = Path(model)
        name: str | Path = path.parent
        options |= {"gguf_file": path.name, "quantization_config": GgufConfig(dequantize=True)}
    else:
        name = model
        if method == "qlora":
            options |= {"quantization_config": _four_bits(torch), "device_map": {"": torch.cuda.current_device()}}
    try:
        with quiet(bars=False):
            loaded = AutoModelForCausalLM.from_pretrained(name, **options)
    except (OSError, ValueError, KeyError, NotImplementedError) as error:
        raise TrainingError(
            f"{model}: its weights cannot be loaded ({_first_line(error)}); name a language model of the hub, a folder "
            "of one, or a .gguf file of a kind that transformers reads"
        ) from error
    loaded.config.validate_rope()
    return loaded


def load_adapter(base: Any, folder: Path, *, trained: bool = False) -> Any:
    """The model with the adapter that PEFT saved in `folder`, to be `trained` further or to be used."""
    from peft import PeftModel

    with quiet(bars=False):
        return without_name_of_base(PeftModel.from_pretrained(base, str(folder), is_trainable=trained))


def without_name_of_base(model: Any) -> Any:
    """The same model with adapters, which does not know its base's name: with one, PEFT asks the hub for it at each
    saving."""
    model.peft_config["default"].base_model_name_or_path = ""
    return model


def require_loadable(
    model: str,
    *,
    method: Method = "lora",
    rope: RopeKind = "none",
    reach: int | None = None,
    theta: float | None = None,
) -> dict[str, Any]:
    """What the model that `load_model` gives has other than its config says: the entries about stretched positions,
    none where they stay. Raises as it does, without loading weights."""
    positions = _positions(model, rope, reach, theta)
    if is_gguf(model):
        _refuse_divided_angles(Path(model))
    if method == "qlora":
        _require_four_bits(model)
    return positions


def _positions(model: str, rope: RopeKind, reach: int | None, theta: float | None) -> dict[str, Any]:
    config = model_config(model)
    if turns_alike(config):
        positions = rope_of(config)
        return (positions if reach is None else extend(positions, rope, reach, theta=theta)).as_config()
    if rope != "none" or theta is not None:
        raise TrainingError(
            f"{model}: has different rotations in different layers, which cannot be stretched here; train it at the "
            "length it has, with --rope none"
        )
    length = length_of(config)
    if reach is not None and reach > length:
        raise UsageError(f"the model reads {length:,} tokens, not {reach:,}: train at a shorter length")
    return {}


def is_gguf(model: str) -> bool:
    """Whether a model's name is that of a GGUF file."""
    return model.lower().endswith(".gguf")


def _refuse_divided_angles(path: Path) -> None:
    if any(tensor.name == _DIVISORS for tensor in open_gguf(path).tensors):
        raise TrainingError(
            f"{path}: its angles are divided by a tensor of llama.cpp's that transformers does not read; train the "
            "model that it was made from (a hub's name or a folder), which says so in its config"
        )


def _require_four_bits(model: str) -> None:
    from importlib.util import find_spec

    import torch

    if is_gguf(model):
        raise TrainingError(f"{model}: a .gguf file is trained with --method lora or full, not in 4 bits")
    if not torch.cuda.is_available():
        raise TrainingError("--method qlora needs a GPU, for its 4 bits; use --method lora")
    if find_spec("bitsandbytes") is None:
        raise TrainingError("--method qlora needs bitsandbytes: pip install bitsandbytes, or use --method lora")


def _four_bits(torch: Any) -> Any:
    from transformers import BitsAndBytesConfig

    return BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=torch.bfloat16,
    )


def _tokenizer_of_gguf(path: Path, cache: Path) -> Any:
    from tokenizers import Tokenizer, processors
    from transformers import PreTrainedTokenizerFast

    try:
        rebuilt = Tokenizer.from_file(str(gguf_tokenizer_file(path, cache)))
    except OctavoError as error:
        raise TrainingError(f"{path}: has no tokenizer to train with ({error}); train from the hub's model") from error
    said = _tokenizer_values(path)
    tokens = {
        word: rebuilt.id_to_token(said[key])
        for word, key in (
            ("bos_token", "ggml.bos_token_id"),
            ("eos_token", "ggml.eos_token_id"),
            ("unk_token", "ggml.unknown_token_id"),
            ("pad_token", "ggml.padding_token_id"),
        )
        if key in said
    }
    if said.get("ggml.add_bos_token") and "bos_token" in tokens:
        first = tokens["bos_token"]
        rebuilt.post_processor = processors.TemplateProcessing(
            single=f"{first} $A", special_tokens=[(first, said["ggml.bos_token_id"])]
        )
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=rebuilt, name_or_path=str(path), **tokens)
    tokenizer.chat_template = said.get("chat_template")
    return tokenizer


def _tokenizer_values(path: Path) -> dict[str, Any]:
    """The file's keys about its tokenizer, without `tokenizer.` in front and without the long lists."""
    from gguf import GGUFValueType

    return {
        key.removeprefix("tokenizer."): field.contents()
        for key, field in open_gguf(path).fields.items()
        if key.startswith("tokenizer.") and field.types[0] != GGUFValueType.ARRAY
    }


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0] or type(error).__name__
