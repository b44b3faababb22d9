"""What came out of a training as a model that runs in this process: its folder stands for the model's name.

A whole model is taken where one was exported; else an adapter over the file that it was trained on. Knows a run's
files; nothing of engines.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path

from octavo.errors import UsageError
from octavo.models.gguf_window import gguf_window
from octavo.models.install import SMALL, weights_of
from octavo.training.export.exporting import Form
from octavo.training.model.loading import is_gguf
from octavo.training.recipe import Recipe
from octavo.training.running.run import TrainingRun


@dataclass(frozen=True, slots=True)
class Trained:
    """The files to load: `weights`, and an `adapter` over them or none. `longest` is the length of what it was trained
    on and `reach` how far its positions go, in tokens. `small` says that it was trained from octavo's small model, and
    reads no further than that."""

    weights: Path
    adapter: Path | None
    longest: int
    reach: int
    small: bool


def trained(folder: Path) -> Trained:
    """What was exported of the training in `folder`.

    Raises `UsageError` where it is not finished, or nothing was exported that can be loaded here: the message has the
    command that does it; also where no training was begun there.
    """
    run = TrainingRun(folder)
    if not run.begun:
        raise UsageError(
            f"{folder}: is a folder that holds no training; name a .gguf file, the folder of octavo train, or with "
            "--base-url the model of an endpoint"
        )
    recipe = run.recipe()
    if not run.finished:
        raise UsageError(f"{folder}: the training is not finished; go on with it: {run.resume_command}")
    whole, adapter = run.export("gguf"), run.export("adapter-gguf")
    if whole.is_file():
        return Trained(whole, None, recipe.longest, gguf_window(whole).trained, _is_small(recipe))
    if not adapter.is_file():
        raise UsageError(f"{folder}: nothing was exported yet that can be run; run: {export_command(run)}")
    base = Path(recipe.model)
    if not is_gguf(recipe.model) or not base.is_file():
        raise UsageError(
            f"{folder}: its adapter belongs over a .gguf file of {recipe.model}, which octavo does not have; run: "
            f"{_command(run, 'gguf')}"
        )
    return Trained(base, adapter, recipe.longest, gguf_window(base).trained, _is_small(recipe))


def export_command(run: TrainingRun) -> str:
    """The command that makes of a training what `trained` loads: the smallest file that is sure to hold all of it."""
    return _command(run, _form(run.recipe()))


def _is_small(recipe: Recipe) -> bool:
    small, base = weights_of(SMALL), Path(recipe.model)
    return recipe.rope == "none" and small is not None and base.is_file() and base.samefile(small)


def _form(recipe: Recipe) -> Form:
    plain = recipe.method != "full" and recipe.rope == "none" and recipe.template is None
    return "adapter-gguf" if plain and is_gguf(recipe.model) else "gguf"


def _command(run: TrainingRun, form: Form) -> str:
    return shlex.join(["octavo", "export", str(run.path), "--to", form])
