"""Tiny random models, as training sees them: TRL's chunked loss on top, adapters where they are asked for."""

from __future__ import annotations

import warnings
from typing import Any

from octavo.training.recipe import Recipe


def tiny_config(**entries: Any) -> Any:
    from transformers import LlamaConfig

    shape = {
        "vocab_size": 256,
        "hidden_size": 64,
        "intermediate_size": 160,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "tie_word_embeddings": True,
    }
    return LlamaConfig(**(shape | entries))


def tiny_model(config: Any, recipe: Recipe) -> Any:
    """In the numbers that the method trains with on a CPU: bfloat16 under adapters, else single precision."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import LlamaForCausalLM
    from trl.trainer.utils import add_fused_lm_head

    torch.manual_seed(0)
    torch.set_num_threads(1)
    model = LlamaForCausalLM(config).to(torch.float32 if recipe.method == "full" else torch.bfloat16)
    model.train()
    add_fused_lm_head(model)
    if recipe.checkpointing:
        model.activation_checkpointing_enable(activation_checkpointing_kwargs={"use_reentrant": False})
    if recipe.method == "full":
        return model
    if recipe.checkpointing:
        model.enable_input_require_grads()
    with warnings.catch_warnings():  # peft 0.21 asks transformers 5.23 by an older name
        warnings.filterwarnings("ignore", "`is_gradient_checkpointing` is deprecated", FutureWarning)
        return get_peft_model(model, LoraConfig(r=recipe.lora.rank, target_modules="all-linear", task_type="CAUSAL_LM"))


def loss_of(model: Any, tokens: int, positions: Any = None) -> Any:
    import torch

    row = torch.arange(tokens)[None] % model.config.vocab_size
    return model(input_ids=row, position_ids=positions, labels=row, fused_lm_head=True).loss
