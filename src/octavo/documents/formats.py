"""Which format a file is in: by its extension, else by what the server said, else by its first bytes.

A name is believed before content: a `.md` that starts with an HTML tag is Markdown, and a file is HTML only by its
extension, its Content-Type or its doctype. This module knows formats by name; it parses none.
"""

from __future__ import annotations

import re
from enum import StrEnum

from octavo.documents.decoding import SAMPLE_BYTES, is_binary
from octavo.errors import EncryptedSource, UnsupportedSource


class Format(StrEnum):
    """The formats that octavo reads; the value is the media type of a document of that format."""

    TEXT = "text/plain"
    CODE = "text/x-code"
    MARKDOWN = "text/markdown"
    CSV = "text/csv"
    TSV = "text/tab-separated-values"
    JSON = "application/json"
    JSONL = "application/jsonl"
    HTML = "text/html"
    XHTML = "application/xhtml+xml"
    PDF = "application/pdf"
    DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
    PPTX = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
    XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    XLS = "application/vnd.ms-excel"
    EPUB = "application/epub+zip"

    @property
    def is_plain(self) -> bool:
        """Whether the text is the decoded file itself, so that no parser needs to be held in check."""
        return self in _PLAIN


def _names(words: str) -> frozenset[str]:
    return frozenset(words.split())


_PLAIN = {Format.TEXT, Format.CODE, Format.MARKDOWN, Format.CSV, Format.TSV, Format.JSON, Format.JSONL}

_CODE = _names(
    "asm astro awk bash bat bib c cc cfg clj cljs cmake conf cpp cs css cu cuh cxx dart diff el elm erl ex exs f "
    "f90 fs fsx gd go gradle graphql groovy h hpp hrl hs hxx ini java jl js jsx kt kts less lisp lua m make mjs "
    "mk ml mli mm nim nix patch php pl pm proto ps1 py pyi pyx qml r rb rkt rs sass scala scm scss sh sol sql "
    "svelte swift tcl tex tf toml ts tsx v vb vhd vhdl vim vue wat xml xsd xsl yaml yml zig zsh"
)

_BY_EXTENSION: dict[str, Format] = {
    **dict.fromkeys(_CODE, Format.CODE),
    **dict.fromkeys(("txt", "text", "log", "rst", "adoc", "asciidoc", "org", "srt", "vtt"), Format.TEXT),
    **dict.fromkeys(("md", "markdown", "mdown", "mkd", "mdx", "qmd", "rmd"), Format.MARKDOWN),
    **dict.fromkeys(("html", "htm"), Format.HTML),
    **dict.fromkeys(("xhtml", "xht"), Format.XHTML),
    **dict.fromkeys(("json", "geojson", "ipynb"), Format.JSON),
    **dict.fromkeys(("jsonl", "ndjson"), Format.JSONL),
    **dict.fromkeys(("xlsx", "xlsm"), Format.XLSX),
    **dict.fromkeys(("docx", "docm"), Format.DOCX),
    **dict.fromkeys(("pptx", "pptm"), Format.PPTX),
    "csv": Format.CSV,
    "tsv": Format.TSV,
    "tab": Format.TSV,
    "pdf": Format.PDF,
    "xls": Format.XLS,
    "epub": Format.EPUB,
}
_BY_MEDIA_TYPE: dict[str, Format] = {
    **{format_.value: format_ for format_ in Format if format_ is not Format.TEXT},
    "text/x-markdown": Format.MARKDOWN,
    "application/x-ndjson": Format.JSONL,
    "application/x-pdf": Format.PDF,
}

# Documents that people would expect to be read, and what to do with them.
_UNREADABLE_DOCUMENTS: dict[str, str] = {
    **dict.fromkeys(("doc", "odt", "rtf", "pages", "wpd"), "save it as DOCX or PDF"),
    **dict.fromkeys(("ppt", "odp"), "save it as PPTX or PDF"),
    **dict.fromkeys(("ods", "numbers", "xlsb"), "save it as XLSX or CSV"),
    **dict.fromkeys(("mobi", "azw", "azw3", "fb2", "djvu", "ps", "chm"), "convert it to EPUB or PDF"),
}
# Never text: a folder that holds them is not opened file by file to find that out.
_BINARY = _names(
    "7z a aac avi avif bin bmp bz2 class db deb dll dmg dylib eot exe flac gguf gif gz ico img iso jar jpeg jpg "
    "lance lz4 m4a m4v mkv mov mp3 mp4 mpg npy npz o ogg onnx opus otf parquet pickle pkl png psd pt pth pyc pyd "
    "rar rpm safetensors so sqlite sqlite3 svg svgz swf tar tgz tif tiff ttf wasm wav webm webp whl wmv woff woff2 xz "
    "zip zst"
)

# The member that each zipped format must have; a file's name stands in the archive as it is.
_ARCHIVE_MARKS = (
    (b"word/document.xml", Format.DOCX),
    (b"ppt/presentation.xml", Format.PPTX),
    (b"xl/workbook.xml", Format.XLSX),
    (b"META-INF/container.xml", Format.EPUB),
)

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_DOCTYPE = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]*\?>\s*)?(?:<!--.*?-->\s*)*<!doctype\s+html", re.IGNORECASE | re.DOTALL
)


def extension_of(name: str) -> str:
    """The extension of a file's name in lower case without its dot; empty where there is none."""
    stem, dot, extension = name.rpartition(".")
    return extension.lower() if dot and stem and not stem.endswith("/") else ""


def unreadable_hint(name: str) -> str | None:
    """What to do with a document whose format octavo does not read, by its name; None for any other name."""
    return _UNREADABLE_DOCUMENTS.get(extension_of(name))


def is_known(name: str) -> bool:
    """Whether the extension alone names a format that octavo reads."""
    return extension_of(name) in _BY_EXTENSION


def is_binary_name(name: str) -> bool:
    """Whether the extension alone says that a file holds no text (an image, an archive, a program)."""
    return extension_of(name) in _BINARY


def format_of(data: bytes, *, name: str, media_type: str | None = None, given: str) -> Format:
    """The format of a file called `name` with the bytes `data`; `media_type` is what a server said, None for a file.

    `given` is what errors call it. Raises `UnsupportedSource` and, for an Office file under a password,
    `EncryptedSource`.
    """
    if media_type in _BY_MEDIA_TYPE:
        format_ = _BY_MEDIA_TYPE[media_type]
    elif hint := unreadable_hint(name):
        raise UnsupportedSource(given, f"octavo does not read {extension_of(name).upper()} files", hint)
    else:
        format_ = _BY_EXTENSION.get(extension_of(name)) or _by_content(data, given, media_type)
    if data.startswith(_OLE) and format_ in (Format.DOCX, Format.PPTX, Format.XLSX):
        _refuse_ole(data, given)
    return format_


def _by_content(data: bytes, given: str, media_type: str | None) -> Format:
    if b"%PDF-" in data[:1024]:
        return Format.PDF
    if data.startswith(b"PK\x03\x04"):
        for mark, format_ in _ARCHIVE_MARKS:
            if mark in data[:SAMPLE_BYTES] or mark in data[-SAMPLE_BYTES:]:
                return format_
        raise UnsupportedSource(given, "an archive, no document", "unpack it and give its folder")
    if data.startswith(_OLE):
        _refuse_ole(data, given)
    if is_binary(data[:SAMPLE_BYTES]):
        raise UnsupportedSource(given, "a binary file of a kind that octavo does not read")
    if media_type in (None, "application/octet-stream") and _DOCTYPE.match(data[:SAMPLE_BYTES]):
        return Format.HTML
    return Format.TEXT


def _refuse_ole(data: bytes, given: str) -> None:
    if "EncryptedPackage".encode("utf-16-le") in data:
        raise EncryptedSource(given, "encrypted with a password", "save a copy without the password")
    raise UnsupportedSource(given, "an Office file from before 2007", "save it as DOCX, PPTX or XLSX")
