"""Encodings: what a file's bytes say, without being told."""

from __future__ import annotations

import codecs

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from octavo.documents.decoding import NotText, decode, is_binary

SIMPLIFIED = "第一回　甄士隐梦幻识通灵，贾雨村风尘怀闺秀。\n此开卷第一回也。"
TRADITIONAL = "這是一個測試文件。\n第一章　開始"
JAPANESE = "これは日本語のテキストです。\n第一章"
KOREAN = "안녕하세요 세계 여러분 반갑습니다"
RUSSIAN = "Привет, мир. Это проверка кодировки."
ENGLISH = "It was a dark and stormy night.\nThe rain fell."


@pytest.mark.parametrize("text", [SIMPLIFIED, TRADITIONAL, JAPANESE, KOREAN, RUSSIAN, ENGLISH])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_unicode_decodes_with_and_without_a_byte_order_mark(text: str, encoding: str) -> None:
    assert decode(text.encode(encoding)) == text


@pytest.mark.parametrize("mark", [codecs.BOM_UTF16_BE, codecs.BOM_UTF32_BE])
def test_big_endian_marks_are_read_and_taken_off(mark: bytes) -> None:
    encoding = "utf-16-be" if mark == codecs.BOM_UTF16_BE else "utf-32-be"
    assert decode(mark + SIMPLIFIED.encode(encoding)) == SIMPLIFIED


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (SIMPLIFIED, "gb18030"),
        ("红楼梦", "gb18030"),
        ("你好，世界", "gb18030"),
        ("的", "gb18030"),
        ("x = 1  # 注释：读取文件\n", "gb18030"),
        (TRADITIONAL, "big5"),
        ("國語", "big5"),
        ("您好，歡迎光臨", "big5"),
        (JAPANESE, "cp932"),
        (JAPANESE, "euc_jp"),
        (KOREAN, "cp949"),
        (RUSSIAN, "cp1251"),
        (RUSSIAN, "koi8_r"),
        ("café déjà vu", "cp1252"),
        ("“Hello” — he said…", "cp1252"),
    ],
)
def test_legacy_encodings_are_told_apart_even_on_a_few_words(text: str, encoding: str) -> None:
    assert decode(text.encode(encoding)) == text


def test_a_late_foreign_word_in_a_long_ascii_file_is_seen() -> None:
    text = "plain words in a long file\n" * 20_000 + "红楼梦\n"
    assert decode(text.encode("gb18030")) == text


def test_one_stray_byte_does_not_turn_utf8_into_something_else() -> None:
    data = (SIMPLIFIED * 20).encode() + b"\xe9" + SIMPLIFIED.encode()
    assert decode(data) == SIMPLIFIED * 20 + "é" + SIMPLIFIED


def test_a_character_cut_off_at_the_end_leaves_the_rest_as_it_is() -> None:
    assert decode((SIMPLIFIED * 3).encode()[:-1]).startswith((SIMPLIFIED * 3)[:-1])


def test_what_the_source_declares_decides_what_bytes_cannot() -> None:
    assert decode("für".encode("cp1252"), "iso-8859-1") == "für"
    assert decode("łódź".encode("iso8859-2"), "ISO-8859-2") == "łódź"


def test_a_false_declaration_does_not_spoil_utf8() -> None:
    assert decode("für".encode(), "iso-8859-1") == "für"
    assert decode(b"plain", "utf-16") == "plain"


@pytest.mark.parametrize("name", ["rot13", "hex", "no-such-encoding", "unicode_escape", ""])
def test_declared_names_that_are_no_encoding_of_documents_are_ignored(name: str) -> None:
    assert decode(b"\\x41 plain", name) == "\\x41 plain"


def test_line_ends_become_line_feeds() -> None:
    assert decode(b"a\r\nb\rc\nd\r\n\r\n") == "a\nb\nc\nd\n\n"


def test_a_few_control_characters_are_text() -> None:
    text = "before\0after\x1b[0m and more words to be read\n"
    assert decode(text.encode()) == text


@pytest.mark.parametrize(
    "data",
    [
        bytes(range(256)),
        b"\0" * 100,
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\1\0\0\0\1\0\x08\x06",
        b"\x7fELF\2\1\1" + b"\0" * 9,
    ],
)
def test_binary_is_refused(data: bytes) -> None:
    assert is_binary(data)
    with pytest.raises(NotText):
        decode(data)


# Text that people write: any characters but surrogates, which no file can hold, and controls.
TEXT = st.text(st.characters(exclude_categories=("Cs", "Cc")) | st.sampled_from("\n\t\r"))


@given(TEXT)
@example("<path>a</path>")
@example("\r\r\n\n\r")
@example("﻿starts with a mark that is text")
def test_no_character_of_a_utf8_file_is_lost(text: str) -> None:
    expected = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    assert decode(text.encode()) == expected


@given(TEXT, st.sampled_from(["utf-16", "utf-32", "utf-8-sig"]))
def test_no_character_of_a_marked_file_is_lost(text: str, encoding: str) -> None:
    assert decode(text.encode(encoding)) == text.replace("\r\n", "\n").replace("\r", "\n")


def chinese(characters: str) -> st.SearchStrategy[str]:
    """Texts with ten different ones of these at least: few bytes, or the same again and again, fit other encodings."""
    texts = st.text(st.sampled_from(characters + "，。\nabc "), min_size=24)
    return texts.filter(lambda text: len(set(characters).intersection(text)) >= 10)


@given(chinese("的一是不了在人有我他这中大来上国说们为子和你地出道也时年得就那要下以"))
def test_simplified_chinese_in_gb18030_comes_out_right(text: str) -> None:
    assert decode(text.encode("gb18030")) == text


@given(chinese("的一是不了在人有我他這中大來上國說們為子和你地出道也時年得就那要下以"))
def test_traditional_chinese_in_big5_comes_out_right(text: str) -> None:
    assert decode(text.encode("big5")) == text
