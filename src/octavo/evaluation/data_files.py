"""Reading the files of benchmarks: text, JSON and JSON lines, with errors that name the place.

Knows files; nothing of what stands in them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
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


def read_json_lines(path: Path, *fields: str) -> Iterator[tuple[int, dict[str, str]]]:
    """The objects of a JSONL file with the numbers of their lines, counted from 1. Raises `EvaluationError` for a line
    that is no object, or in which one of `fields` is no string."""
    for number, line in enumerate(read_text(path).split("\n"), start=1):
        if not line.strip():
            continue
        try:
            entry = json.loads(line)
        except json.JSONDecodeError as error:
            raise EvaluationError(f"{path}, line {number}: is not JSON ({error.msg})") from error
        if not isinstance(entry, dict):
            raise EvaluationError(f"{path}, line {number}: is no object")
        for field in fields:
            if not isinstance(entry.get(field), str):
                raise EvaluationError(f'{path}, line {number}: has no text in the field "{field}"')
        yield number, entry
