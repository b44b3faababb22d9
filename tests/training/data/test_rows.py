from __future__ import annotations

from pathlib import Path

import pytest

from octavo.training.data.rows import RowsWriter, read_rows
from octavo.training.data.templates import Encoded


def encoded(*tokens: int) -> Encoded:
    return Encoded(tokens, (True,) * len(tokens))


def write(path: Path, *rows: Encoded) -> None:
    with RowsWriter(path) as writer:
        for row in rows:
            writer.add(row)


def test_rows_are_read_in_the_order_that_is_asked_for(tmp_path: Path) -> None:
    write(tmp_path / "rows" / "rows.arrow", encoded(1, 2), encoded(3), encoded(4, 5))
    found = read_rows(tmp_path / "rows" / "rows.arrow", [2, 0])
    assert [row["input_ids"] for row in found] == [[4, 5], [1, 2]]


def test_rows_that_are_being_read_stay_as_they_are_when_others_are_written(tmp_path: Path) -> None:
    path = tmp_path / "rows.arrow"
    write(path, *[encoded(*range(1000))] * 50)
    reading = read_rows(path, range(50))
    write(path, encoded(7))
    assert [row["input_ids"] == list(range(1000)) for row in reading] == [True] * 50
    assert read_rows(path, [0])[0]["input_ids"] == [7]


def test_rows_that_were_not_written_to_the_end_leave_those_before(tmp_path: Path) -> None:
    path = tmp_path / "rows.arrow"
    write(path, encoded(1, 2))
    with pytest.raises(ValueError, match="a sample that cannot be read"), RowsWriter(path) as writer:
        writer.add(encoded(3))
        raise ValueError("a sample that cannot be read")
    assert read_rows(path, [0])[0]["input_ids"] == [1, 2]
    assert [each.name for each in tmp_path.iterdir()] == ["rows.arrow"]
