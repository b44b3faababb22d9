"""The tokenizer inside a GGUF file, as the JSON that `JsonTokenizer` takes.

Knows GGUF's metadata and llama.cpp's names for pre-tokenizers (`tokenizer.ggml.pre`); the patterns are those of the
models that the names stand for. Nothing of servers or of what the tokenizer is used for.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from octavo.errors import OctavoError
from octavo.models.gguf_file import open_gguf
from octavo.models.json_tokenizer import JsonTokenizer
from octavo.models.weights import replace_file, weights_hash

RULES = 1
"""Raised when the same file would give another tokenizer: part of the cached file's name."""

_CONTROL, _USER_DEFINED = 3, 4  # of tokenizer.ggml.token_type

_CONTRACTIONS = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)"
_WORDS = r"[^\r\n\p{L}\p{N}]?\p{L}+"
_TAIL = r" ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"

_GPT2_DIGIT_BY_DIGIT = ("smollm", "starcoder", "refact", "command-r", "codeshell", "exaone", "minerva-7b")
_GPT2 = ("gpt-2", "phi-2", "mpt", "olmo", "jais")
_LLAMA3 = ("llama-bpe", "llama3", "llama-v3", "falcon3", "pixtral", "dbrx", "smaug-bpe")
_QWEN2 = ("qwen2", "deepseek-r1-qwen", "stablelm2", "megrez")


class UnknownPreTokenizer(OctavoError):
    """The file's tokenizer is of a kind that is not rebuilt here; counts must be estimated."""


def gguf_tokenizer(path: Path, cache: Path) -> JsonTokenizer:
    """The tokenizer of the model in `path`. Raises as `gguf_tokenizer_file`."""
    return JsonTokenizer.from_file(gguf_tokenizer_file(path, cache))


def gguf_tokenizer_file(path: Path, cache: Path) -> Path:
    """The same as a `tokenizer.json`, built once and then taken from `cache`, where it is kept by content.

    Raises `UnknownPreTokenizer` for a kind that is not known here, `UsageError` for a file that is no GGUF.
    """
    kept = cache / "tokenizers" / f"{weights_hash(path, cache)}-{RULES}.json"
    if not kept.exists():
        replace_file(kept, json.dumps(_tokenizer_json(_metadata(path), path.name), ensure_ascii=False))
    return kept


def _metadata(path: Path) -> dict[str, Any]:
    fields = open_gguf(path, "reading a .gguf file's tokenizer").fields
    names = ("model", "pre", "tokens", "token_type", "merges")
    return {name: fields[key].contents() for name in names if (key := f"tokenizer.ggml.{name}") in fields}


def _tokenizer_json(metadata: dict[str, Any], name: str) -> dict[str, Any]:
    kind, pre = metadata.get("model"), metadata.get("pre")
    splits = _splits(pre) if kind == "gpt2" and "merges" in metadata else None
    if splits is None:
        raise UnknownPreTokenizer(
            f"{name}: its tokenizer ({kind or 'none'}, {pre or 'no pre-tokenizer named'}) cannot be rebuilt; "
            "pass the model's tokenizer.json"
        )
    tokens: list[str] = metadata["tokens"]
    types: list[int] = metadata.get("token_type") or [1] * len(tokens)
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [
            {
                "id": index,
                "content": token,
                "single_word": False,
                "lstrip": False,
                "rstrip": False,
                "normalized": False,
                "special": token_type == _CONTROL,
            }
            for index, (token, token_type) in enumerate(zip(tokens, types, strict=True))
            if token_type in (_CONTROL, _USER_DEFINED)
        ],
        "normalizer": None,
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": splits},
        "post_processor": None,
        "decoder": {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": False, "use_regex": False},
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": None,
            "continuing_subword_prefix": None,
            "end_of_word_suffix": None,
            "fuse_unk": False,
            "byte_fallback": False,
            "ignore_merges": pre in _LLAMA3,
            "vocab": {token: index for index, token in enumerate(tokens)},
            "merges": [merge.split(" ", 1) for merge in metadata["merges"]],
        },
    }


def _splits(pre: str | None) -> list[dict[str, Any]] | None:
    if pre in _GPT2_DIGIT_BY_DIGIT:
        return [{"type": "Digits", "individual_digits": True}, _byte_level(use_regex=True)]
    if pre in _GPT2:
        return [_byte_level(use_regex=True)]
    if pre in _LLAMA3:
        return [_split(rf"{_CONTRACTIONS}|{_WORDS}|\p{{N}}{{1,3}}|{_TAIL}"), _byte_level(use_regex=False)]
    if pre in _QWEN2:
        return [_split(rf"{_CONTRACTIONS}|{_WORDS}|\p{{N}}|{_TAIL}"), _byte_level(use_regex=False)]
    return None


def _split(pattern: str) -> dict[str, Any]:
    return {"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated", "invert": False}


def _byte_level(*, use_regex: bool) -> dict[str, Any]:
    return {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": False, "use_regex": use_regex}
