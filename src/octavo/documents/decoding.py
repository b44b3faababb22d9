"""Bytes become text: which encoding, and whether it is text at all.

In order: a byte order mark, UTF-16 without one, UTF-8, what the source declares, and what its bytes look like
(`legacy_encodings`). Line ends become LF; no other character
changes. This module knows nothing of file names or formats.
"""

from __future__ import annotations

import codecs
import re

from octavo.documents.legacy_encodings import is_common_cjk, legacy_encoding

SAMPLE_BYTES = 64 * 1024
_SCORED_BYTES = 8 * 1024  # enough to tell one encoding from another, and quickly looked at character by character

_MARKS = (  # UTF-32 first: its little-endian mark starts with that of UTF-16
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_TEXT_BYTES = bytes({7, 8, 9, 10, 12, 13, 27} | set(range(0x20, 0x100)) - {0x7F})

# What the web means by these names (https://encoding.spec.whatwg.org/#names-and-labels): the superset.
_SUPERSETS = {
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "iso8859-1": "cp1252",
    "big5": "big5hkscs",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
}
_DECLARABLE = re.compile(
    r"cp\d+|iso8859-\d+|koi8-[ru]|gb18030|hz|big5\w*|shift_jis\w*|euc_\w+|iso2022_\w+|mac-\w+|tis-620"
)
_SEVEN_BIT = ("hz", "iso2022_jp", "iso2022_jp_2", "iso2022_kr")  # to be seen only by their declaration


class NotText(ValueError):
    """The bytes are no text in any encoding that octavo knows."""


def decode(data: bytes, declared: str | None = None) -> str:
    """The text of `data`, CR LF and CR made LF, its byte order mark taken off. `declared` is the encoding that the
    source names for itself (a Content-Type, an HTML meta element), believed where it decodes. Raises `NotText`."""
    return normalise_line_ends(_decode(data, declared))


def normalise_line_ends(text: str) -> str:
    """`text` with CR LF and lone CR made LF."""
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def is_binary(sample: bytes) -> bool:
    """Whether the first bytes of a file (up to `SAMPLE_BYTES`) say that the whole is no text."""
    if not sample or sample.startswith(tuple(mark for mark, _ in _MARKS)) or _utf16_without_mark(sample):
        return False
    if _controlled(sample):
        return True
    # A legacy encoding has no use for control bytes; binary formats rarely go far without them.
    return not _is_utf8(sample) and len(sample.translate(None, _TEXT_BYTES)) > 0


def _controlled(sample: bytes) -> bool:
    """Whether control bytes are so many that this is no text in an encoding that starts with ASCII."""
    return len(sample.translate(None, _TEXT_BYTES)) > 0.1 * len(sample)


def _is_utf8(sample: bytes) -> bool:
    try:
        codecs.getincrementaldecoder("utf-8")().decode(sample)  # a character cut off at the end is no error
    except UnicodeDecodeError:
        return False
    return True


def _decode(data: bytes, declared: str | None) -> str:
    for mark, marked in _MARKS:
        if data.startswith(mark):
            # A lone surrogate or half a character at the end costs that character alone.
            return data[len(mark) :].decode(marked, "octavo-stray-byte" if marked == "utf-8" else "replace")
    sample = data[:SAMPLE_BYTES]
    if utf16 := _utf16_without_mark(sample):
        return data.decode(utf16, "replace")
    if is_binary(sample):
        raise NotText
    encoding = _declared_encoding(declared)
    if encoding is not None and encoding in _SEVEN_BIT:
        return data.decode(encoding, "octavo-stray-byte")
    try:
        return data.decode("utf-8")  # before what is declared: chance does not make valid UTF-8, servers do mislabel it
    except UnicodeDecodeError as error:
        if encoding is None and _is_mostly_utf8(data, error):
            encoding = "utf-8"
        if encoding is None:
            # From where ASCII ends, and from the start of a line, so that no character of several bytes is cut.
            start = max(data.rfind(b"\n", 0, error.start) + 1, error.start - _SCORED_BYTES // 2)
            encoding = legacy_encoding(data[start : start + _SCORED_BYTES])
    return data.decode(encoding, "octavo-stray-byte")


def _declared_encoding(declared: str | None) -> str | None:
    """The codec for an encoding's name from a source; None for what Python knows but documents cannot be in."""
    if not declared:
        return None
    try:
        name = codecs.lookup(declared.strip("\"' \t")).name
    except LookupError:
        return None
    name = _SUPERSETS.get(name, name)
    return name if _DECLARABLE.fullmatch(name) else None


def _utf16_without_mark(sample: bytes) -> str | None:
    """The byte order of UTF-16 that has no mark: Latin text is told by its zero bytes, other scripts by what they read
    as."""
    sample = sample[: min(len(sample) // 2 * 2, _SCORED_BYTES)]
    if len(sample) < 4:
        return None
    half = len(sample) // 2
    zeros_even, zeros_odd = sample[0::2].count(0), sample[1::2].count(0)
    if max(zeros_even, zeros_odd) > 0.4 * half and min(zeros_even, zeros_odd) <= 0.01 * half:
        encoding = "utf-16-le" if zeros_odd > zeros_even else "utf-16-be"
        return encoding if _reads_as_text(sample, encoding) > 0.9 else None
    if _is_utf8(sample) and not _controlled(sample):
        return None
    little, big = _reads_as_text(sample, "utf-16-le"), _reads_as_text(sample, "utf-16-be")
    # Anything else, read as UTF-16, comes out as rare characters; and so does UTF-16 in the wrong order.
    if max(little, big) > 0.95 and abs(little - big) > 0.2:
        return "utf-16-le" if little > big else "utf-16-be"
    return None


_COMMON = re.compile(
    "[\t\n\f\r\x1b\x20-\x7e\xa0-\u024f\u0370-\u052f\u0590-\u06ff\u0900-\u097f\u0e00-\u0e7f\u2010-\u2027\u2030-\u205e"
    "\u3000-\u30ff\uff01-\uff5e]"
)


def _reads_as_text(sample: bytes, encoding: str) -> float:
    """The share of characters that are common ones when `sample` is read as `encoding`."""
    text = codecs.getincrementaldecoder(encoding)("replace").decode(sample)
    if not text:
        return 0.0
    common = sum(1 for character in text if _COMMON.match(character) or is_common_cjk(character))
    return common / len(text)


def _is_mostly_utf8(data: bytes, error: UnicodeDecodeError) -> bool:
    """Whether around the first `error` the bytes that are no UTF-8 are strays among many characters that are."""
    sample = data[max(0, error.start - SAMPLE_BYTES // 2) : error.start + SAMPLE_BYTES // 2]
    read = sample.decode("utf-8", "replace")
    stray = read.count("\ufffd")
    return sum(1 for character in read if character > "\x7f") - stray >= 10 * stray


def _stray_byte(error: UnicodeError) -> tuple[str, int]:
    """Bytes that an encoding has no character for are read as Windows-1252, so nothing is lost."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    stray = error.object[error.start : error.end]
    return "".join(_single_byte(value) for value in stray), error.end


def _single_byte(value: int) -> str:
    try:
        return bytes([value]).decode("cp1252")
    except UnicodeDecodeError:
        return chr(value)


codecs.register_error("octavo-stray-byte", _stray_byte)
