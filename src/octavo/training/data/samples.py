"""Training data in files: JSONL or Parquet, read one sample at a time.

A sample is a list of `messages` (role and content), or a `prompt` with its `completion`, each a text or a list of
messages; a file holds the one or the other. Other fields are left alone. Whatever is wrong is said with the file, the
line (or row) and the field. Knows no tokenizer and no length.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from octavo.errors import TrainingError

Format = Literal["messages", "prompt and completion"]

ROLES = ("system", "user", "assistant")
"""The roles that every chat template knows."""
_LINES = (".jsonl", ".ndjson")
_ROWS_AT_ONCE = 16
"""Rows of a Parquet file in memory: long samples have megabytes each."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A conversation to learn from: every assistant turn of `messages` (role, content) from `completion_start` on.

    `source` names its place, as in "talks.jsonl, line 3".
    """

    messages: tuple[Mapping[str, str], ...]
    completion_start: int
    source: str

    @property
    def learned(self) -> tuple[int, ...]:
        """Which of the messages are learned, counted from 0."""
        return tuple(
            index
            for index, message in enumerate(self.messages)
            if index >= self.completion_start and message["role"] == "assistant"
        )


def read_samples(paths: Iterable[Path]) -> Iterator[Sample]:
    """The samples of files, in order, one in memory at a time.

    Raises `TrainingError` at the first that cannot be learned from: no JSON, no assistant turn, an unknown role, an
    empty content, two formats in one file; and for a file that cannot be read, holds nothing or is of another kind.
    """
    for path in paths:
        first: Format | None = None
        for source, row in _rows(path):
            sample, form = _sample(row, source)
            first = first or form
            if form != first:
                raise TrainingError(
                    f"{source}: is {form}, and the samples before it are {first}; keep the two in files of their own"
                )
            yield sample
        if first is None:
            raise TrainingError(f"{path}: holds no samples; give a file with messages, or prompt and completion")


def _rows(path: Path) -> Iterator[tuple[str, Any]]:
    kind = path.suffix.lower()
    if kind not in (*_LINES, ".parquet"):
        raise TrainingError(f"{path}: is neither .jsonl nor .parquet; convert the data to one of them")
    try:
        yield from _lines_of(path) if kind in _LINES else _rows_of(path)
    except OSError as error:
        raise TrainingError(f"{path}: cannot be read ({error.strerror or error}); name another file") from error


def _lines_of(path: Path) -> Iterator[tuple[str, Any]]:
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            if not line.strip():
                continue
            source = f"{path}, line {number:,}"
            try:
                yield source, json.loads(line.decode("utf-8-sig" if number == 1 else "utf-8"))
            except UnicodeDecodeError as error:
                raise TrainingError(f"{source}: is not UTF-8 (byte {error.start:,}); save the file as UTF-8") from error
            except (json.JSONDecodeError, RecursionError) as error:
                raise TrainingError(f"{source}: is not JSON ({error}); one object on each line is needed") from error


def _rows_of(path: Path) -> Iterator[tuple[str, Any]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            columns = [name for name in ("messages", "prompt", "completion") if name in file.schema_arrow.names]
            number = 0
            for batch in file.iter_batches(batch_size=_ROWS_AT_ONCE, columns=columns):
                for row in batch.to_pylist():
                    number += 1
                    yield f"{path}, row {number:,}", {key: value for key, value in row.items() if value is not None}
    except pa.ArrowInvalid as error:
        raise TrainingError(f"{path}: is not a Parquet file that can be read ({error})") from error


def _sample(row: Any, source: str) -> tuple[Sample, Format]:
    if not isinstance(row, dict):
        raise TrainingError(f"{source}: is no object; give one with messages, or with prompt and completion")
    if "messages" in row and ("prompt" in row or "completion" in row):
        raise TrainingError(f"{source}: has messages and prompt or completion; keep the one or the other")
    if "messages" in row:
        messages = _messages(row["messages"], "messages", source)
        start = next((index for index, message in enumerate(messages) if message["role"] == "assistant"), None)
        if start is None:
            raise TrainingError(f"{source}: messages: has no assistant turn, so there is nothing to learn")
        return Sample(messages, start, source), "messages"
    for field in ("prompt", "completion"):
        if field not in row:
            raise TrainingError(f"{source}: has no {field}; give messages, or prompt and completion")
    prompt = _turns(row["prompt"], "prompt", "user", source)
    completion = _turns(row["completion"], "completion", "assistant", source)
    if all(message["role"] != "assistant" for message in completion):
        raise TrainingError(f"{source}: completion: has no assistant turn, so there is nothing to learn")
    return Sample((*prompt, *completion), len(prompt), source), "prompt and completion"


def _turns(value: Any, field: str, role: str, source: str) -> tuple[Mapping[str, str], ...]:
    if isinstance(value, str):
        return ({"role": role, "content": _content(value, field, source)},)
    return _messages(value, field, source)


def _messages(value: Any, field: str, source: str) -> tuple[Mapping[str, str], ...]:
    if not isinstance(value, list) or not value:
        raise TrainingError(f"{source}: {field}: is no list of messages")
    messages = []
    for index, message in enumerate(value):
        place = f"{field}[{index}]"
        if not isinstance(message, dict):
            raise TrainingError(f"{source}: {place}: is no object with role and content")
        role = message.get("role")
        if role not in ROLES:
            raise TrainingError(f"{source}: {place}.role: is {role!r}; there are {', '.join(ROLES)}")
        messages.append({"role": role, "content": _content(message.get("content"), f"{place}.content", source)})
    return tuple(messages)


def _content(value: Any, place: str, source: str) -> str:
    if not isinstance(value, str):
        raise TrainingError(f"{source}: {place}: is no text")
    if not value.strip():
        raise TrainingError(f"{source}: {place}: is empty")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise TrainingError(f"{source}: {place}: holds half of a character ({error.reason}); write it whole") from error
    return value
