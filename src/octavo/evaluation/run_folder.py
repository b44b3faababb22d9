"""A run on disk: a folder that holds everything needed to repeat it, to go on with it, and to report it.

    run.json            what was run: task, settings, methods, model, versions, when
    predictions.jsonl   what each method answered to each item, in a fixed order; nothing that differs when run again
    usage.jsonl         what each answer cost: calls, tokens, seconds
    scores.json         the scores, by method and by condition (`scoring.py`)

Knows files; nothing of tasks or models.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from octavo.documents.document import Span
from octavo.errors import EvaluationError
from octavo.evaluation.item import COSTS, Prediction

VERSION = 1
"""Of the files' format; a folder of a higher one was made by a newer octavo."""

_OF_A_START = frozenset({"started", "octavo", "command"})
"""What may differ when a run goes on: a command also says how it is told (`--quiet`) and how much is spent at once."""

_SPANS = ("shown", "pointed", "cited")


class RunFolder:
    """The folder at `path`; made when something is first written."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._whole = False

    @property
    def exists(self) -> bool:
        """Whether a run was begun here."""
        return (self.path / "run.json").is_file()

    def begin(self, description: Mapping[str, Any]) -> None:
        """Write what is run; or, where something was answered here, check that it is the same. Raises `EvaluationError`
        where it is another: results of two runs must not mix."""
        wanted = json.loads(json.dumps({"version": VERSION, **description}))
        if self.exists and (self.path / "predictions.jsonl").exists():
            begun = self.description()
            different = [key for key in wanted if key not in _OF_A_START and wanted[key] != begun.get(key)]
            if different:
                raise EvaluationError(
                    f"{self.path}: another run was begun here, with other {', '.join(different)}; name another folder "
                    "with --out, or remove this one"
                )
            return
        self.path.mkdir(parents=True, exist_ok=True)
        self._write("run.json", json.dumps(wanted, ensure_ascii=False, indent=2) + "\n")

    def description(self) -> dict[str, Any]:
        """What is run. Raises `EvaluationError` where there is no run, or one of a newer octavo."""
        described = self._read("run.json")
        if not isinstance(described, dict) or not isinstance(described.get("version"), int):
            raise EvaluationError(f"{self.path / 'run.json'}: does not describe a run")
        if described["version"] > VERSION:
            raise EvaluationError(f"{self.path}: made by a newer octavo; update octavo to read it")
        return described

    def predictions(self) -> Iterator[tuple[str, Prediction]]:
        """Method and prediction, of all that were written; of an item answered twice by a method, both. A line that a
        crash cut off is left out."""
        costs: dict[tuple[str, str], dict[str, Any]] = {}
        for line in self._lines("usage.jsonl"):
            costs[line["method"], line["item"]] = {name: line[name] for name in COSTS}
        for line in self._lines("predictions.jsonl"):
            yield line["method"], _prediction(line, costs.get((line["method"], line["item"]), {}))

    def append(self, method: str, prediction: Prediction) -> None:
        """Write one more; what it cost first, so that a prediction is never without."""
        self.path.mkdir(parents=True, exist_ok=True)
        if not self._whole:
            self._cut_to_whole_lines()
        for name, line in (
            ("usage.jsonl", _usage_line(method, prediction)),
            ("predictions.jsonl", _line(method, prediction)),
        ):
            with (self.path / name).open("a", encoding="utf-8") as file:
                file.write(line)
                file.flush()

    def _cut_to_whole_lines(self) -> None:
        """Take away what a crash left of a last line: nothing may be written behind it."""
        for name in ("usage.jsonl", "predictions.jsonl"):
            path = self.path / name
            if path.exists():
                with path.open("rb+") as file:
                    file.truncate(file.read().rfind(b"\n") + 1)
        self._whole = True

    def rewrite(self, predictions: Iterable[tuple[str, Prediction]]) -> None:
        """Put these in the place of all that were written, in this order."""
        listed = list(predictions)
        self._write("usage.jsonl", "".join(_usage_line(*each) for each in listed))
        self._write("predictions.jsonl", "".join(_line(*each) for each in listed))

    def write_scores(self, scores: Mapping[str, Any]) -> None:
        """Write the scores."""
        self._write("scores.json", json.dumps(scores, ensure_ascii=False, indent=2) + "\n")

    def scores(self) -> dict[str, Any]:
        """The scores. Raises `EvaluationError` where there are none."""
        scores = self._read("scores.json")
        if not isinstance(scores, dict):
            raise EvaluationError(f"{self.path / 'scores.json'}: holds no scores")
        return scores

    def _read(self, name: str) -> Any:
        path = self.path / name
        try:
            return json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError as error:
            raise EvaluationError(f"{path}: not there; a run's folder holds it, made by: octavo eval TASK") from error
        except OSError as error:
            raise EvaluationError(f"{path}: cannot be read ({error.strerror})") from error
        except ValueError as error:
            raise EvaluationError(f"{path}: is damaged ({error})") from error

    def _lines(self, name: str) -> Iterator[dict[str, Any]]:
        path = self.path / name
        if not path.exists():
            return
        with path.open(encoding="utf-8") as file:
            for number, line in enumerate(file, start=1):
                try:
                    value = json.loads(line)
                except ValueError as error:
                    if line.endswith("\n"):
                        raise EvaluationError(f"{path}, line {number}: is damaged ({error})") from error
                    return
                yield value

    def _write(self, name: str, text: str) -> None:
        """The whole file or nothing of it."""
        temporary = self.path / f".{name}.{os.getpid()}"
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(self.path / name)


def _line(method: str, prediction: Prediction) -> str:
    fields: dict[str, Any] = {"method": method, "item": prediction.item_id}
    for name, value in asdict(prediction).items():
        if name in _SPANS:
            spans = getattr(prediction, name)
            fields[name] = None if spans is None else [[span.start, span.end] for span in spans]
        elif name not in COSTS and name != "item_id":
            fields[name] = value
    return json.dumps(fields, ensure_ascii=False) + "\n"


def _usage_line(method: str, prediction: Prediction) -> str:
    cost = {name: getattr(prediction, name) for name in COSTS}
    cost["seconds"] = round(cost["seconds"], 3)
    return json.dumps({"method": method, "item": prediction.item_id, **cost}, ensure_ascii=False) + "\n"


def _prediction(line: Mapping[str, Any], cost: Mapping[str, Any]) -> Prediction:
    spans: dict[str, Any] = {
        name: None if line[name] is None else tuple(Span(start, end) for start, end in line[name]) for name in _SPANS
    }
    return Prediction(
        line["item"], line["text"], line["error"], found=line["found"], level=line["level"], **spans, **cost
    )
