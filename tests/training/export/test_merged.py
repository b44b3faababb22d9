from __future__ import annotations

from pathlib import Path

from octavo.training.export.merged import export_merged, merged_tensors
from tests.training.export.tiny_models import adapted, model_of, tokenizer_of


def test_a_merged_model_says_what_the_adapted_one_says(tmp_path: Path) -> None:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = tokenizer_of("smollm")
    peft = adapted(model_of("llama", len(tokenizer), attention_bias=True, tie_word_embeddings=True), strength=0.05)
    export_merged(peft, tokenizer, tmp_path / "merged")
    merged = AutoModelForCausalLM.from_pretrained(tmp_path / "merged").float()
    whole = {tensor.name: tensor.values() for tensor in merged_tensors(peft)}
    assert all(values.equal(whole[name].bfloat16().float()) for name, values in merged.named_parameters())
    merged.load_state_dict(whole, strict=False)  # as they were before they were rounded
    tokens = torch.tensor([tokenizer("The quick brown fox, it's said, jumped over 12345 lazy dogs.")["input_ids"]])
    with torch.inference_mode():
        torch.testing.assert_close(merged(tokens).logits, peft(tokens).logits, rtol=1e-4, atol=1e-4)
    loaded = AutoTokenizer.from_pretrained(tmp_path / "merged")
    assert loaded("fox")["input_ids"] == tokenizer("fox")["input_ids"]
    assert "generation %}" not in loaded.chat_template
    assert "generation %}" in tokenizer.chat_template


def test_small_updates_are_not_lost_to_half_precision() -> None:
    import torch

    peft = adapted(model_of("llama", 300).to(torch.bfloat16), strength=1e-5)
    (merged,) = (one for one in merged_tensors(peft) if one.name == "model.layers.0.mlp.up_proj.weight")
    update = merged.values() - merged.parameter.float()
    torch.testing.assert_close(update, merged.adapted.get_delta_weight("default").detach(), rtol=0, atol=2e-7)
    assert float(update.abs().mean()) > 1e-6


def test_a_model_without_adapters_is_written_as_it_is() -> None:
    model = model_of("qwen2", 300, tie_word_embeddings=True)
    merged = {tensor.name: tensor.values() for tensor in merged_tensors(model)}
    assert merged.keys() == dict(model.named_parameters()).keys()
    assert all(values.equal(dict(model.named_parameters())[name]) for name, values in merged.items())
    assert "lm_head.weight" not in merged


def test_exports_are_in_half_precision(tmp_path: Path) -> None:
    import torch
    from safetensors.torch import load_file

    export_merged(model_of("llama", 300), tokenizer_of("smollm"), tmp_path / "merged")
    assert {values.dtype for values in load_file(tmp_path / "merged" / "model.safetensors").values()} == {
        torch.bfloat16
    }
