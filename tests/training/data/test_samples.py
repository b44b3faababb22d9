from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from octavo.errors import TrainingError
from octavo.training.data.samples import read_samples

ASKED = {"role": "user", "content": "Who wrote it?"}
ANSWERED = {"role": "assistant", "content": "Ann did."}


def write_lines(path: Path, *rows: Any) -> Path:
    path.write_text("".join(row if isinstance(row, str) else json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def test_messages_are_learned_from_the_first_assistant_turn_on(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "talks.jsonl", {"messages": [ASKED, ANSWERED, ASKED, ANSWERED], "kind": "read"})
    (sample,) = read_samples([path])
    assert sample.messages == (ASKED, ANSWERED, ASKED, ANSWERED)
    assert sample.learned == (1, 3)
    assert sample.source == f"{path}, line 1"


def test_a_prompt_and_completion_of_texts_are_a_question_and_its_answer(tmp_path: Path) -> None:
    (sample,) = read_samples([write_lines(tmp_path / "a.jsonl", {"prompt": "Who wrote it?", "completion": "Ann did."})])
    assert sample.messages == (ASKED, ANSWERED)
    assert sample.learned == (1,)


def test_only_the_completion_is_learned(tmp_path: Path) -> None:
    row = {"prompt": [ASKED, ANSWERED, ASKED], "completion": [ANSWERED]}
    (sample,) = read_samples([write_lines(tmp_path / "a.jsonl", row)])
    assert sample.learned == (3,)


def test_parquet_and_jsonl_give_the_same_samples(tmp_path: Path) -> None:
    rows = [{"messages": [ASKED, {"role": "assistant", "content": f"Number {n}, 你好."}]} for n in range(40)]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "a.parquet")
    of_lines = [sample.messages for sample in read_samples([write_lines(tmp_path / "a.jsonl", *rows)])]
    of_rows = list(read_samples([tmp_path / "a.parquet"]))
    assert [sample.messages for sample in of_rows] == of_lines
    assert of_rows[39].source == f"{tmp_path / 'a.parquet'}, row 40"


def test_the_files_are_read_in_order_and_each_may_have_its_own_format(tmp_path: Path) -> None:
    first = write_lines(tmp_path / "a.jsonl", {"messages": [ASKED, ANSWERED]})
    second = write_lines(tmp_path / "b.jsonl", {"prompt": "1 + 1?", "completion": "2"})
    assert [len(sample.messages) for sample in read_samples([first, second])] == [2, 2]


def test_samples_are_read_as_they_are_asked_for(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "a.jsonl", {"messages": [ASKED, ANSWERED]}, "not JSON\n")
    (sample,) = itertools.islice(read_samples([path]), 1)
    assert sample.messages[1] == ANSWERED


def test_a_byte_order_mark_and_empty_lines_are_no_harm(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "a.jsonl", "\ufeff" + json.dumps({"messages": [ASKED, ANSWERED]}) + "\n", "\n  \n")
    assert len(list(read_samples([path]))) == 1


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("{broken\n", "line 2: is not JSON"),
        ('["a list"]\n', "line 2: is no object"),
        ({"text": "plain"}, "line 2: has no prompt"),
        ({"prompt": "Why?"}, "line 2: has no completion"),
        ({"messages": [ASKED]}, "line 2: messages: has no assistant turn"),
        ({"messages": []}, "line 2: messages: is no list of messages"),
        ({"messages": "Ann"}, "line 2: messages: is no list of messages"),
        ({"messages": ["Ann"]}, r"line 2: messages\[0\]: is no object"),
        ({"messages": [ASKED, {"role": "robot", "content": "x"}]}, r"line 2: messages\[1\].role: is 'robot'"),
        ({"messages": [ASKED, {"role": "assistant", "content": " \n"}]}, r"line 2: messages\[1\].content: is empty"),
        ({"messages": [ASKED, {"role": "assistant"}]}, r"line 2: messages\[1\].content: is no text"),
        ({"messages": [ASKED, ANSWERED], "prompt": "x"}, "line 2: has messages and prompt"),
        ({"prompt": "Why?", "completion": ""}, "line 2: completion: is empty"),
        ({"prompt": "Why? \ud83d", "completion": "So."}, "line 2: prompt: holds half of a character"),
        ({"prompt": "Why?", "completion": [ASKED]}, "line 2: completion: has no assistant turn"),
        ({"prompt": "Why?", "completion": "So."}, "line 2: is prompt and completion, and the samples before it are m"),
    ],
)
def test_what_is_wrong_is_said_with_its_line_and_field(tmp_path: Path, row: Any, words: str) -> None:
    path = write_lines(tmp_path / "talks.jsonl", {"messages": [ASKED, ANSWERED]}, row)
    with pytest.raises(TrainingError, match=rf"talks\.jsonl, {words}"):
        list(read_samples([path]))


def test_bytes_that_are_no_utf_8_name_the_line(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(json.dumps({"messages": [ASKED, ANSWERED]}).encode() + b"\n\xff\xfe\n")
    with pytest.raises(TrainingError, match="line 2: is not UTF-8"):
        list(read_samples([path]))


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.jsonl", b"\n\n", "holds no samples"),
        ("a.csv", b"prompt,completion", "neither .jsonl nor .parquet"),
        ("a.parquet", b"not Parquet at all", "not a Parquet file"),
    ],
)
def test_a_file_that_holds_no_samples_is_named(tmp_path: Path, name: str, content: bytes, words: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(TrainingError, match=words):
        list(read_samples([tmp_path / name]))


@pytest.mark.parametrize("name", ["none.jsonl", "none.parquet"])
def test_a_missing_file_is_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(TrainingError, match=f"{name}: cannot be read"):
        list(read_samples([tmp_path / name]))


def test_a_row_without_values_names_its_place(tmp_path: Path) -> None:
    rows = [{"prompt": "Why?", "completion": "So."}, {"prompt": "Why?", "completion": None}]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "a.parquet")
    with pytest.raises(TrainingError, match=r"a\.parquet, row 2: has no completion"):
        list(read_samples([tmp_path / "a.parquet"]))
