"""The numbers that benchmarks' papers print: what they make of the means of their parts, which is not the mean over all
items.

- NeedleBench, for each language: the overall score of S-RT, M-RT and M-RS; in v2 also the ancestral trace's weighted
  score and its ENL-50 (`tasks/needlebench/definition.py`).
- L-Eval, for each set scored by ROUGE: the geometric mean of the means of ROUGE-1, -2 and -L.

Knows benchmarks' names and conditions; nothing of runs.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from octavo.evaluation.tasks.needlebench.definition import (
    definition_of,
    effective_needles,
    overall,
    trace_total,
)

_ROUGE = ("rouge_1", "rouge_2", "rouge_l")
_TRACE = "atc"


@dataclass(frozen=True, slots=True)
class Part:
    """The items of one combination of conditions: the mean of each measure, and over how many items."""

    conditions: Mapping[str, Any]
    means: Mapping[str, tuple[float, int]]


def totals_of(task: str, parts: Sequence[Part]) -> dict[str, float]:
    """By name, such as {"overall en": 0.71, "ENL-50 en": 16}; only what all parts that it needs were asked for. Scores
    are from 0 to 1, ENL-50 is a number of needles."""
    if task.startswith("needlebench-"):
        return _needlebench(task.split("-")[1], parts)
    if task.startswith("leval"):
        return _leval(parts)
    return {}


def _needlebench(version: str, parts: Sequence[Part]) -> dict[str, float]:
    totals: dict[str, float] = {}
    for language in dict.fromkeys(part.conditions.get("language") for part in parts):
        own = [part for part in parts if part.conditions.get("language") == language]
        means = _means(own, "score", "task")
        if all(task in means for task in definition_of(version).weights):
            totals[f"overall {language}"] = overall(means, version)
        traced = [part for part in own if part.conditions.get("task") == _TRACE]
        if version == "v2" and traced:
            by_needles = _means(traced, "score", "needles")
            totals[f"trace {language}"] = trace_total(by_needles)
            totals[f"ENL-50 {language}"] = effective_needles(by_needles)
    return totals


def _leval(parts: Sequence[Part]) -> dict[str, float]:
    by_set = {name: _means(parts, name, "dataset") for name in _ROUGE}
    return {
        f"rouge {dataset}": float((by_set["rouge_1"][dataset] * by_set["rouge_2"][dataset] * rouge_l) ** (1 / 3))
        for dataset, rouge_l in by_set["rouge_l"].items()
    }


def _means(parts: Sequence[Part], measure: str, condition: str) -> dict[Any, float]:
    """The mean of a measure over all items with the same value of a condition."""
    sums: dict[Any, list[float]] = defaultdict(lambda: [0.0, 0.0])
    for part in parts:
        if measure in part.means and condition in part.conditions:
            mean, items = part.means[measure]
            held = sums[part.conditions[condition]]
            held[0] += mean * items
            held[1] += items
    return {value: total / items for value, (total, items) in sums.items()}
