"""Opening a GGUF file, and copying what it says. Knows the package that reads and writes it; nothing of models."""

from __future__ import annotations

from collections.abc import Callable
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


def copy_values(reader: Any, writer: Any, without: Callable[[str], bool]) -> None:
    """Give a `gguf.GGUFWriter` all values that a file has, with their types, but those of the file itself and those
    whose key is to be left out."""
    from gguf import GGUFValueType

    for key, field in reader.fields.items():
        if key.startswith("GGUF.") or key == "general.architecture" or without(key):
            continue
        kind = field.types[0]
        writer.add_key_value(key, field.contents(), kind, field.types[-1] if kind == GGUFValueType.ARRAY else None)
