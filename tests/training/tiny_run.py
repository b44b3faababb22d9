"""A tiny random model in a folder, data for it and a recipe: all that a training needs, made in a second."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from octavo.training.data.templates import SHIPPED
from octavo.training.recipe import Lora, Recipe, Stage
from tests.models.vocabulary import byte_level

QUESTIONS = ("Which fox?", "Which dogs?", "What is next?", "Who said it?", "Hi!", "How many dogs are lazy?")
ANSWERS = ("The quick brown fox.", "12345 lazy dogs.", "The 2nd paragraph.", "She said it twice.", "你好。", "12345")


def tiny_tokenizer() -> Any:
    from transformers import PreTrainedTokenizerFast

    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=byte_level("smollm"), eos_token="<|end|>", bos_token="<|start|>", pad_token="<|end|>"
    )
    marked = (SHIPPED / "chatml.jinja").read_text(encoding="utf-8")
    tokenizer.chat_template = marked.replace("<|im_start|>", "<|start|>").replace("<|im_end|>", "<|end|>")
    return tokenizer


def tiny_folder(folder: Path, **entries: Any) -> Path:
    """A Llama of two layers and 64 dimensions, with `entries` in its config, and its tokenizer."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.set_num_threads(1)
    torch.manual_seed(0)
    tokenizer = tiny_tokenizer()
    shape = {
        "vocab_size": len(tokenizer),
        "hidden_size": 64,
        "intermediate_size": 128,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "max_position_embeddings": 128,
        "initializer_range": 0.1,
        "tie_word_embeddings": True,
        "bos_token_id": 1,
        "eos_token_id": 0,
    }
    LlamaForCausalLM(LlamaConfig(**(shape | entries))).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def write_talks(path: Path, samples: Iterable[tuple[str, str]] = tuple(zip(QUESTIONS, ANSWERS, strict=True))) -> Path:
    lines = [json.dumps({"prompt": prompt, "completion": completion}) for prompt, completion in samples]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def tiny_recipe(tmp_path: Path, **changes: Any) -> Recipe:
    """A recipe for six short talks, a step for every two of them."""
    if not (tmp_path / "model").exists():
        tiny_folder(tmp_path / "model")
    if not (tmp_path / "talks.jsonl").exists():
        write_talks(tmp_path / "talks.jsonl")
    settings: dict[str, Any] = {
        "model": str(tmp_path / "model"),
        "data": (tmp_path / "talks.jsonl",),
        "stages": (Stage(96, steps=6),),
        "lora": Lora(rank=4, alpha=8),
        "learning_rate": 1e-2,
        "batch_tokens": 60,
        "checkpointing": False,
        "save_steps": 100,
    }
    return Recipe(**(settings | changes))
