"""The records of a benchmark's files: JSON objects that know where they stand, so that what is wrong with one can be
said with its file, line and field.

JSON Lines are read a line at a time: those of 256,000 words are megabytes each. Knows files; nothing of benchmarks.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from octavo.errors import EvaluationError
from octavo.evaluation.data_files import read_json


@dataclass(frozen=True, slots=True)
class Record:
    """One JSON object; `place` is its file and line, for messages."""

    fields: Mapping[str, Any]
    place: str

    def __contains__(self, field: str) -> bool:
        return self.fields.get(field) is not None

    def text(self, field: str) -> str:
        """A text. Raises `EvaluationError`, like all that follow, where the field is missing or is something else."""
        value = self._value(field)
        if not isinstance(value, str):
            raise self.wrong(field, "is no text")
        return value

    def texts(self, field: str) -> tuple[str, ...]:
        """A list of texts."""
        value = self.values(field)
        if not all(isinstance(each, str) for each in value):
            raise self.wrong(field, "is no list of texts")
        return tuple(value)

    def flag(self, field: str) -> bool:
        """True or false."""
        value = self._value(field)
        if not isinstance(value, bool):
            raise self.wrong(field, "is neither true nor false")
        return value

    def values(self, field: str) -> list[Any]:
        """A list of anything."""
        value = self._value(field)
        if not isinstance(value, list):
            raise self.wrong(field, "is no list")
        return value

    def records(self, field: str) -> list[Record]:
        """A list of objects."""
        values = self.values(field)
        if not all(isinstance(value, dict) for value in values):
            raise self.wrong(field, "is no list of objects")
        return [Record(value, f"{self.place}, {field}[{index}]") for index, value in enumerate(values)]

    def wrong(self, field: str, what: str) -> EvaluationError:
        """The error that says `what` of a field."""
        return EvaluationError(f'{self.place}: the field "{field}" {what}')

    def _value(self, field: str) -> Any:
        if field not in self.fields:
            raise EvaluationError(f'{self.place}: has no field "{field}"')
        return self.fields[field]


def read_records(path: Path) -> Iterator[Record]:
    """The objects of a file in their order: of a `.json` its one list, of any other a line each. Raises
    `EvaluationError` where it cannot be read or is something else, naming the place."""
    if path.suffix.lower() != ".json":
        yield from _lines(path)
        return
    values = read_json(path)
    if not isinstance(values, list):
        raise EvaluationError(f"{path}: is no list of objects")
    for number, value in enumerate(values, start=1):
        yield _record(value, f"{path}, record {number}")


def find_file(folder: Path, name: str) -> Path | None:
    """The file of that name in the folder or below it, the highest one; what an archive of a Mac has beside its files
    does not count."""
    found = [path for path in folder.rglob(name) if path.is_file() and "__MACOSX" not in path.parts]
    return min(found, key=lambda path: (len(path.parts), path), default=None)


def file_id(path: Path) -> str:
    """The first 32 hexadecimal digits of the SHA-256 of a file's bytes. Raises `EvaluationError` where it cannot be
    read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()[:32]
    except OSError as error:
        raise _unreadable(path, error) from error


def _lines(path: Path) -> Iterator[Record]:
    number = 0
    try:
        with path.open(encoding="utf-8-sig") as file:
            for number, line in enumerate(file, start=1):
                if line.strip():
                    yield _record(_parsed(line, f"{path}, line {number}"), f"{path}, line {number}")
    except OSError as error:
        raise _unreadable(path, error) from error
    except UnicodeDecodeError as error:
        raise EvaluationError(f"{path}: is not UTF-8 text after line {number}; save it as UTF-8") from error


def _parsed(line: str, place: str) -> Any:
    try:
        return json.loads(line)
    except json.JSONDecodeError as error:
        raise EvaluationError(f"{place}: is not JSON ({error.msg}, column {error.colno})") from error


def _record(value: Any, place: str) -> Record:
    if not isinstance(value, dict):
        raise EvaluationError(f"{place}: is no object")
    return Record(value, place)


def _unreadable(path: Path, error: OSError) -> EvaluationError:
    return EvaluationError(f"{path}: cannot be read ({error.strerror}); name another file")
