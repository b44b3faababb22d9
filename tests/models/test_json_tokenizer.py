from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer, normalizers, processors

from octavo.errors import UsageError
from octavo.models import json_tokenizer
from octavo.models.json_tokenizer import JsonTokenizer, well_formed
from tests.models.vocabulary import TEXT, Kind, byte_level

KINDS: tuple[Kind, ...] = ("smollm", "gpt-2", "llama-bpe", "qwen2")
MIXED = st.text(st.sampled_from("ab'sZ 3\n\t.,!，。你好界😀é-“\r"), max_size=200)


def made(kind: Kind = "smollm") -> JsonTokenizer:
    return JsonTokenizer(byte_level(kind).to_str())


def test_a_character_of_several_tokens_repeats_its_offset() -> None:
    (starts,) = made().token_starts(["a🦔b"])
    assert starts[0] == 0
    assert starts.count(1) >= 2
    assert starts[-1] == 2


def test_offsets_count_characters_and_keep_the_space_before_a_word() -> None:
    assert made().token_starts(["é the the"]) == [[0, 0, 1, 5]]  # é is two bytes, and here two tokens


def test_offsets_are_not_trimmed_by_the_tokenizer_s_own_post_processor() -> None:
    trimming = Tokenizer.from_str(byte_level().to_str())
    trimming.post_processor = processors.ByteLevel(trim_offsets=True)
    assert JsonTokenizer(trimming.to_str()).token_starts([" the the"]) == [[0, 4]]


def test_truncation_and_padding_in_the_file_are_ignored() -> None:
    cut = Tokenizer.from_str(byte_level().to_str())
    cut.enable_truncation(max_length=2)
    cut.enable_padding(length=64)
    assert JsonTokenizer(cut.to_str()).count(TEXT) == made().count(TEXT)


@given(st.lists(MIXED, max_size=4))
def test_count_and_starts_agree_and_ascend(texts: list[str]) -> None:
    tokenizer = made()
    for text, starts in zip(texts, tokenizer.token_starts(texts), strict=True):
        assert len(starts) == tokenizer.count(text)
        assert starts == sorted(starts)
        assert all(0 <= start < len(text) for start in starts)


@pytest.mark.parametrize("kind", KINDS)
@given(text=MIXED.map(lambda text: text * 3))
def test_cutting_a_long_text_changes_no_token(kind: Kind, text: str) -> None:
    whole = byte_level(kind).encode(text, add_special_tokens=False)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_tokenizer, "_PIECE_CHARACTERS", 4)
        tokenizer = made(kind)
        assert tokenizer.encode(text) == whole.ids
        assert tokenizer.token_starts([text]) == [[start for start, _ in whole.offsets]]


def test_a_long_text_is_cut() -> None:
    tokenizer = made()
    assert len(list(tokenizer._pieces(TEXT * 1_000))) > 10


def test_a_tokenizer_that_puts_a_prefix_before_every_text_is_not_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_tokenizer, "_PIECE_CHARACTERS", 4)
    prefixed = Tokenizer.from_str(byte_level().to_str())
    prefixed.normalizer = normalizers.Prepend("_")
    whole = prefixed.encode(TEXT, add_special_tokens=False)
    assert JsonTokenizer(prefixed.to_str()).count(TEXT) == len(whole.ids)


def test_a_lone_surrogate_is_counted_like_a_replacement_character() -> None:
    tokenizer = made()
    assert well_formed("a\ud800b") == "a\ufffdb"
    assert tokenizer.token_starts(["a\ud800b"]) == tokenizer.token_starts(["a\ufffdb"])


def test_the_id_follows_the_content() -> None:
    assert made().id == made().id != made("qwen2").id


def test_a_folder_with_a_tokenizer_json_is_enough(tmp_path: Path) -> None:
    (tmp_path / "tokenizer.json").write_text(byte_level().to_str(), encoding="utf-8")
    assert JsonTokenizer.from_file(tmp_path).id == made().id


@pytest.mark.parametrize("content", ["", "{}", json.dumps({"model": 3})])
def test_what_is_no_tokenizer_is_a_usage_error(tmp_path: Path, content: str) -> None:
    (tmp_path / "tokenizer.json").write_text(content, encoding="utf-8")
    with pytest.raises(UsageError, match=r"not a tokenizer\.json"):
        JsonTokenizer.from_file(tmp_path)


def test_a_missing_file_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="nowhere"):
        JsonTokenizer.from_file(tmp_path / "nowhere.json")


def test_a_name_that_is_not_in_the_offline_cache_is_a_usage_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import huggingface_hub.constants

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(UsageError, match="no tokenizer 'nobody/nothing'"):
        JsonTokenizer.from_hub("nobody/nothing")
