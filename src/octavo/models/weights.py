"""The identity of a file of weights: the hash of its bytes, worked out once per size and time of change.

Knows files and hashes; nothing of what is in them.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path

from octavo.errors import UsageError


def weights_hash(path: Path, cache: Path) -> str:
    """The SHA-256 of the file's bytes in hexadecimal, kept under `cache` by path, size and time of change.

    Raises `UsageError` where the file cannot be read.
    """
    try:
        status = path.stat()
        stamp = f"{path.resolve()}\n{status.st_size}\n{status.st_mtime_ns}"
        kept = cache / "weights" / hashlib.sha256(stamp.encode("utf-8", "surrogateescape")).hexdigest()[:32]
        if kept.exists():
            return kept.read_text(encoding="ascii")
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise UsageError(f"{path}: cannot read the model's file: {error.strerror or error}") from error
    replace_file(kept, digest)
    return digest


def replace_file(path: Path, text: str) -> None:
    """Write `text` to `path` so that another process sees the old file or the new one, never half of one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    Path(name).replace(path)


def default_cache() -> Path:
    """Where what was worked out about models is kept: `models` under `OCTAVO_HOME`, or the platform's data folder."""
    from platformdirs import user_data_path

    home = os.environ.get("OCTAVO_HOME")
    return (Path(home).expanduser() if home else user_data_path("octavo", appauthor=False)) / "models"
