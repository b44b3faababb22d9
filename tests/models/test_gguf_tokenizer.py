from __future__ import annotations

from pathlib import Path

import pytest

from octavo.errors import UsageError
from octavo.models.estimated_tokenizer import EstimatedTokenizer
from octavo.models.gguf_tokenizer import UnknownPreTokenizer, gguf_tokenizer
from octavo.models.tokenizers import find_tokenizer, gguf_or_estimate
from tests.models.vocabulary import TEXT, Kind, write_gguf


@pytest.mark.parametrize("kind", ["smollm", "gpt-2", "llama-bpe", "qwen2"])
def test_the_rebuilt_tokenizer_gives_the_same_ids_as_the_one_in_the_file(tmp_path: Path, kind: Kind) -> None:
    original = write_gguf(tmp_path / "model.gguf", kind)
    rebuilt = gguf_tokenizer(tmp_path / "model.gguf", tmp_path / "cache")
    text = TEXT + "<|start|>user\n1 + 22 = 23<|end|>"
    assert rebuilt.encode(text) == original.encode(text, add_special_tokens=False).ids


def test_it_is_built_once_and_kept_by_content(tmp_path: Path) -> None:
    first, second = tmp_path / "a.gguf", tmp_path / "b.gguf"
    write_gguf(first)
    second.write_bytes(first.read_bytes())
    built = gguf_tokenizer(first, tmp_path / "cache")
    (kept,) = (tmp_path / "cache" / "tokenizers").iterdir()
    written = kept.stat().st_mtime_ns
    assert gguf_tokenizer(second, tmp_path / "cache").id == built.id
    assert kept.stat().st_mtime_ns == written


@pytest.mark.parametrize(("pre", "model"), [("never-heard-of", "gpt2"), ("smollm", "llama")])
def test_a_kind_that_is_not_known_is_estimated(tmp_path: Path, pre: str, model: str) -> None:
    path = tmp_path / "model.gguf"
    write_gguf(path, pre=pre, model=model)
    with pytest.raises(UnknownPreTokenizer, match=pre):
        gguf_tokenizer(path, tmp_path)
    assert isinstance(gguf_or_estimate(path, tmp_path), EstimatedTokenizer)


@pytest.mark.parametrize("content", [b"", b"GGUF", b"not a model at all" * 10])
def test_a_file_that_is_no_gguf_is_a_usage_error(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "model.gguf"
    path.write_bytes(content)
    with pytest.raises(UsageError, match=r"model\.gguf"):
        gguf_tokenizer(path, tmp_path)


def test_a_missing_file_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot read"):
        gguf_tokenizer(tmp_path / "none.gguf", tmp_path)


def test_a_gguf_is_found_to_be_one_by_its_name(tmp_path: Path) -> None:
    original = write_gguf(tmp_path / "model.gguf")
    assert find_tokenizer(tmp_path / "model.gguf", tmp_path).count("the fox") == len(original.encode("the fox").ids)
