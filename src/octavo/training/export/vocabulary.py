"""A byte-level BPE tokenizer of transformers as the keys of a GGUF file.

llama.cpp cuts a text before the merges by rules that have names (`tokenizer.ggml.pre`); which one is meant is told by
the pattern in the tokenizer itself, and a pattern that is not known is refused, never guessed. Other kinds of
tokenizers come from a GGUF file of the base model.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from octavo.errors import TrainingError
from octavo.training.data.plain_template import plain_template
from octavo.training.export.metadata import Value

_NORMAL, _CONTROL, _USER_DEFINED, _UNUSED = 1, 3, 4, 5  # of tokenizer.ggml.token_type

_REST = r" ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
_WORDS = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+"
_PATTERNS = {rf"{_WORDS}|\p{{N}}{{1,3}}|{_REST}": "llama-bpe", rf"{_WORDS}|\p{{N}}|{_REST}": "qwen2"}


def vocabulary(tokenizer: Any, size: int) -> dict[str, Value]:
    """The tokenizer by GGUF key, filled up to the `size` of the model's embedding, with its chat template.

    Raises `TrainingError` for a tokenizer that is not byte-level BPE with a known pattern.
    """
    described = json.loads(tokenizer.backend_tokenizer.to_str())
    model = described["model"]
    pre = _pattern_name(described.get("pre_tokenizer")) if model.get("type") == "BPE" else None
    if pre is None:
        raise TrainingError(
            f"{tokenizer.name_or_path or 'the model'}: its tokenizer is of a kind that is not written as GGUF here; "
            "name a .gguf file of the base model to take it from (--base FILE)"
        )
    by_number = {number: token for token, number in tokenizer.get_vocab().items()}
    added = {token["id"]: token for token in described.get("added_tokens", ())}
    values: dict[str, Value] = {
        "tokenizer.ggml.model": "gpt2",
        "tokenizer.ggml.pre": pre,
        "tokenizer.ggml.tokens": [by_number.get(number, f"[PAD{number}]") for number in range(size)],
        "tokenizer.ggml.token_type": [_kind(number, by_number, added) for number in range(size)],
        "tokenizer.ggml.merges": [
            merge if isinstance(merge, str) else " ".join(merge) for merge in model.get("merges", ())
        ],
        "tokenizer.ggml.add_bos_token": _begins_texts(tokenizer),
    }
    for word, key in (("bos", "bos"), ("eos", "eos"), ("unk", "unknown"), ("pad", "padding")):
        number = getattr(tokenizer, f"{word}_token_id")
        if number is not None:
            values[f"tokenizer.ggml.{key}_token_id"] = int(number)
    template = plain_template(tokenizer.chat_template)
    return values | ({"tokenizer.chat_template": template} if template is not None else {})


def _kind(number: int, tokens: Mapping[int, str], added: Mapping[int, Mapping[str, Any]]) -> int:
    if number not in tokens:
        return _UNUSED
    if number in added:
        return _CONTROL if added[number]["special"] else _USER_DEFINED
    return _NORMAL


def _begins_texts(tokenizer: Any) -> bool:
    """Whether the tokenizer puts its first token before every text."""
    numbers = tokenizer("a")["input_ids"]
    return tokenizer.bos_token_id is not None and len(numbers) > 1 and numbers[0] == tokenizer.bos_token_id


def _pattern_name(pre_tokenizer: Mapping[str, Any] | None) -> str | None:
    """llama.cpp's name for how texts are cut before the merges; None where it has none that is known here."""
    if pre_tokenizer is None:
        return None
    steps: Sequence[Mapping[str, Any]] = (
        pre_tokenizer["pretokenizers"] if pre_tokenizer["type"] == "Sequence" else [pre_tokenizer]
    )
    if not steps or steps[-1]["type"] != "ByteLevel" or steps[-1].get("add_prefix_space"):
        return None
    before, own_pattern = list(steps[:-1]), steps[-1].get("use_regex", True)
    match before:
        case []:
            return "gpt-2" if own_pattern else None
        case [{"type": "Digits", "individual_digits": True}]:
            return "smollm" if own_pattern else None
        case [{"type": "Split", "behavior": "Isolated", "invert": False, "pattern": {"Regex": str(pattern)}}]:
            return None if own_pattern else _PATTERNS.get(pattern)
        case _:
            return None
