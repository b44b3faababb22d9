"""Which encoding from before Unicode a text is in: Chinese, Japanese, Korean by what their bytes read as, the rest by
charset-normalizer.

A wrong multi-byte reading decodes just as well as the right one, but to rare characters. So each candidate is scored
by the share of its characters that are everyday ones, which the old standards themselves say: they put the common
characters into a first level. That decides texts of a few words, on which statistical detectors guess.
"""

from __future__ import annotations

import codecs
from collections.abc import Callable
from dataclasses import dataclass

_FITS = 0.75
_LATIN = ("cp1252", "cp1250", "cp1254", "cp1257")
_OTHER_SCRIPTS = ("cp1251", "koi8_r", "cp866", "cp1253", "cp1255", "cp1256", "cp874")


def legacy_encoding(sample: bytes) -> str:
    """The name of the codec that `sample`, which is not UTF-8, most likely is in."""
    best, best_share = None, _FITS
    for candidate in _CANDIDATES:
        share = candidate.share(sample)
        if share > best_share:
            best, best_share = candidate.encoding, share
    return best or _single_byte_encoding(sample)


def is_common_cjk(character: str) -> bool:
    """Whether a Han character or Korean syllable is in the everyday level of its national standard."""
    return (
        _is_common_simplified(character)
        or _is_common_traditional(character)
        or _in_level(character, "euc_kr", b"\xb0", b"\xc8")
    )


def _in_level(character: str, encoding: str, first: bytes, last: bytes) -> bool:
    try:
        return first <= character.encode(encoding)[:1] <= last
    except UnicodeEncodeError:
        return False


def _is_common_simplified(character: str) -> bool:
    return _in_level(character, "gb2312", b"\xb0", b"\xd7")


def _is_common_traditional(character: str) -> bool:
    return _in_level(character, "big5", b"\xa4", b"\xc6")


def _is_common_kanji(character: str) -> bool:
    return _in_level(character, "shift_jis", b"\x88", b"\x97")


def _is_kana(character: str) -> bool:
    return "\u3041" <= character <= "\u30ff"


def _is_hangul(character: str) -> bool:
    return "\uac00" <= character <= "\ud7a3"


def _is_punctuation(character: str) -> bool:
    return "\u3000" <= character <= "\u303f" or "\uff01" <= character <= "\uff5e" or character in "·—‘’“”…￥"


def _is_japanese(text: str, beyond_ascii: int) -> bool:
    return sum(map(_is_kana, text)) > 0.15 * beyond_ascii


def _is_korean(text: str, beyond_ascii: int) -> bool:
    # The bytes of hangul are those of common simplified characters too; but Korean has spaces between words.
    return sum(map(_is_hangul, text)) > 0.9 * beyond_ascii and text.count(" ") > 0.1 * beyond_ascii


def _is_chinese(_text: str, _beyond_ascii: int) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class _Candidate:
    encoding: str
    is_common: Callable[[str], bool]
    is_language: Callable[[str, int], bool]

    def share(self, sample: bytes) -> float:
        """Of the characters beyond ASCII that `sample` reads as, the share of everyday ones; 0 for another language."""
        text = codecs.getincrementaldecoder(self.encoding)("replace").decode(sample)
        beyond_ascii = [character for character in text if character > "\x7f"]
        if not beyond_ascii or not self.is_language(text, len(beyond_ascii)):
            return 0.0
        common = sum(1 for character in beyond_ascii if self.is_common(character) or _is_punctuation(character))
        return common / len(beyond_ascii)


# Where two fit equally well the earlier one is taken: those first that ask for letters of their own.
_CANDIDATES = (
    _Candidate("euc_jp", lambda c: _is_kana(c) or _is_common_kanji(c), _is_japanese),
    _Candidate("cp932", lambda c: _is_kana(c) or _is_common_kanji(c), _is_japanese),
    _Candidate("cp949", _is_hangul, _is_korean),
    _Candidate("gb18030", _is_common_simplified, _is_chinese),
    _Candidate("big5hkscs", _is_common_traditional, _is_chinese),
)


def _single_byte_encoding(sample: bytes) -> str:
    from charset_normalizer import from_bytes

    high = sum(1 for value in sample if value >= 0x80)
    letters = sum(1 for value in sample if chr(value).isalpha() or value >= 0x80)
    latin = high < 0.4 * letters
    if latin and high < 8:
        return "cp1252"  # too little to tell Western from Central European: the commoner one
    best = from_bytes(sample, cp_isolation=list(_LATIN if latin else _OTHER_SCRIPTS)).best()
    return best.encoding if best is not None else "cp1252"
