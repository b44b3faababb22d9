from __future__ import annotations

from typing import Any

import pytest

from octavo.errors import TrainingError
from octavo.training.export.vocabulary import vocabulary
from tests.models.vocabulary import Kind
from tests.training.export.tiny_models import tokenizer_of


@pytest.mark.parametrize("kind", ["smollm", "gpt-2", "llama-bpe", "qwen2"])
def test_how_texts_are_cut_is_told_by_the_tokenizers_own_pattern(kind: Kind) -> None:
    values = vocabulary(tokenizer_of(kind), 700)
    assert (values["tokenizer.ggml.model"], values["tokenizer.ggml.pre"]) == ("gpt2", kind)


def test_tokens_stand_in_order_and_fill_the_embedding() -> None:
    tokenizer = tokenizer_of("smollm")
    size = len(tokenizer)
    values = vocabulary(tokenizer, size + 2)
    tokens, types = values["tokenizer.ggml.tokens"], values["tokenizer.ggml.token_type"]
    assert isinstance(tokens, list)
    assert isinstance(types, list)
    assert tokens[:2] == ["<|end|>", "<|start|>"]
    assert tokens[size:] == [f"[PAD{size}]", f"[PAD{size + 1}]"]
    assert (types[:2], types[2], types[size:]) == ([3, 3], 1, [5, 5])
    assert tokens[:size] == tokenizer.convert_ids_to_tokens(range(size))


def test_special_tokens_and_template_are_told() -> None:
    values = vocabulary(tokenizer_of("smollm"), 700)
    assert values["tokenizer.ggml.bos_token_id"] == 1
    assert values["tokenizer.ggml.eos_token_id"] == values["tokenizer.ggml.padding_token_id"] == 0
    assert "tokenizer.ggml.unknown_token_id" not in values
    assert values["tokenizer.ggml.add_bos_token"] is False
    assert "generation" not in str(values["tokenizer.chat_template"]).replace("add_generation_prompt", "")


def test_a_token_that_begins_every_text_is_told() -> None:
    from tokenizers import processors

    tokenizer = tokenizer_of("smollm")
    tokenizer.backend_tokenizer.post_processor = processors.TemplateProcessing(
        single="<|start|> $A", special_tokens=[("<|start|>", 1)]
    )
    assert vocabulary(tokenizer, 700)["tokenizer.ggml.add_bos_token"] is True


def unigram(tokenizer: Any) -> None:
    from tokenizers import Tokenizer, models

    tokenizer._tokenizer = Tokenizer(models.Unigram([("<unk>", 0.0), ("a", -1.0)], unk_id=0))


def another_pattern(tokenizer: Any) -> None:
    from tokenizers import Regex, pre_tokenizers

    tokenizer.backend_tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(r"\p{L}{1,2}"), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )


@pytest.mark.parametrize("change", [unigram, another_pattern])
def test_a_kind_that_is_not_known_is_refused_and_not_guessed(change: Any) -> None:
    tokenizer = tokenizer_of("smollm")
    change(tokenizer)
    with pytest.raises(TrainingError, match=r"is not written as GGUF here; name a \.gguf file .*--base FILE"):
        vocabulary(tokenizer, 700)
