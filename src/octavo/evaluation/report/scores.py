"""The scores of runs as typed data, and how groups of them are taken together.

Knows the layout of `scores.json` (`scoring.py` writes it); nothing of files, tables or pictures.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from octavo.errors import EvaluationError

Z95 = 1.959964
"""The normal distribution's 97.5 % point: 95 % lie between it and its negative."""


@dataclass(frozen=True, slots=True)
class Mean:
    """The mean of `n` values from 0 to 1, with its 95 % interval."""

    value: float
    low: float
    high: float
    n: int


@dataclass(frozen=True, slots=True)
class Summary:
    """What a number of items came to: means by measure, and what they cost in all, by kind (tokens, calls, seconds)."""

    items: int
    failed: int
    measures: Mapping[str, Mean]
    evidence: Mapping[str, Mean]
    cost: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Group:
    """The items of one combination of conditions, such as {"length": 32000, "depth": 50}."""

    conditions: Mapping[str, Any]
    summary: Summary


@dataclass(frozen=True, slots=True)
class MethodScores:
    """All that one method came to in one run. Where items share a context, `questions` has what the "first" ones about
    it and the "later" ones cost in all, and how many they are ("items")."""

    whole: Summary
    groups: tuple[Group, ...]
    questions: Mapping[str, Mapping[str, float]]


@dataclass(frozen=True, slots=True)
class Scores:
    """A run's scores. `measures` begin with the headline; `complete` is false where the run stopped before its end."""

    task: str
    measures: tuple[str, ...]
    methods: Mapping[str, MethodScores]
    complete: bool


def parse_scores(value: Mapping[str, Any], place: str) -> Scores:
    """What `scores.json` holds. Raises `EvaluationError`, naming `place` and the field, where it is not what
    `scoring.scores_of` makes."""
    root = _Field(value, place)
    measures = tuple(each.text() for each in root["measures"].list())
    if not measures:
        raise root["measures"].wrong("at least one measure")
    methods = {
        name: MethodScores(
            _summary(method, measures),
            tuple(Group(_conditions(each), _summary(each, measures)) for each in method["groups"].list()),
            _questions(method),
        )
        for name, method in root["methods"].fields()
    }
    return Scores(root["task"].text(), measures, methods, complete=value.get("complete") is not False)


def pooled(summaries: Sequence[Summary]) -> Summary:
    """Several summaries of different items as one. Of one only, its own intervals stay; else see `pooled_mean`."""
    if len(summaries) == 1:
        return summaries[0]
    return Summary(
        sum(summary.items for summary in summaries),
        sum(summary.failed for summary in summaries),
        _pooled_means([summary.measures for summary in summaries]),
        _pooled_means([summary.evidence for summary in summaries]),
        {name: sum(summary.cost.get(name, 0) for summary in summaries) for name in _names(s.cost for s in summaries)},
    )


def pooled_mean(means: Sequence[Mean]) -> Mean:
    """The mean over all the values behind several means, with Wilson's score interval (Wilson 1927).

    The values themselves are not at hand. Of all values from 0 to 1 with a given mean, those that are only 0 or 1 vary
    most (Bhatia and Davis 2000): Wilson's interval, which is made for those, is right for scores of right and wrong and
    at most too wide for graded ones. It also stays honest where few values are all the same.
    """
    n = sum(mean.n for mean in means)
    value = sum(mean.value * mean.n for mean in means) / n
    middle = (value + Z95**2 / (2 * n)) / (1 + Z95**2 / n)
    half = Z95 / (1 + Z95**2 / n) * math.sqrt(value * (1 - value) / n + Z95**2 / (4 * n**2))
    return Mean(value, max(0.0, min(value, middle - half)), min(1.0, max(value, middle + half)), n)


def added(each: Sequence[Mapping[str, Mapping[str, float]]]) -> dict[str, dict[str, float]]:
    """The `questions` of several runs as one."""
    return {
        kind: {
            name: sum(held.get(kind, {}).get(name, 0) for held in each)
            for name in _names(h[kind] for h in each if kind in h)
        }
        for kind in _names(each)
    }


def _pooled_means(each: Sequence[Mapping[str, Mean]]) -> dict[str, Mean]:
    return {name: pooled_mean([means[name] for means in each if name in means]) for name in _names(each)}


def _names(mappings: Iterable[Mapping[str, Any]]) -> list[str]:
    """All keys, each once, in the order of their first appearance."""
    return list(dict.fromkeys(name for mapping in mappings for name in mapping))


@dataclass(frozen=True, slots=True)
class _Field:
    """A place in the file, that knows where it is."""

    value: Any
    place: str

    def __getitem__(self, key: str) -> _Field:
        mapping = self.mapping()
        if key not in mapping:
            raise EvaluationError(f'{self.place}: lacks "{key}"; score the run again with its command')
        return _Field(mapping[key], f"{self.place}, {key}")

    def wrong(self, wanted: str) -> EvaluationError:
        return EvaluationError(f"{self.place}: {str(self.value)[:40]!r} is not {wanted}; score the run again")

    def mapping(self) -> Mapping[str, Any]:
        if not isinstance(self.value, dict):
            raise self.wrong("an object")
        return self.value

    def fields(self) -> list[tuple[str, _Field]]:
        return [(key, self[key]) for key in self.mapping()]

    def list(self) -> list[_Field]:
        if not isinstance(self.value, list):
            raise self.wrong("an array")
        return [_Field(each, f"{self.place}[{index}]") for index, each in enumerate(self.value)]

    def text(self) -> str:
        if not isinstance(self.value, str):
            raise self.wrong("a text")
        return self.value

    def count(self) -> int:
        if not isinstance(self.value, int) or self.value < 0:
            raise self.wrong("a count")
        return self.value

    def number(self) -> float:
        if not isinstance(self.value, int | float) or not math.isfinite(self.value):
            raise self.wrong("a number")
        return float(self.value)

    def share(self) -> float:
        number = self.number()
        if not 0 <= number <= 1:
            raise self.wrong("a number from 0 to 1")
        return number


def _conditions(field: _Field) -> dict[str, Any]:
    """A condition that is null does not apply."""
    return {name: value for name, value in field["conditions"].mapping().items() if value is not None}


def _questions(method: _Field) -> dict[str, dict[str, float]]:
    if "questions" not in method.mapping():
        return {}
    return {
        name: {kind: cost.number() for kind, cost in costs.fields()} for name, costs in method["questions"].fields()
    }


def _summary(field: _Field, measures: Sequence[str]) -> Summary:
    items = field["items"].count()
    if not items:
        raise field["items"].wrong("a count of at least 1")
    means = field["measures"]
    return Summary(
        items,
        field["failed"].count(),
        {name: _mean(means[name]) for name in measures if name == measures[0] or name in means.mapping()},
        {name: _mean(mean) for name, mean in field["evidence"].fields()},
        {name: cost.number() for name, cost in field["cost"].fields()},
    )


def _mean(field: _Field) -> Mean:
    n = field["n"].count()
    if not n:
        raise field["n"].wrong("a count of at least 1")
    return Mean(field["mean"].share(), field["low"].share(), field["high"].share(), n)
