"""Tiny random models of every architecture that is exported, with random adapters, and a tokenizer of each kind."""

from __future__ import annotations

import warnings
from typing import Any

from tests.models.vocabulary import Kind, byte_level
from tests.training.tiny_run import tiny_tokenizer


def tokenizer_of(kind: Kind) -> Any:
    from transformers import PreTrainedTokenizerFast

    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=byte_level(kind), eos_token="<|end|>", bos_token="<|start|>", pad_token="<|end|>"
    )
    tokenizer.chat_template = tiny_tokenizer().chat_template
    return tokenizer


def model_of(architecture: str, vocabulary: int, **entries: Any) -> Any:
    """Two layers, 64 dimensions; weights and biases large enough that the model has opinions."""
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    torch.set_num_threads(1)
    torch.manual_seed(0)
    shape = {
        "vocab_size": vocabulary,
        "hidden_size": 64,
        "intermediate_size": 128,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "max_position_embeddings": 512,
        "initializer_range": 0.3,
        "bos_token_id": 1,
        "eos_token_id": 0,
    }
    model = AutoModelForCausalLM.from_config(AutoConfig.for_model(architecture, **(shape | entries)))
    for name, parameter in model.named_parameters():
        if name.endswith("bias"):
            torch.nn.init.normal_(parameter, std=0.3)
    return model


def adapted(model: Any, *, strength: float = 0.3, rank: int = 4, **settings: Any) -> Any:
    """With adapters on every linear layer but the head, as a training leaves them: both sides filled."""
    import torch
    from peft import LoraConfig, get_peft_model

    torch.manual_seed(1)
    lora = LoraConfig(r=rank, lora_alpha=2 * rank, target_modules="all-linear", task_type="CAUSAL_LM", **settings)
    with warnings.catch_warnings():  # peft 0.21 asks transformers 5.23 by an older name
        warnings.simplefilter("ignore", FutureWarning)
        peft = get_peft_model(model, lora)
    peft.peft_config["default"].base_model_name_or_path = ""
    for name, parameter in peft.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(parameter, std=strength)
    return peft.eval()
