"""Downloading a benchmark: what stands in its way is said; archives are unpacked."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import huggingface_hub
import huggingface_hub.constants
import pytest

from octavo.errors import EvaluationError, MissingExtra
from octavo.evaluation.hub import benchmark_folder, download


def test_offline_nothing_is_downloaded_and_the_way_out_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(
        EvaluationError, match=r"^some/set: cannot be downloaded \(.+\); .* name its folder with --data"
    ):
        download("some/set", "main", tmp_path)


def test_without_the_hubs_package_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(MissingExtra, match=r"octavo\[eval\]"):
        download("some/set", "main", tmp_path)


def test_archives_are_unpacked_where_they_lie(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def given(name: str, **options: Any) -> None:
        assert (name, options["revision"], options["repo_type"]) == ("some/set", "v1", "dataset")
        with ZipFile(options["local_dir"] / "set.zip", "w") as packed:
            packed.writestr("set/a.jsonl", "{}\n")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", given)
    assert download("some/set", "v1", tmp_path) == tmp_path
    assert (tmp_path / "set" / "a.jsonl").read_text(encoding="utf-8") == "{}\n"


def test_what_is_unpacked_already_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(huggingface_hub, "snapshot_download", lambda *_, **__: None)
    with ZipFile(tmp_path / "set.zip", "w") as packed:
        packed.writestr("a.jsonl", "{}\n")
        packed.writestr("b.jsonl", "{}\n")
    (tmp_path / "a.jsonl").write_text("[]\n")
    (tmp_path / "b.jsonl").write_text("{")
    download("some/set", "main", tmp_path)
    assert (tmp_path / "a.jsonl").read_text() == "[]\n"
    assert (tmp_path / "b.jsonl").read_text() == "{}\n"


def test_a_folder_of_the_users_own_is_taken_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Path] = []
    monkeypatch.setattr(huggingface_hub, "snapshot_download", lambda *_, **given: asked.append(given["local_dir"]))
    assert benchmark_folder("some/set", tmp_path / "mine", tmp_path) == tmp_path / "mine"
    assert asked == []
    assert benchmark_folder("some/set", None, tmp_path) == tmp_path / "some--set"
    assert asked == [tmp_path / "some--set"]


def test_a_damaged_archive_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(huggingface_hub, "snapshot_download", lambda *_, **__: None)
    (tmp_path / "set.zip").write_bytes(b"no archive")
    with pytest.raises(EvaluationError, match=r"set\.zip: is damaged; remove it"):
        download("some/set", "main", tmp_path)
