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
from octavo.evaluation.hub import download


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


def test_a_damaged_archive_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(huggingface_hub, "snapshot_download", lambda *_, **__: None)
    (tmp_path / "set.zip").write_bytes(b"no archive")
    with pytest.raises(EvaluationError, match=r"set\.zip: is damaged; remove it"):
        download("some/set", "main", tmp_path)
