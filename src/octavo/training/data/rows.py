"""Samples as rows of tokens on disk, read from there while a model is trained: long data does not fit in memory.

Knows Arrow files and templates' `Encoded`; nothing of stages or models.
"""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from octavo.training.data.templates import Encoded
from octavo.training.writing import writing


class Fingerprint:
    """The hash of rows of tokens, added one after the other."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()

    def add(self, encoded: Encoded) -> None:
        """One more row."""
        for numbers in (encoded.tokens, encoded.labels):
            self._hash.update(len(numbers).to_bytes(8, "little") + array("i", numbers).tobytes())

    @property
    def hex(self) -> str:
        """Of all rows so far."""
        return self._hash.hexdigest()[:32]


class RowsWriter:
    """Writes rows to the Arrow file at `path`, one at a time; a context. The file is there when all of it is written:
    one that was there before stays until then, and whoever reads that one goes on reading it."""

    def __init__(self, path: Path) -> None:
        import pyarrow as pa

        path.parent.mkdir(parents=True, exist_ok=True)
        numbers = pa.list_(pa.int32())
        self._schema = pa.schema({"input_ids": numbers, "labels": numbers})
        self._path, self._partial = path, path.with_name(f".{path.name}.partial")
        self._file = pa.OSFile(str(self._partial), "wb")
        self._writer = pa.ipc.new_stream(self._file, self._schema)

    def add(self, encoded: Encoded) -> None:
        """One more row."""
        import pyarrow as pa

        row = {"input_ids": [encoded.tokens], "labels": [encoded.labels]}
        with writing(self._path.parent):
            self._writer.write_batch(pa.record_batch(row, schema=self._schema))

    def __enter__(self) -> RowsWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            with writing(self._path.parent), self._file:
                self._writer.close()
            if error is None:
                self._partial.replace(self._path)
        finally:
            self._partial.unlink(missing_ok=True)


def read_rows(path: Path, order: Sequence[int]) -> Any:
    """The rows with these numbers, in this order: a dataset that reads each from the file when it is needed."""
    from datasets import Dataset

    return Dataset.from_file(str(path)).select(list(order))
