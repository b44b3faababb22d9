"""The bytes of a source, their hash, and what is known of their type before they are parsed."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import BinaryIO

from octavo.documents.fetch import Fetched, fetch
from octavo.documents.limits import DEFAULT_LIMITS, Limits, in_words
from octavo.documents.sources import Source
from octavo.errors import SourceError, SourceNotFound, SourceTooLarge


@dataclass(frozen=True)
class SourceBytes:
    """What a source holds. `media_type` and `charset` are a server's word; `file_name` is what a server calls it, empty
    for files and standard input."""

    data: bytes
    media_type: str | None = None
    charset: str | None = None
    file_name: str = ""

    @cached_property
    def sha256(self) -> str:
        """The SHA-256 of the bytes, in hexadecimal: while it is the same, there is nothing to parse anew."""
        return hashlib.sha256(self.data).hexdigest()


def read_bytes(
    source: Source,
    *,
    limits: Limits = DEFAULT_LIMITS,
    allow_private: bool = False,
    fetch_url: Callable[..., Fetched] = fetch,
    stdin: BinaryIO | None = None,
) -> SourceBytes:
    """All of `source`. Raises `SourceNotFound`, `SourceTooLarge` and, for URLs, what `fetch` raises."""
    if source.kind == "url":
        fetched = fetch_url(source.uri, limits=limits, allow_private=allow_private)
        return SourceBytes(fetched.data, fetched.media_type, fetched.charset, fetched.file_name)
    if source.kind == "stdin":
        return SourceBytes(_read(stdin or sys.stdin.buffer, source, limits))
    try:
        size = source.path.stat().st_size
        if size > limits.source_bytes:
            raise _too_large(source, limits)
        with source.path.open("rb") as file:
            return SourceBytes(_read(file, source, limits))
    except (OSError, ValueError) as error:  # ValueError: no file's name has a NUL in it
        raise _unreadable(source, error) from error


def _read(stream: BinaryIO, source: Source, limits: Limits) -> bytes:
    data = stream.read(limits.source_bytes + 1)
    if len(data) > limits.source_bytes:
        raise _too_large(source, limits)
    return data


def _too_large(source: Source, limits: Limits) -> SourceTooLarge:
    return SourceTooLarge(source.given, f"larger than {in_words(limits.source_bytes)}", "split it into several files")


def _unreadable(source: Source, error: OSError | ValueError) -> SourceError:
    if isinstance(error, FileNotFoundError):
        return SourceNotFound(source.given, "no such file", "check the path")
    reason = error.strerror if isinstance(error, OSError) else str(error)
    return SourceNotFound(source.given, f"cannot be read ({reason})", "check the path and its permissions")
