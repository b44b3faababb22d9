from __future__ import annotations

from pathlib import Path

import pytest

from octavo.models.learnt_counts import keep_learnt, learnt_file, load_learnt
from octavo.models.prompt_measure import Learnt


def test_what_is_kept_is_loaded_to_the_last_digit(tmp_path: Path) -> None:
    file = learnt_file(tmp_path, "model", "tokenizer")
    keep_learnt(file, Learnt(1 + 1 / 3, 17, 4))
    assert load_learnt(file) == Learnt(1 + 1 / 3, 17, 4)


def test_models_and_tokenizers_have_files_of_their_own(tmp_path: Path) -> None:
    files = {learnt_file(tmp_path, model, tokenizer) for model in "ab" for tokenizer in "xy"}
    assert len(files) == 4


def test_what_another_process_learnt_is_not_lowered(tmp_path: Path) -> None:
    file = tmp_path / "counts.json"
    keep_learnt(file, Learnt(1.5, 10, 0))
    keep_learnt(file, Learnt(1.2, 20, 5))
    assert load_learnt(file) == Learnt(1.5, 20, 5)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        '{"rate": 1.5}',
        '{"rate": "much", "excess": 0, "tools_excess": 0}',
        '{"rate": NaN, "excess": 0, "tools_excess": 0}',
        '{"rate": 0.5, "excess": 0, "tools_excess": 0}',
        '{"rate": 1e9, "excess": 0, "tools_excess": 0}',
        '{"rate": 1.0, "excess": 1e400, "tools_excess": 0}',
        '{"rate": 1.0, "excess": -5, "tools_excess": 0}',
    ],
)
def test_a_damaged_or_absurd_file_counts_as_nothing_learnt(tmp_path: Path, text: str) -> None:
    file = tmp_path / "counts.json"
    file.write_text(text, encoding="utf-8")
    assert load_learnt(file) == Learnt()


def test_an_absurd_report_is_not_kept(tmp_path: Path) -> None:
    keep_learnt(tmp_path / "counts.json", Learnt(rate=500.0))
    assert not (tmp_path / "counts.json").exists()


def test_a_folder_that_cannot_be_written_is_done_without(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    file = tmp_path / "file" / "counts.json"
    keep_learnt(file, Learnt(rate=1.5))
    assert load_learnt(file) == Learnt()
