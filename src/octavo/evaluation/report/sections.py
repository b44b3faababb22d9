"""Runs side by side: one section for each task, one series for each method of each model.

A run that was made in several folders (a few lengths here, the rest there) becomes one series again. Knows scores;
nothing of how they are shown.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from octavo.evaluation.report.conditions import condition_order, value_order
from octavo.evaluation.report.runs import Run
from octavo.evaluation.report.scores import MethodScores, Summary, added, pooled

_ASKED = frozenset({"tasks", "languages", "language", "lengths", "tokens", "depths", "repeats", "samples", "left_out"})
"""Settings that say how much was asked: one run may ask some of it in one folder and the rest in another."""

Slice = Mapping[str, Any]
"""Conditions that groups are chosen by: those that have all of these."""


@dataclass(frozen=True, slots=True)
class SeriesGroup:
    """The items of one combination of conditions, such as {"length": 32000, "depth": 50}, with the run's name."""

    run: str
    conditions: Mapping[str, Any]
    summary: Summary


@dataclass(frozen=True, slots=True)
class Series:
    """A method of a model; `name` tells it from the others of its section. `questions` as in `MethodScores`."""

    name: str
    method: str
    model: str
    whole: Summary
    groups: tuple[SeriesGroup, ...]
    questions: Mapping[str, Mapping[str, float]]

    def at(self, chosen: Slice) -> Summary | None:
        """All groups of a slice taken together, None where there are none."""
        summaries = [group.summary for group in self.groups if _in(group, chosen)]
        return pooled(summaries) if summaries else None


@dataclass(frozen=True, slots=True)
class Section:
    """All that was measured on one task. `measures` begin with the headline."""

    task: str
    measures: tuple[str, ...]
    runs: tuple[Run, ...]
    series: tuple[Series, ...]

    @property
    def headline(self) -> str:
        """The task's first measure."""
        return self.measures[0]

    @property
    def unlike(self) -> list[str]:
        """What the runs were set to otherwise: texts, seed or tokenizer, say. Then the same conditions are not the same
        questions."""
        described = [run.description.get("settings") or {} for run in self.runs]
        found = (name for one in described for other in described for name in _unlike(one, other))
        return list(dict.fromkeys(found))

    def conditions(self, chosen: Slice | None = None) -> list[str]:
        """The names of what differs between the groups of a slice, in the order in which people name it."""
        found: dict[str, set[str]] = defaultdict(set)
        for group in self._groups(chosen or {}):
            for name, value in group.conditions.items():
                found[name].add(_key(value))
        return sorted((name for name, values in found.items() if len(values) > 1), key=condition_order)

    def values(self, condition: str, chosen: Slice | None = None) -> list[Any]:
        """All values of a condition in a slice, in order."""
        values = {
            _key(group.conditions[condition]): group.conditions[condition]
            for group in self._groups(chosen or {})
            if condition in group.conditions
        }
        return sorted(values.values(), key=value_order)

    def complete(self, series: Series, chosen: Slice) -> bool:
        """Whether a series was asked, in a slice, under all the conditions that any series was: only then is it
        compared like with like."""
        wanted = {_key(group.conditions) for group in self._groups(chosen)}
        return wanted == {_key(group.conditions) for group in series.groups if _in(group, chosen)}

    def _groups(self, chosen: Slice) -> list[SeriesGroup]:
        return [group for series in self.series for group in series.groups if _in(group, chosen)]


def sections_of(runs: Sequence[Run]) -> list[Section]:
    """The runs by what they measured: those with the same task and headline measure stand side by side."""
    alike: dict[tuple[str, str], list[Run]] = defaultdict(list)
    for run in runs:
        alike[run.scores.task, run.scores.measures[0]].append(run)
    return [_section(task, together) for (task, _), together in alike.items()]


@dataclass(frozen=True, slots=True)
class _Part:
    """A method of one run."""

    run: Run
    method: str
    scores: MethodScores

    @property
    def identity(self) -> str:
        """The same for parts that may be one run in several folders: the same method of the same model, set alike."""
        return _key([self.method, self.run.description.get("model"), self.run.method_settings(self.method)])

    @property
    def asked(self) -> set[str]:
        return {_key(group.conditions) for group in self.scores.groups}

    @property
    def settings(self) -> Mapping[str, Any]:
        return self.run.description.get("settings") or {}


def _section(task: str, runs: Sequence[Run]) -> Section:
    gathered: list[list[_Part]] = []
    for run in runs:
        for method, scores in run.scores.methods.items():
            part = _Part(run, method, scores)
            home = next((parts for parts in gathered if _continues(parts, part)), None)
            if home is None:
                gathered.append([part])
            else:
                home.append(part)
    series = [
        Series(
            name,
            parts[0].method,
            parts[0].run.model,
            pooled([part.scores.whole for part in parts]),
            tuple(
                SeriesGroup(part.run.name, group.conditions, group.summary)
                for part in parts
                for group in part.scores.groups
            ),
            added([part.scores.questions for part in parts]),
        )
        for name, parts in zip(_names(gathered), gathered, strict=True)
    ]
    shared = [name for name in runs[0].scores.measures if all(name in run.scores.measures for run in runs)]
    return Section(task, tuple(shared), tuple(runs), tuple(series))


def _continues(parts: Sequence[_Part], part: _Part) -> bool:
    return all(
        part.identity == other.identity
        and part.run is not other.run
        and not part.asked & other.asked
        and not any(_unlike(part.settings, other.settings))
        for other in parts
    )


def _unlike(one: Mapping[str, Any], other: Mapping[str, Any]) -> Iterator[str]:
    """The settings that differ where both have them, but for those that say what was asked; of what is set for each of
    several (a haystack for each language), those that both have."""
    for name in (set(one) & set(other)) - _ASKED:
        mine, its = one[name], other[name]
        if isinstance(mine, dict) and isinstance(its, dict):
            if any(mine[key] != its[key] for key in set(mine) & set(its)):
                yield name
        elif mine != its:
            yield name


def _names(gathered: Sequence[Sequence[_Part]]) -> list[str]:
    """Each series' name: the method, with the model and the folder where they are needed to tell series apart."""
    ways: tuple[Callable[[_Part], tuple[str, ...]], ...] = (
        lambda part: (part.method,),
        lambda part: (part.run.model, part.method),
        lambda part: (part.run.model, part.method, part.run.name),
    )
    for way in ways:
        names = [" · ".join(filter(None, way(parts[0]))) for parts in gathered]
        if len(set(names)) == len(names):
            break
    return names


def _in(group: SeriesGroup, chosen: Slice) -> bool:
    return all(name in group.conditions and group.conditions[name] == value for name, value in chosen.items())


def _key(value: Any) -> str:
    return json.dumps(value, sort_keys=True)
