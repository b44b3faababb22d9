"""Run folders with scores as a run leaves them, made up."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any

from octavo.evaluation.run_folder import RunFolder

Right = Callable[[str, Mapping[str, Any]], Sequence[float]]
"""What a method's answers were worth under some conditions: one value for each item, none where it was not asked."""


def made_run(
    path: Path,
    right: Right,
    conditions: Mapping[str, Iterable[Any]],
    *,
    methods: Sequence[str] = ("native", "read"),
    task: str = "needle-style",
    measures: Sequence[str] = ("keyword_found",),
    description: Mapping[str, Any] | None = None,
    complete: bool = True,
) -> Path:
    """A run over all combinations of the conditions; intervals reach 0.1 to both sides."""
    described = {"task": task, "model": {"name": "tiny-1b", "window": 8192}, "command": f"octavo eval {task}"}
    folder = RunFolder(path)
    folder.begin({**described, **(description or {})})
    combinations = [dict(zip(conditions, values, strict=True)) for values in product(*conditions.values())]
    scores: dict[str, Any] = {}
    for method in methods:
        asked = [(each, right(method, each)) for each in combinations]
        asked = [(each, values) for each, values in asked if values]
        every = [value for _, values in asked for value in values]
        groups = [{"conditions": each, **summary(values, measures)} for each, values in asked]
        scores[method] = {**summary(every, measures), "groups": groups}
    folder.write_scores({"task": task, "measures": list(measures), "methods": scores, "complete": complete})
    return path


def summary(values: Sequence[float], measures: Sequence[str]) -> dict[str, Any]:
    """As `scoring.scores_of` writes it."""
    mean = {name: interval(values) for name in measures}
    cost = {"calls": 2, "reused_calls": 1, "prompt_tokens": 3000, "completion_tokens": 20, "seconds": 1.25}
    return {
        "items": len(values),
        "failed": 0,
        "measures": mean,
        "evidence": {"evidence_shown": interval(values)},
        "cost": {name: cost[name] * len(values) for name in cost},
    }


def interval(values: Sequence[float]) -> dict[str, Any]:
    """Their mean."""
    mean = sum(values) / len(values)
    return {"mean": mean, "low": max(0.0, mean - 0.1), "high": min(1.0, mean + 0.1), "n": len(values)}
