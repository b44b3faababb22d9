"""Opening a GGUF file. Knows the package that reads it; nothing of what stands in it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from octavo.errors import MissingExtra, UsageError


def open_gguf(path: Path, what: str = "reading a .gguf file") -> Any:
    """The file as `gguf.GGUFReader` has it: `fields` and `tensors`. Raises `MissingExtra`, which says `what` needs the
    package, and `UsageError` for a file that is no GGUF."""
    try:
        from gguf import GGUFReader
    except ImportError as error:
        raise MissingExtra(what, "local") from error
    try:
        return GGUFReader(path)
    except (OSError, ValueError, IndexError, KeyError) as error:
        raise UsageError(f"{path}: not a GGUF file that can be read: {error}") from error
