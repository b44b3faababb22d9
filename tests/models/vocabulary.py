"""Small vocabularies made on the spot, for tests of tokenizers."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Literal

import gguf
import numpy as np
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

TEXT = (
    "The quick brown fox, it's said, jumped over 12345 lazy dogs; didn't it?\n\nNext: the 2nd paragraph.\n"
    "    indented = {'a': 1}  # code\n“Quoted”, she said — twice."
    " 人工智能改变世界，你好。他说：好！ Привет, мир. 😀👩‍👧\n"
)
LLAMA3 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|"
    r"[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
QWEN2 = LLAMA3.replace(r"\p{N}{1,3}", r"\p{N}")
Kind = Literal["smollm", "gpt-2", "llama-bpe", "qwen2"]


@cache
def byte_level(kind: Kind = "smollm") -> Tokenizer:
    """A byte-level BPE tokenizer, trained on `TEXT`, with the pre-tokenizer of a family of models."""
    tokenizer = Tokenizer(models.BPE(ignore_merges=kind == "llama-bpe"))
    plain = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.pre_tokenizer = {
        "smollm": pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True), _gpt2()]),
        "gpt-2": _gpt2(),
        "llama-bpe": pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(LLAMA3), "isolated"), plain]),
        "qwen2": pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(QWEN2), "isolated"), plain]),
    }[kind]
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=600, initial_alphabet=alphabet, special_tokens=["<|end|>", "<|start|>"], show_progress=False
    )
    tokenizer.train_from_iterator([TEXT] * 3, trainer)
    return tokenizer


def _gpt2() -> pre_tokenizers.ByteLevel:
    return pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)


def write_gguf(path: Path, kind: Kind = "smollm", *, pre: str | None = None, model: str = "gpt2") -> Tokenizer:
    """A GGUF file with the metadata of `byte_level(kind)` and no weights; returns that tokenizer."""
    tokenizer = byte_level(kind)
    writer = gguf.GGUFWriter(path, "llama")
    _add_vocabulary(writer, tokenizer, pre or kind, model)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.close()
    return tokenizer


def write_tiny_model(path: Path, kind: Kind, *, rotary: bool = False) -> None:
    """A GGUF file that llama.cpp can load: the vocabulary of `byte_level(kind)` over one layer of zeros. `rotary` says
    in the file that positions are rotations, as converted models do."""
    tokenizer = byte_level(kind)
    width, context = 32, 256
    writer = gguf.GGUFWriter(path, "llama")
    _add_vocabulary(writer, tokenizer, kind, "gpt2")
    writer.add_block_count(1)
    writer.add_context_length(context)
    writer.add_embedding_length(width)
    writer.add_feed_forward_length(width)
    writer.add_head_count(2)
    writer.add_head_count_kv(2)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_vocab_size(tokenizer.get_vocab_size())
    if rotary:
        writer.add_rope_dimension_count(width // 2)
    square = ("attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down")
    shapes: dict[str, tuple[int, ...]] = {f"blk.0.{name}.weight": (width, width) for name in square}
    shapes |= {f"blk.0.{name}.weight": (width,) for name in ("attn_norm", "ffn_norm")}
    shapes |= {"output_norm.weight": (width,), "token_embd.weight": (tokenizer.get_vocab_size(), width)}
    for name, shape in shapes.items():
        writer.add_tensor(name, np.zeros(shape, dtype=np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _add_vocabulary(writer: gguf.GGUFWriter, tokenizer: Tokenizer, pre: str, model: str) -> None:
    tokens = [token for token, _ in sorted(tokenizer.get_vocab().items(), key=lambda item: item[1])]
    writer.add_tokenizer_model(model)
    writer.add_tokenizer_pre(pre)
    writer.add_token_list(tokens)
    writer.add_token_types([3 if token.startswith("<|") else 1 for token in tokens])
    writer.add_token_merges([" ".join(pair) for pair in json.loads(tokenizer.to_str())["model"]["merges"]])
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(0)
    writer.add_add_bos_token(False)
