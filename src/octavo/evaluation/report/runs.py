"""Run folders as a report needs them: what was run, and its scores.

Knows the layout of `run.json`; nothing of tables or pictures.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from octavo.errors import EvaluationError
from octavo.evaluation.report.scores import Scores, parse_scores
from octavo.evaluation.run_folder import RunFolder

_NOT_SHOWN = {"version", "task", "command"}


@dataclass(frozen=True, slots=True)
class Run:
    """One run: `name` is its folder's, `description` what `run.json` holds."""

    name: str
    description: Mapping[str, Any]
    scores: Scores

    @property
    def model(self) -> str:
        """The model's name, empty where the run does not say."""
        model = self.description.get("model", "")
        return str(model.get("name", "")) if isinstance(model, dict) else str(model or "")

    @property
    def command(self) -> str:
        """What makes the run again, as typed in a shell; empty where the run does not say."""
        command = self.description.get("command", "")
        return shlex.join(map(str, command)) if isinstance(command, list) else str(command or "")

    def method_settings(self, method: str) -> Any:
        """How `method` was set, None where the run does not say."""
        methods = self.description.get("methods")
        if isinstance(methods, dict):
            return methods.get(method)
        listed = methods if isinstance(methods, list) else []
        return next((each for each in listed if isinstance(each, dict) and each.get("method") == method), None)

    def facts(self) -> list[tuple[str, str]]:
        """What was run, as names and values for people to read; the command is apart."""
        described = {key: value for key, value in self.description.items() if key not in _NOT_SHOWN}
        facts = [("task", self.scores.task), *_flat(described)]
        return facts if self.scores.complete else [*facts, ("complete", "no: it stopped before its last item")]


def read_runs(folders: Sequence[Path]) -> list[Run]:
    """The runs in `folders`; of a folder that is named twice, one. Raises `EvaluationError` for one that is no run, has
    no scores, is damaged, or was made by a newer octavo."""
    distinct = {folder.resolve(): folder for folder in folders}
    names = _distinct_names(list(distinct))
    return [_read(folder, name) for folder, name in zip(distinct.values(), names, strict=True)]


def _read(folder: Path, name: str) -> Run:
    files = RunFolder(folder)
    if not files.exists:
        what = "holds no run (no run.json)" if folder.is_dir() else "is no folder"
        raise EvaluationError(f"{folder}: {what}; name a folder that an octavo eval command made")
    description = files.description()
    run = Run(name, description, Scores("", (), {}, complete=False))
    place = folder / "scores.json"
    if not place.exists():
        again = run.command or "the command that began it"
        raise EvaluationError(f"{place}: not there, so the run has not come to its end; go on with it: {again}")
    scores = parse_scores(files.scores(), str(place))
    if not scores.methods:
        raise EvaluationError(f"{place}: nothing was answered yet; go on with the run")
    return Run(name, description, scores)


def _distinct_names(paths: Sequence[Path]) -> list[str]:
    """The shortest ends of the paths that tell them apart."""
    for length in range(1, max((len(path.parts) for path in paths), default=0) + 1):
        names = ["/".join(path.parts[-length:]) for path in paths]
        if len(set(names)) == len(names):
            break
    return names if paths else []


def _flat(described: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, str]]:
    """Nested settings, one a line: {"model": {"name": "x"}} as ("model: name", "x")."""
    for key, value in described.items():
        name = before + str(key).replace("_", " ")
        if isinstance(value, dict):
            yield from _flat(value, f"{name}: ")
        elif isinstance(value, list) and value and all(isinstance(each, dict) for each in value):
            for index, each in enumerate(value):
                yield from _flat(each, f"{name} {index + 1}: ")
        elif isinstance(value, list):
            yield name, ", ".join(map(_plain, value))
        elif value is not None:
            yield name, _plain(value)


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,}" if isinstance(value, int) and abs(value) >= 10_000 else str(value)
