from __future__ import annotations

import math
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from octavo.errors import TrainingError
from octavo.models.install import weights_of
from octavo.training.export.adapter import export_adapter
from octavo.training.export.model_file import export_model
from octavo.training.export.parity import Scored, compare, score_in_llama_cpp, score_in_transformers
from octavo.training.model.loading import load_model, load_tokenizer
from tests.models.vocabulary import TEXT, Kind
from tests.training.export.tiny_models import adapted, model_of, tokenizer_of

WEIGHTS = weights_of("smollm2")
needs_model = pytest.mark.skipif(
    WEIGHTS is None or find_spec("xllamacpp") is None,
    reason="needs the engine and the embedded model (octavo[local], octavo models install smollm2)",
)
READ = """Mrs. Rachel Lynde lived just where the Avonlea main road dipped down into a little hollow, fringed with alders
and ladies' eardrops and traversed by a brook that had its source away back in the woods of the old Cuthbert place; it
was reputed to be an intricate, headlong brook in its earlier course through those woods, with dark secrets of pool and
cascade. In 1908 the first edition sold 19,000 copies in five months."""
"""By L. M. Montgomery, 1908, but for the last sentence."""
LETTERS_IN_PARTS = "The quick brown fox, naïve Ωμέγα ≈ 龍. 5 lazy dogs."
"""Letters of which a small vocabulary has only the bytes."""

needs_engine = pytest.mark.skipif(find_spec("xllamacpp") is None, reason="xllamacpp is not installed (octavo[local])")
ORIGINAL = {"rope_theta": 10_000.0, "factor": 4.0, "original_max_position_embeddings": 32}
LONGER = {"max_position_embeddings": 128}
MODELS: dict[str, tuple[str, Kind, dict[str, Any]]] = {
    "llama": ("llama", "smollm", {}),
    "llama with biases and one embedding": (
        "llama",
        "gpt-2",
        {"attention_bias": True, "mlp_bias": True, "tie_word_embeddings": True},
    ),
    "llama, positions stretched by yarn": (
        "llama",
        "llama-bpe",
        {**LONGER, "rope_parameters": {**ORIGINAL, "rope_type": "yarn"}},
    ),
    "llama, attention sharpened as its makers say": (
        "llama",
        "llama-bpe",
        {**LONGER, "rope_parameters": {**ORIGINAL, "rope_type": "yarn", "attention_factor": 1.0}},
    ),
    "llama, positions of llama 3": (
        "llama",
        "llama-bpe",
        {
            **LONGER,
            "rope_parameters": {**ORIGINAL, "rope_type": "llama3", "low_freq_factor": 1.0, "high_freq_factor": 4.0},
        },
    ),
    "qwen2": ("qwen2", "qwen2", {}),
    "qwen3": ("qwen3", "qwen2", {"head_dim": 32}),
}


def test_parity_counts_positions_that_agree_and_compares_perplexities() -> None:
    one = [Scored(5, math.log(0.5)), Scored(6, math.log(0.125))]
    other = [Scored(5, math.log(0.5)), Scored(7, math.log(0.5))]
    found = compare(one, other)
    assert (found.positions, found.agreement) == (2, 0.5)
    assert found.perplexity == pytest.approx(4.0)
    assert found.trained_perplexity == pytest.approx(2.0)
    assert found.ratio == pytest.approx(2.0)


def test_each_token_is_scored_after_those_before_it() -> None:
    import torch

    model = model_of("llama", 300)
    tokens = [5, 9, 250, 17]
    scored = score_in_transformers(model, tokens)
    with torch.inference_mode():
        last = model(torch.tensor([tokens[:-1]])).logits[0, -1].log_softmax(-1)
    assert len(scored) == 3
    assert scored[-1].best == int(last.argmax())
    assert scored[-1].log_probability == pytest.approx(float(last[17]), abs=1e-5)
    assert model.training  # as it was before


@pytest.mark.embedded
@needs_engine
@pytest.mark.training
@pytest.mark.parametrize("name", MODELS)
def test_exported_models_and_adapters_say_in_llama_cpp_what_they_were_trained_to_say(tmp_path: Path, name: str) -> None:
    architecture, kind, entries = MODELS[name]
    tokenizer = tokenizer_of(kind)
    tokens = tokenizer(TEXT)["input_ids"][:40] + tokenizer(LETTERS_IN_PARTS)["input_ids"]
    model = model_of(architecture, len(tokenizer) + 8, **entries)
    export_model(model, tokenizer, tmp_path / "base.gguf", quantization="f32")
    peft = adapted(model)
    export_model(peft, tokenizer, tmp_path / "merged.gguf", quantization="f32")
    peft.save_pretrained(tmp_path / "adapter")
    export_adapter(tmp_path / "adapter", model.config.to_dict(), tmp_path / "adapter.gguf")
    with peft.disable_adapter():
        unadapted = score_in_transformers(peft, tokens)
    trained = score_in_transformers(peft, tokens)
    for scored in (
        score_in_llama_cpp(tmp_path / "merged.gguf", tokens),
        score_in_llama_cpp(tmp_path / "base.gguf", tokens, adapter=tmp_path / "adapter.gguf"),
    ):
        assert [one.log_probability for one in scored] == pytest.approx(
            [one.log_probability for one in trained], abs=0.05
        )
        # A random model's best two are sometimes as close as that, and change places.
        assert compare(scored, trained).agreement > 0.95
    assert compare(unadapted, trained).agreement < 0.5


@pytest.mark.embedded
@needs_model
@pytest.mark.training
def test_the_embedded_model_with_an_adapter_says_in_llama_cpp_what_it_was_trained_to_say(tmp_path: Path) -> None:
    assert WEIGHTS is not None
    model = load_model(str(WEIGHTS))
    tokenizer = load_tokenizer(str(WEIGHTS), cache=tmp_path / "cache")
    tokens = tokenizer(READ)["input_ids"]
    peft = adapted(model, strength=0.03, rank=8)
    peft.save_pretrained(tmp_path / "adapter")
    adapter = tmp_path / "adapter.gguf"
    export_adapter(tmp_path / "adapter", model.config.to_dict(), adapter)
    export_model(peft, tokenizer, tmp_path / "merged.gguf", base=WEIGHTS)
    trained = score_in_transformers(peft.float(), tokens)
    with peft.disable_adapter():
        assert compare(score_in_transformers(peft, tokens), trained).agreement < 0.95
    export_model(peft, tokenizer, tmp_path / "eight.gguf", quantization="q8_0", base=WEIGHTS)
    eight = score_in_llama_cpp(tmp_path / "eight.gguf", tokens[:100])
    assert compare(eight, trained[:99]).ratio < 1.05
    export_model(peft.unload(), tokenizer, tmp_path / "base.gguf", base=WEIGHTS)
    for scored in (
        score_in_llama_cpp(tmp_path / "merged.gguf", tokens),
        score_in_llama_cpp(tmp_path / "base.gguf", tokens, adapter=adapter),
    ):
        assert compare(scored, trained).agreement >= 0.99
        assert compare(scored, trained).ratio == pytest.approx(1.0, abs=0.01)
    # Over the file as it is shipped, in 4 bits, for which llama.cpp rounds what it multiplies to 8.
    quantised = score_in_llama_cpp(WEIGHTS, tokens[:100], adapter=adapter)
    assert compare(quantised, trained[:99]).ratio < 1.05


@pytest.mark.embedded
@needs_engine
def test_a_file_that_llama_cpp_does_not_load_is_named(tmp_path: Path) -> None:
    (tmp_path / "broken.gguf").write_bytes(b"GGUF" + bytes(100))
    with pytest.raises(TrainingError, match=r"broken\.gguf: llama\.cpp does not load it"):
        score_in_llama_cpp(tmp_path / "broken.gguf", [1, 2, 3])
