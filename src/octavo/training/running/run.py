"""A training on disk: a folder that says what is trained, how far it is, and holds what came out.

    recipe.json     what is trained, and the fingerprint of the rows of tokens that the data became
    log.jsonl       a line for each step
    loss.png        the loss so far
    evaluation.jsonl, evaluation.png    what was measured on the way, where the recipe says so
    stage-1/        checkpoints of a stage under way; what came out of one that is done, but for the last
    adapter/        what came out of the last stage: a LoRA adapter, with config and tokenizer
    model/          the same, where every weight was trained
    adapter.gguf, merged/, model.gguf   what `octavo export` made of it
    .rows/          the data as tokens, while it is trained
    .lock           held by the process that trains here

What came out is put in its place whole or not at all: a stage is done when it is there. Knows files; nothing of torch.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

from octavo.errors import TrainingError
from octavo.training.evaluating.evaluation import Evaluation
from octavo.training.recipe import Recipe
from octavo.training.running.progress import StepDone

VERSION = 1
"""Of the folder's layout; one of a higher version was made by a newer octavo."""

_LOCK = ".lock"
_STEPS, _EVALUATIONS = "log.jsonl", "evaluation.jsonl"


class TrainingRun:
    """The folder at `path`; made by `begin`."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def begun(self) -> bool:
        """Whether a training was begun here."""
        return (self.path / "recipe.json").is_file()

    @property
    def finished(self) -> bool:
        """Whether all stages are done."""
        return self.begun and self.outcome.is_dir()

    @property
    def resume_command(self) -> str:
        """What goes on with the training: the recipe is in the folder."""
        return shlex.join(["octavo", "train", "--resume", "-o", str(self.path)])

    @property
    def outcome(self) -> Path:
        """The folder of what comes out of the last stage."""
        recipe = self.recipe()
        return self.outcome_of(recipe, len(recipe.stages))

    def export(self, form: str) -> Path:
        """Where an export is, or will be: "adapter-gguf", "merged" or "gguf"."""
        return self.path / {"adapter-gguf": "adapter.gguf", "merged": "merged", "gguf": "model.gguf"}[form]

    @property
    def rows(self) -> Path:
        """The file of the data as tokens."""
        return self.path / ".rows" / "rows.arrow"

    @contextmanager
    def held(self) -> Iterator[None]:
        """While it is entered, no other process trains here; the folder is made where it is not there yet.

        Raises `TrainingError` where another process does, or nothing can be written.
        """
        from filelock import FileLock, Timeout

        try:
            self.path.mkdir(parents=True, exist_ok=True)
            lock = FileLock(self.path / _LOCK)
            lock.acquire(blocking=False)
        except Timeout as error:
            raise TrainingError(
                f"{self.path}: is being trained by another process; let it end, or stop it with Ctrl-C there"
            ) from error
        except OSError as error:
            raise TrainingError(
                f"{self.path}: cannot be written ({error.strerror or error}); name another folder with -o"
            ) from error
        try:
            yield
        finally:
            lock.release()

    def begin(self, recipe: Recipe, fingerprint: str, *, resume: bool = False) -> None:
        """Write what is trained; or, where it goes on, check that it is the same, and the rows of tokens too.

        Raises `TrainingError` where something else was begun here, where something was begun and `resume` was not
        said, and where there is nothing to go on with.
        """
        described = {"version": VERSION, "octavo": version("octavo"), "rows": fingerprint, "recipe": recipe.as_json()}
        self.require_same(recipe, resume=resume)
        if not self.begun:
            self.path.mkdir(parents=True, exist_ok=True)
            self._write("recipe.json", json.dumps(described, ensure_ascii=False, indent=2) + "\n")
            return
        if self._described()["rows"] != fingerprint:
            raise TrainingError(
                f"{self.path}: the data, or how it becomes tokens, is not what it was when the training was begun; put "
                "it back, or begin anew in another folder"
            )
        for name in (_STEPS, _EVALUATIONS):
            self._mend(name)

    def require_same(self, recipe: Recipe, *, resume: bool = False) -> None:
        """What `begin` checks before the data is read. Raises `TrainingError` as it does, and for a folder that holds
        something else, which a training would mix its files with."""
        if not self.begun:
            if resume:
                raise TrainingError(f"{self.path}: no training was begun here; leave out --resume to begin one")
            self._require_free()
            return
        begun, wanted = dict(self._described()["recipe"]), json.loads(json.dumps(recipe.as_json()))
        different = [key for key in wanted if wanted[key] != begun.get(key)]
        if different:
            raise TrainingError(
                f"{self.path}: another training was begun here, with other {', '.join(different)}; name another folder "
                "with -o, or remove this one"
            )
        if not resume:
            raise TrainingError(
                f"{self.path}: this training was begun here already; go on with it: {self.resume_command}"
            )

    def abandon(self) -> None:
        """Remove what was prepared for a training that could not begin; for whoever holds it (`held`)."""
        if not self.begun and self.path.is_dir():
            shutil.rmtree(self.rows.parent, ignore_errors=True)
            if {each.name for each in self.path.iterdir()} <= {_LOCK}:
                shutil.rmtree(self.path, ignore_errors=True)

    def _require_free(self) -> None:
        """Only what a training that ended before it began has left may be here."""
        if self.path.exists() and not self.path.is_dir():
            raise TrainingError(f"{self.path}: is a file; name a folder with -o")
        if self.path.exists() and any(each.name[0] != "." for each in self.path.iterdir()):
            raise TrainingError(f"{self.path}: holds other files and no training; name a new folder with -o")

    def recipe(self) -> Recipe:
        """What is trained. Raises `TrainingError` where nothing was begun, or by a newer octavo."""
        return Recipe.from_json(self._described()["recipe"])

    def stage_folder(self, stage: int) -> Path:
        """The folder of a stage (counted from 1), for its checkpoints."""
        return self.path / f"stage-{stage}"

    def outcome_of(self, recipe: Recipe, stage: int) -> Path:
        """The folder of what comes out of a stage; it is there when the stage is done."""
        name = "model" if recipe.method == "full" else "adapter"
        return (self.path if stage == len(recipe.stages) else self.stage_folder(stage)) / name

    def checkpoint(self, stage: int) -> Path | None:
        """The newest checkpoint of a stage that was written to its end: its state, which comes last, is whole."""
        found = {
            int(state.parent.name.rpartition("-")[2]): state.parent
            for state in self.stage_folder(stage).glob("checkpoint-*/trainer_state.json")
            if _is_whole(state)
        }
        return found[max(found)] if found else None

    def partial(self, folder: Path) -> Path:
        """A folder to write in what then is put in the place of `folder`."""
        return folder.with_name(f".{folder.name}.partial")

    def clear(self, partial: Path) -> None:
        """Remove what a crash left of an earlier writing there, lest it becomes a part of what is written now."""
        if partial.exists():
            shutil.rmtree(partial)

    def put(self, partial: Path, folder: Path) -> None:
        """Put what was written in its place."""
        shutil.rmtree(folder, ignore_errors=True)
        partial.replace(folder)

    def tidy(self) -> None:
        """Remove what it took to train stages that are done: their checkpoints; at the end, the rows too."""
        recipe = self.recipe()
        for stage in range(1, len(recipe.stages) + 1):
            if self.outcome_of(recipe, stage).is_dir():
                for folder in self.stage_folder(stage).glob("checkpoint-*"):
                    shutil.rmtree(folder)
        if self.finished:
            shutil.rmtree(self.stage_folder(len(recipe.stages)), ignore_errors=True)
            shutil.rmtree(self.rows.parent, ignore_errors=True)

    def log(self, step: StepDone) -> None:
        """Write down a step."""
        self._append(_STEPS, asdict(step))

    def steps(self) -> list[StepDone]:
        """All steps that were written down, in order; of one that was done again after a crash, the last. A line that
        a crash cut off is left out."""
        found: dict[tuple[int, int], StepDone] = {}
        for line in self._lines(_STEPS):
            step = StepDone(**line)
            found[step.stage, step.step] = step
        return [found[place] for place in sorted(found)]

    def record(self, evaluation: Evaluation) -> None:
        """Write down what was measured."""
        self._append(_EVALUATIONS, asdict(evaluation))

    def evaluations(self) -> list[Evaluation]:
        """All that was measured, in order; of a step that was done again after a crash, the last."""
        found = {(each.stage, each.step): each for each in map(Evaluation.from_json, self._lines(_EVALUATIONS))}
        return [found[place] for place in sorted(found)]

    def write_picture(self, name: str, png: bytes) -> None:
        """Put a new picture in place of the old: "loss" or "evaluation"."""
        temporary = self.path / f".{name}.png.{os.getpid()}"
        temporary.write_bytes(png)
        temporary.replace(self.path / f"{name}.png")

    def _append(self, name: str, line: dict[str, Any]) -> None:
        with (self.path / name).open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")

    def _lines(self, name: str) -> Iterator[dict[str, Any]]:
        path = self.path / name
        if not path.exists():
            return
        with path.open(encoding="utf-8") as file:
            for number, line in enumerate(file, start=1):
                try:
                    value: dict[str, Any] = json.loads(line)
                except ValueError as error:
                    if line.endswith("\n"):
                        raise TrainingError(f"{path}, line {number}: is damaged ({error}); remove the line") from error
                    return
                yield value

    def _mend(self, name: str) -> None:
        """Remove a last line that a crash cut off, so that the next one does not continue it."""
        path = self.path / name
        if path.exists():
            written = path.read_bytes()
            os.truncate(path, written.rfind(b"\n") + 1)

    def _described(self) -> dict[str, Any]:
        path = self.path / "recipe.json"
        try:
            described = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError as error:
            raise TrainingError(f"{self.path}: no training was begun here; begin one with: octavo train") from error
        except (OSError, ValueError) as error:
            raise TrainingError(f"{path}: cannot be read ({error})") from error
        if not isinstance(described, dict) or not {"version", "rows", "recipe"} <= described.keys():
            raise TrainingError(f"{path}: does not describe a training")
        if described["version"] > VERSION:
            raise TrainingError(f"{path}: made by a newer octavo; update octavo to read it")
        return described

    def _write(self, name: str, text: str) -> None:
        temporary = self.path / f".{name}.{os.getpid()}"
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(self.path / name)


def _is_whole(state: Path) -> bool:
    """Whether a Trainer's state was written to its end; it is written in place."""
    try:
        return isinstance(json.loads(state.read_text(encoding="utf-8")), dict)
    except (OSError, ValueError):
        return False
