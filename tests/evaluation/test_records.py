"""Records of files: what is wrong is said with file, line and field."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from octavo.errors import EvaluationError
from octavo.evaluation.records import Record, file_id, find_file, read_records


def written(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_lines_and_lists_hold_the_same_records(tmp_path: Path) -> None:
    lines = written(tmp_path / "a.jsonl", '\ufeff{"a": 1}\n\n{"a": "\u2028"}\n')
    listed = written(tmp_path / "a.json", '[{"a": 1}, {"a": "\u2028"}]')

    assert [record.fields for record in read_records(lines)] == [{"a": 1}, {"a": "\u2028"}]
    assert [record.fields for record in read_records(listed)] == [{"a": 1}, {"a": "\u2028"}]
    assert [record.place for record in read_records(lines)] == [f"{lines}, line 1", f"{lines}, line 3"]
    assert [record.place for record in read_records(listed)] == [f"{listed}, record 1", f"{listed}, record 2"]


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.jsonl", '{"a": 1}\n{"a": }\n', r"a\.jsonl, line 2: is not JSON \(Expecting value, column 7\)"),
        ("a.jsonl", "[1]\n", r"a\.jsonl, line 1: is no object"),
        ("a.json", '{"a": 1}', r"a\.json: is no list of objects"),
        ("a.json", "[1]", r"a\.json, record 1: is no object"),
        ("a.json", "[", r"a\.json, line 1: is not JSON"),
    ],
)
def test_what_is_no_record_is_named(tmp_path: Path, name: str, text: str, message: str) -> None:
    with pytest.raises(EvaluationError, match=message):
        list(read_records(written(tmp_path / name, text)))


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match=r"none\.jsonl: cannot be read \(No such file"):
        list(read_records(tmp_path / "none.jsonl"))
    with pytest.raises(EvaluationError, match=r"none\.jsonl: cannot be read"):
        file_id(tmp_path / "none.jsonl")
    (tmp_path / "latin.jsonl").write_bytes(b'{"a": "caf\xe9"}\n')
    with pytest.raises(EvaluationError, match=r"latin\.jsonl: is not UTF-8 text after line 0; save it as UTF-8"):
        list(read_records(tmp_path / "latin.jsonl"))


RECORD = Record({"text": "t", "texts": ["a", "b"], "flag": True, "objects": [{"x": "y"}], "none": None}, "f, line 3")


def test_fields_by_their_kind() -> None:
    assert RECORD.text("text") == "t"
    assert RECORD.texts("texts") == ("a", "b")
    assert RECORD.flag("flag")
    assert RECORD.values("texts") == ["a", "b"]
    assert [(each.text("x"), each.place) for each in RECORD.records("objects")] == [("y", "f, line 3, objects[0]")]
    assert "text" in RECORD
    assert "none" not in RECORD
    assert "other" not in RECORD


@pytest.mark.parametrize(
    ("read", "message"),
    [
        (lambda: RECORD.text("other"), 'f, line 3: has no field "other"'),
        (lambda: RECORD.text("flag"), 'f, line 3: the field "flag" is no text'),
        (lambda: RECORD.texts("objects"), 'f, line 3: the field "objects" is no list of texts'),
        (lambda: RECORD.flag("text"), 'f, line 3: the field "text" is neither true nor false'),
        (lambda: RECORD.values("text"), 'f, line 3: the field "text" is no list'),
        (lambda: RECORD.records("texts"), 'f, line 3: the field "texts" is no list of objects'),
        (lambda: RECORD.records("objects")[0].flag("x"), r'f, line 3, objects\[0\]: the field "x" is neither'),
    ],
)
def test_a_field_of_another_kind_is_named(read: Callable[[], object], message: str) -> None:
    with pytest.raises(EvaluationError, match=message):
        read()


def test_a_file_is_found_below_the_folder_and_not_among_a_macs_leavings(tmp_path: Path) -> None:
    written(tmp_path / "__MACOSX" / "a.jsonl", "")
    deep = written(tmp_path / "a" / "b" / "a.jsonl", "")
    assert find_file(tmp_path, "a.jsonl") == deep
    high = written(tmp_path / "z" / "a.jsonl", "")
    assert find_file(tmp_path, "a.jsonl") == high
    assert find_file(tmp_path, "b.jsonl") is None


def test_a_files_id_is_that_of_its_bytes(tmp_path: Path) -> None:
    first, second = written(tmp_path / "a", "text"), written(tmp_path / "b", "text")
    assert file_id(first) == file_id(second) == "982d9e3eb996f559e633f4d194def376"
