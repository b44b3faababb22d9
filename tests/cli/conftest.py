"""A place of its own for every test of the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from octavo.settings import Settings, variable_of


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder; a home beside it; no other setting in the environment."""
    for name in Settings.model_fields:
        monkeypatch.delenv(variable_of(name), raising=False)
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("OCTAVO_HOME", str(tmp_path / "home"))
    return folder
