"""What `octavo train` does: options become a recipe, which is planned or trained; the outcome is printed.

Under a launcher (`accelerate launch`) this runs in every process, and the first one speaks. Knows the order of things;
nothing of models.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from octavo.cli.run import INTERRUPTED
from octavo.cli.terminal import say, write_json, write_line
from octavo.cli.training.flags import Given
from octavo.cli.training.planned import plan_rows
from octavo.cli.training.progress import training_progress_for
from octavo.cli.training.recipe import recipe_of
from octavo.cli.training.trained import export_command
from octavo.errors import UsageError
from octavo.training.planning.plan import Plan
from octavo.training.recipe import Recipe
from octavo.training.running.progress import News, Planned
from octavo.training.running.run import TrainingRun
from octavo.training.sft import dry_run, train

_RANK = "RANK"
"""The number of this process among a launcher's, as torch has it."""


def run(data: Sequence[Path], given: Given) -> int:
    """Train, or go on, or only plan. Returns the exit code; raises `OctavoError`."""
    flags, folder = given.training, given.reach.out
    if folder is None and flags.resume:
        raise UsageError("--resume goes on with the training in a folder: name it with -o FOLDER")
    begun = TrainingRun(folder) if folder is not None else None
    recipe = recipe_of(data, given, begun.recipe() if begun is not None and flags.resume else None)
    first = int(os.environ.get(_RANK, "0")) == 0
    if flags.dry_run:
        return _plan(recipe, as_json=flags.json) if first else 0
    if begun is None:
        raise UsageError("a training is kept in a folder: name one with -o FOLDER")
    return _train(recipe, begun, resume=flags.resume, as_json=flags.json, quiet=flags.quiet or not first, first=first)


def _plan(recipe: Recipe, *, as_json: bool) -> int:
    def tell(news: News) -> None:
        if isinstance(news, Planned):
            _write_plan(news.plan, as_json=as_json)

    dry_run(recipe, tell=tell)
    return 0


def _write_plan(plan: Plan, *, as_json: bool) -> None:
    if as_json:
        write_json(plan.as_json())
        return
    rows = plan_rows(plan)
    width = max(len(name) for name, _ in rows)
    for name, value in rows:
        write_line(f"{name:{width}}  {value}")


def _train(recipe: Recipe, begun: TrainingRun, *, resume: bool, as_json: bool, quiet: bool, first: bool) -> int:
    begun.require_same(recipe, resume=resume)
    if begun.finished and not quiet:
        say(f"{begun.path}: all of it is trained already")
    try:
        with training_progress_for(quiet=quiet) as progress:
            if not begun.finished:
                progress.step("reading the data and counting its tokens")
            finished = train(recipe, begun.path, resume=resume, tell=progress.tell)
    except KeyboardInterrupt:
        kept = f"; what the last checkpoint holds is kept. To go on: {begun.resume_command}" if begun.begun else ""
        say(f"interrupted{kept}")
        return INTERRUPTED
    if first:
        _write_outcome(recipe, finished, as_json=as_json, quiet=quiet)
    return 0


def _write_outcome(recipe: Recipe, finished: TrainingRun, *, as_json: bool, quiet: bool) -> None:
    if as_json:
        write_json(_outcome(recipe, finished))
    else:
        write_line(str(finished.outcome))
    if not quiet:
        say(f"the curve of the loss: {finished.path / 'loss.png'}; to use what was trained: {export_command(finished)}")


def _outcome(recipe: Recipe, finished: TrainingRun) -> dict[str, Any]:
    steps = finished.steps()
    stages = []
    for number, stage in enumerate(recipe.stages, start=1):
        losses = [step.loss for step in steps if step.stage == number]
        stages.append(
            {
                "length": stage.length,
                "steps": len(losses),
                "first_loss": losses[0] if losses else None,
                "last_loss": losses[-1] if losses else None,
            }
        )
    return {
        "run": str(finished.path),
        "outcome": str(finished.outcome),
        "model": recipe.model,
        "method": recipe.method,
        "stages": stages,
    }
