"""Reading the files of benchmarks: text and JSON, with errors that name the place.

Knows files; nothing of what stands in them.
"""

from __future__ import annotations

import json
from pathlib import Path

from octavo.errors import EvaluationError


def read_text(path: Path) -> str:
    """A text file. Raises `EvaluationError` where it cannot be read, or is not UTF-8."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise EvaluationError(f"{path}: cannot be read ({error.strerror}); name another file") from error
    except UnicodeDecodeError as error:
        raise EvaluationError(f"{path}: is not UTF-8 text (byte {error.start:,}); save it as UTF-8") from error


def read_json(path: Path) -> object:
    """What a JSON file holds. Raises `EvaluationError` where it holds none, naming the line."""
    try:
        return json.loads(read_text(path))
    except json.JSONDecodeError as error:
        raise EvaluationError(f"{path}, line {error.lineno}: is not JSON ({error.msg})") from error
