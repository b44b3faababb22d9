from __future__ import annotations

import numpy as np
import pytest

from octavo.errors import TrainingError
from octavo.training.model.architecture import Architecture, architecture_of

CONFIG = {"model_type": "llama", "num_hidden_layers": 2, "num_attention_heads": 2, "num_key_value_heads": 1}
Q = "model.layers.0.self_attn.q_proj.weight"


def test_the_architecture_is_that_of_the_config() -> None:
    assert architecture_of(CONFIG) == Architecture("llama", 2, 2, 1, paired=True)
    assert architecture_of({**CONFIG, "model_type": "qwen3"}) == Architecture("qwen3", 2, 2, 1, paired=False)


def test_other_architectures_are_refused_with_what_to_do() -> None:
    with pytest.raises(TrainingError, match=r"a gemma3 cannot be .* only llama, qwen2, qwen3 can; .* --to merged"):
        architecture_of({**CONFIG, "model_type": "gemma3"})


@pytest.mark.parametrize(
    ("name", "in_file"),
    [
        (Q, "blk.0.attn_q.weight"),
        ("model.layers.1.self_attn.k_proj.bias", "blk.1.attn_k.bias"),
        ("model.layers.1.mlp.down_proj.weight", "blk.1.ffn_down.weight"),
        ("model.layers.0.post_attention_layernorm.weight", "blk.0.ffn_norm.weight"),
        ("model.embed_tokens.weight", "token_embd.weight"),
        ("model.norm.weight", "output_norm.weight"),
        ("lm_head.weight", "output.weight"),
    ],
)
def test_tensors_are_named_as_in_the_file(name: str, in_file: str) -> None:
    assert architecture_of(CONFIG).tensor_name(name) == in_file


def test_a_tensor_that_llama_cpp_does_not_have_is_refused() -> None:
    with pytest.raises(TrainingError, match=r"llama has no tensor for model\.layers\.0\.mixer\.weight"):
        architecture_of(CONFIG).tensor_name("model.layers.0.mixer.weight")


def test_rows_that_are_rotated_together_become_neighbours() -> None:
    rows = np.arange(8)[:, None]  # two heads of four: 0 is rotated with 2, 1 with 3
    assert architecture_of(CONFIG).in_file_order(Q, rows).flatten().tolist() == [0, 2, 1, 3, 4, 6, 5, 7]
    biases = np.arange(4)  # one head of keys
    k = "model.layers.0.self_attn.k_proj.bias"
    assert architecture_of(CONFIG).in_file_order(k, biases).tolist() == [0, 2, 1, 3]


def test_other_rows_stay_where_they_are() -> None:
    rows = np.arange(8)[:, None]
    assert architecture_of(CONFIG).in_file_order(Q.replace("q_proj", "v_proj"), rows) is rows
    assert architecture_of({**CONFIG, "model_type": "qwen2"}).in_file_order(Q, rows) is rows
