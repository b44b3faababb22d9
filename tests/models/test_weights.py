from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from octavo.errors import UsageError
from octavo.models.weights import default_cache, weights_hash


def test_it_is_the_hash_of_the_bytes_and_follows_a_change(tmp_path: Path) -> None:
    file = tmp_path / "model.gguf"
    for content in (b"one", b"two"):
        file.write_bytes(content)
        os.utime(file, ns=(0, len(content) + content[0]))
        assert weights_hash(file, tmp_path / "cache") == hashlib.sha256(content).hexdigest()


def test_an_unchanged_file_is_not_read_again(tmp_path: Path) -> None:
    file = tmp_path / "model.gguf"
    file.write_bytes(b"one")
    stamp = file.stat().st_mtime_ns
    known = weights_hash(file, tmp_path / "cache")
    file.write_bytes(b"two")
    os.utime(file, ns=(stamp, stamp))
    assert weights_hash(file, tmp_path / "cache") == known


def test_a_missing_file_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot read"):
        weights_hash(tmp_path / "none.gguf", tmp_path)


def test_what_is_worked_out_is_kept_under_octavo_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OCTAVO_HOME", str(tmp_path))
    assert default_cache() == tmp_path / "models"
    monkeypatch.delenv("OCTAVO_HOME")
    assert default_cache().parent.name == "octavo"
