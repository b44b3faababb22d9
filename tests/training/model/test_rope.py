from __future__ import annotations

import math
from typing import Any

import pytest

from octavo.errors import TrainingError, UsageError
from octavo.training.model.rope import Rope, extend, ntk_theta, rope_of, rope_of_gguf
from octavo.training.recipe import RopeKind

HEAD = 64
SMOLLM = {  # the entries of SmolLM2-135M-Instruct's config.json that say where it stands
    "model_type": "llama",
    "max_position_embeddings": 8192,
    "rope_theta": 100_000,
    "rope_scaling": None,
    "hidden_size": 576,
    "num_attention_heads": 9,
}


YARN = {"rope_type": "yarn", "rope_theta": 100_000.0, "factor": 4.0, "original_max_position_embeddings": 8192}


def llama(**entries: Any) -> Any:
    from transformers import LlamaConfig

    shape = {"hidden_size": 128, "num_attention_heads": 2, "num_key_value_heads": 1, "max_position_embeddings": 8192}
    return LlamaConfig(**(shape | entries))


def frequencies(config: Any) -> tuple[list[float], float]:
    from transformers.models.llama.modeling_llama import LlamaRotaryEmbedding

    rotary = LlamaRotaryEmbedding(config)
    return rotary.inv_freq.tolist(), rotary.attention_scaling


def plain_frequencies(theta: float) -> list[float]:
    return [theta ** (-2 * i / HEAD) for i in range(HEAD // 2)]


def extended(kind: RopeKind, wanted: int = 32_768, **entries: Any) -> Any:
    config = llama(rope_theta=100_000.0, **entries)
    return stretched(config, extend(rope_of(config.to_dict()), kind, wanted))


def stretched(config: Any, rope: Rope) -> Any:
    """The config with these positions, made as `load_model` has it made."""
    from transformers import LlamaConfig

    found = LlamaConfig.from_dict(config.to_dict(), **rope.as_config())
    found.validate_rope()
    return found


def test_an_older_config_and_a_new_one_say_the_same() -> None:
    new = {key: value for key, value in SMOLLM.items() if not key.startswith("rope")}
    new["rope_parameters"] = {"rope_type": "default", "rope_theta": 100_000.0}
    assert rope_of(SMOLLM) == rope_of(new) == Rope("default", 100_000.0, 1.0, 8192, 8192, 64)


@pytest.mark.parametrize("kind", ["linear", "dynamic", "yarn", "abf"])
def test_every_kind_has_theta_in_its_dict(kind: RopeKind) -> None:
    assert extend(rope_of(SMOLLM), kind, 32_768).as_config()["rope_parameters"]["rope_theta"] >= 100_000


def test_the_dicts_are_those_that_transformers_documents() -> None:
    rope = rope_of(SMOLLM)
    assert extend(rope, "yarn", 32_768).as_config() == {
        "rope_parameters": {
            "rope_type": "yarn",
            "rope_theta": 100_000.0,
            "factor": 4.0,
            "original_max_position_embeddings": 8192,
        },
        "max_position_embeddings": 32_768,
    }
    assert extend(rope, "linear", 16_384).as_config() == {
        "rope_parameters": {"rope_type": "linear", "rope_theta": 100_000.0, "factor": 2.0},
        "max_position_embeddings": 16_384,
    }
    assert extend(rope, "none", 4096).as_config() == {
        "rope_parameters": {"rope_type": "default", "rope_theta": 100_000.0},
        "max_position_embeddings": 8192,
    }


def test_linear_divides_every_frequency_by_the_factor() -> None:
    found, attention = frequencies(extended("linear"))
    assert found == pytest.approx([frequency / 4 for frequency in plain_frequencies(100_000.0)], rel=1e-5)
    assert attention == 1.0


def test_abf_slows_the_slowest_frequency_by_the_factor_and_keeps_the_quickest() -> None:
    found, attention = frequencies(extended("abf"))
    plain = plain_frequencies(100_000.0)
    assert found[0] == plain[0] == 1.0
    assert found[-1] == pytest.approx(plain[-1] / 4, rel=1e-5)
    assert found == pytest.approx(plain_frequencies(ntk_theta(100_000.0, 4, HEAD)), rel=1e-5)
    assert attention == 1.0


def test_the_theta_of_abf_is_the_ntk_aware_one() -> None:
    assert ntk_theta(10_000, 8, 128) == pytest.approx(82_684.56, rel=1e-6)  # 10,000 * 8 ** (128 / 126)
    assert extend(rope_of(SMOLLM), "abf", 65_536, theta=5e6).theta == 5e6


def test_yarn_keeps_quick_frequencies_divides_slow_ones_and_sharpens_attention() -> None:
    found, attention = frequencies(extended("yarn"))
    plain = plain_frequencies(100_000.0)
    assert found[0] == pytest.approx(plain[0])
    assert found[-1] == pytest.approx(plain[-1] / 4, rel=1e-5)
    assert attention == pytest.approx(0.1 * math.log(4) + 1)  # Peng et al. 2023, equation 22


def test_dynamic_leaves_the_length_as_it_was_and_grows_beyond_it() -> None:
    import torch
    from transformers.models.llama.modeling_llama import LlamaRotaryEmbedding

    config = extended("dynamic", max_position_embeddings=64, wanted=256)
    assert config.max_position_embeddings == 64
    rotary = LlamaRotaryEmbedding(config)
    plain = rotary.inv_freq.clone()
    rotary(torch.zeros(1), torch.arange(64)[None])
    assert torch.equal(rotary.inv_freq, plain)
    rotary(torch.zeros(1), torch.arange(256)[None])
    assert rotary.inv_freq[-1] < plain[-1] / 4
    assert rope_of(config.to_dict()).length == 256


@pytest.mark.training
@pytest.mark.parametrize("kind", ["none", "linear", "dynamic", "yarn", "abf"])
def test_what_is_written_to_a_config_is_read_from_it(kind: RopeKind, caplog: pytest.LogCaptureFixture) -> None:
    config = llama(rope_theta=100_000.0)
    rope = extend(rope_of(config.to_dict()), kind, 8192 if kind == "none" else 32_768)
    assert rope_of(stretched(config, rope).to_dict()) == rope
    assert not caplog.records  # transformers logs what it finds odd


@pytest.mark.training
@pytest.mark.parametrize("kind", ["none", "linear", "yarn", "abf"])
def test_what_is_written_for_llama_cpp_is_read_from_it(kind: RopeKind) -> None:
    rope = extend(rope_of(SMOLLM), kind, 8192 if kind == "none" else 32_768)
    metadata = {f"llama.{key}": value for key, value in rope.as_gguf().items()}
    shape = {"general.architecture": "llama", "llama.embedding_length": 576, "llama.attention.head_count": 9}
    assert rope_of_gguf(shape | metadata) == rope


def test_llama_cpp_reads_as_far_as_the_model_was_trained() -> None:
    assert extend(rope_of(SMOLLM), "yarn", 32_768).as_gguf() == {
        "context_length": 32_768,
        "rope.freq_base": 100_000.0,
        "rope.scaling.type": "yarn",
        "rope.scaling.factor": 4.0,
        "rope.scaling.original_context_length": 8192,
    }
    abf = extend(rope_of(SMOLLM), "abf", 32_768)
    assert abf.as_gguf() == {"context_length": 32_768, "rope.freq_base": abf.theta}


@pytest.mark.parametrize(
    ("more", "attention"),
    [
        ({"attention_factor": 1.0}, 1.0),
        ({"mscale": 0.707, "mscale_all_dim": 1.0}, (0.0707 * math.log(4) + 1) / (0.1 * math.log(4) + 1)),
    ],
)
def test_llama_cpp_is_told_where_attention_is_not_sharpened_as_usual(more: dict[str, Any], attention: float) -> None:
    rope = rope_of({**SMOLLM, "rope_scaling": YARN | more})
    told = rope.as_gguf()
    # llama.cpp multiplies by it and by the usual (Peng et al. 2023, equation 22).
    assert float(told["rope.scaling.attn_factor"]) * (0.1 * math.log(4) + 1) == pytest.approx(attention)
    _, computed = frequencies(llama(rope_parameters=YARN | more, max_position_embeddings=32_768))
    assert computed == pytest.approx(attention)
    read = rope_of_gguf({"general.architecture": "llama"} | {f"llama.{key}": value for key, value in told.items()})
    assert read.more == {"attention_factor": pytest.approx(attention)}


def test_what_a_makers_dict_says_of_the_usual_is_nothing_to_tell() -> None:
    usual = {"beta_fast": 32, "beta_slow": 1, "attention_factor": 0.1 * math.log(4) + 1, "finetuned": True}
    assert (
        rope_of({**SMOLLM, "rope_scaling": YARN | usual}).as_gguf() == extend(rope_of(SMOLLM), "yarn", 32_768).as_gguf()
    )


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"rope_type": "dynamic", "factor": 4.0}, "RoPE scaling of type dynamic cannot be exported for llama.cpp"),
        ({"rope_type": "longrope", "long_factor": [4.0] * 32}, "RoPE scaling of type longrope cannot be exported"),
        (YARN | {"beta_fast": 16.0}, "does not compute all of this model's RoPE scaling (yarn with beta_fast 16.0)"),
        (YARN | {"truncate": False}, "(yarn with truncate False); export with --to merged"),
        ({"rope_type": "default", "partial_rotary_factor": 0.5}, "(default with partial_rotary_factor 0.5)"),
    ],
)
def test_a_scaling_that_llama_cpp_does_not_compute_is_refused(parameters: dict[str, Any], words: str) -> None:
    with pytest.raises(TrainingError) as refused:
        rope_of({**SMOLLM, "rope_scaling": parameters}).as_gguf()
    assert words in str(refused.value)


def test_a_model_whose_makers_tell_to_add_yarn_and_leave_its_length_reads_as_far_as_that_reaches() -> None:
    config = {**SMOLLM, "rope_scaling": YARN}  # as Qwen's model cards have it
    rope = rope_of(config)
    assert (rope.length, rope.original) == (32_768, 8192)
    assert rope.as_config()["max_position_embeddings"] == 32_768
    assert extend(rope, "none", 32_768) == rope
    longer = {**SMOLLM, "rope_scaling": YARN, "max_position_embeddings": 40_960}
    assert rope_of(longer).length == 40_960


@pytest.mark.parametrize(
    ("kind", "wanted", "words"),
    [
        ("yarn", 4096, "reads 8,192 tokens already"),
        ("linear", 8192, "reads 8,192 tokens already"),
        ("none", 16_384, "reads 8,192 tokens, not 16,384: add --rope yarn"),
        ("ntk", 16_384, "no RoPE extension is called 'ntk'"),
    ],
)
def test_what_cannot_be_meant_is_a_usage_error(kind: Any, wanted: int, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        extend(rope_of(SMOLLM), kind, wanted)


@pytest.mark.parametrize("kind", ["linear", "dynamic", "yarn", "abf"])
def test_positions_that_are_stretched_already_are_not_stretched_again(kind: RopeKind) -> None:
    scaling = {"type": "yarn", "factor": 4.0, "original_max_position_embeddings": 8192}
    config = SMOLLM | {"rope_scaling": scaling, "max_position_embeddings": 32_768}
    with pytest.raises(UsageError, match=r"stretched already .yarn, from 8,192 to 32,768"):
        extend(rope_of(config), kind, 131_072)
    assert extend(rope_of(config), "none", 32_768) == rope_of(config)


@pytest.mark.parametrize(
    "parameters",
    [
        {
            "rope_type": "llama3",
            "factor": 8.0,
            "low_freq_factor": 1.0,
            "high_freq_factor": 4.0,
            "original_max_position_embeddings": 8192,
        },
        {
            "rope_type": "longrope",
            "short_factor": [1.0] * 32,
            "long_factor": [4.0] * 32,
            "original_max_position_embeddings": 4096,
        },
        {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 32_768, "beta_fast": 16.0},
    ],
)
def test_a_model_that_its_makers_stretched_stays_as_it_is(parameters: dict[str, Any]) -> None:
    config = SMOLLM | {"rope_parameters": parameters | {"rope_theta": 500_000.0}, "max_position_embeddings": 131_072}
    rope = extend(rope_of(config), "none", 131_072)
    assert rope.extended
    assert rope.as_config()["rope_parameters"] == config["rope_parameters"]
    assert rope.as_config()["max_position_embeddings"] == 131_072


def test_a_theta_is_only_for_abf_and_only_larger() -> None:
    with pytest.raises(UsageError, match="--rope abf"):
        extend(rope_of(SMOLLM), "yarn", 32_768, theta=1e6)
    for theta in (50_000, math.inf):
        with pytest.raises(UsageError, match=r"--rope-theta .* above the model's own 100,000"):
            extend(rope_of(SMOLLM), "abf", 32_768, theta=theta)


def test_a_share_of_rotated_dimensions_is_kept() -> None:
    rope = rope_of({**SMOLLM, "partial_rotary_factor": 0.5})
    assert rope.dimensions == 32
    inside = {"rope_type": "default", "rope_theta": 1e4, "partial_rotary_factor": 0.5}
    config = extend(rope_of({**SMOLLM, "rope_parameters": inside}), "yarn", 16_384).as_config()
    assert config["rope_parameters"]["partial_rotary_factor"] == 0.5


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"model_type": "bert"}, "no max_position_embeddings"),
        ({**SMOLLM, "rope_parameters": {"full_attention": {"rope_type": "default"}}}, "different rotations"),
    ],
)
def test_a_config_that_does_not_tell_is_a_training_error(config: dict[str, Any], words: str) -> None:
    with pytest.raises(TrainingError, match=words):
        rope_of(config)


def test_a_gguf_that_does_not_tell_is_a_training_error() -> None:
    with pytest.raises(TrainingError, match="how long a context"):
        rope_of_gguf({"general.architecture": "llama"})
