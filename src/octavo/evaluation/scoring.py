"""From predictions to scores: means with intervals, by method and by condition; evidence and cost beside them.

An item that a method failed on counts as wrong. Knows numbers; nothing of how answers came about.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from octavo.documents.document import Span
from octavo.evaluation.intervals import bootstrap_mean
from octavo.evaluation.item import COSTS, Item, Prediction, Scorer
from octavo.evaluation.totals import Part, totals_of

Values = dict[str, float]
"""What one prediction is worth, by the name of the measure; a measure that does not apply is not in it."""


@dataclass(frozen=True, slots=True)
class Scored:
    """A prediction with what it is worth: `values` by `score_prediction`, `evidence` by `evidence_values`. `first` says
    that no item before it has the same context: later ones find some of their calls in the ledger."""

    method: str
    item: Item
    prediction: Prediction
    values: Values
    evidence: Values
    first: bool = True


def score_prediction(item: Item, prediction: Prediction, scorers: Mapping[str, Scorer]) -> Values:
    """All measures of one prediction that apply to its item; of a failure each is 0."""
    values = {name: scorer(item, prediction.text or "") for name, scorer in scorers.items()}
    failed = prediction.text is None
    return {name: 0.0 if failed else value for name, value in values.items() if value is not None}


def evidence_values(item: Item, prediction: Prediction) -> Values:
    """What the method looked at, as far as item and method say.

    - `evidence_shown`: the share of the evidence that stands whole in the final prompt.
    - `evidence_pointed`: the share that the reader pointed at.
    - `pointed_precision`: the share of the places pointed at that hold evidence.
    - `citation_precision`: the share of the cited places that lie in evidence, or hold it.
    """
    gold = [evidence.span for evidence in item.evidence]
    if not gold:
        return {}
    values: Values = {}
    if prediction.shown is not None:
        values["evidence_shown"] = _share(
            gold, lambda span: any(_holds(shown, span) for shown in prediction.shown or ())
        )
    if prediction.pointed is not None:
        values["evidence_pointed"] = _share(
            gold, lambda span: any(span.overlaps(at) for at in prediction.pointed or ())
        )
        if prediction.pointed:
            values["pointed_precision"] = _share(prediction.pointed, lambda at: any(at.overlaps(span) for span in gold))
    if prediction.cited:
        values["citation_precision"] = _share(
            prediction.cited, lambda at: any(_holds(at, span) or _holds(span, at) for span in gold)
        )
    return values


def scores_of(
    task_name: str,
    measures: Sequence[str],
    scored: Iterable[Scored],
    *,
    seed: int = 0,
) -> dict[str, Any]:
    """The scores of a run as JSON.

    `{"task", "measures", "methods": {name: {"items", "failed", "measures": {measure: mean}, "evidence": {measure:
    mean}, "cost": {...}, "groups": [{"conditions", "items", "failed", "measures", "evidence", "cost"}], "totals":
    {...}}}}`, every mean being `{"mean", "low", "high", "n"}` with a 95 % bootstrap interval; `totals` are the
    benchmark's own (`totals.py`), where it has some. Where items share a context, "questions" holds what the "first"
    of each and what the "later" ones cost, with their number ("items").
    """
    by_method: dict[str, list[Scored]] = defaultdict(list)
    for each in scored:
        by_method[each.method].append(each)
    methods = {}
    for method, rows in by_method.items():
        groups: dict[tuple[tuple[str, Any], ...], list[Scored]] = defaultdict(list)
        for row in rows:
            groups[tuple(sorted(row.item.conditions.items()))].append(row)
        methods[method] = {
            **_summary(rows, measures, seed),
            "groups": [{"conditions": dict(key), **_summary(group, measures, seed)} for key, group in groups.items()],
        }
        if not all(row.first for row in rows):
            methods[method]["questions"] = {
                name: {"items": len(own), **_costs(own)}
                for name, own in (
                    ("first", [row for row in rows if row.first]),
                    ("later", [row for row in rows if not row.first]),
                )
            }
        totals = totals_of(task_name, [_part(group) for group in methods[method]["groups"]])
        if totals:
            methods[method]["totals"] = {name: round(value, 6) for name, value in totals.items()}
    return {"task": task_name, "measures": list(measures), "methods": methods}


_OF_ALL = ("evidence_shown", "evidence_pointed")
"""What is 0 of an item that a method failed on; precision is of what there is."""


def _summary(rows: Sequence[Scored], measures: Sequence[str], seed: int) -> dict[str, Any]:
    evidence = sorted({name for row in rows for name in row.evidence})
    return {
        "items": len(rows),
        "failed": sum(row.prediction.text is None for row in rows),
        "measures": {
            name: _mean(values, seed)
            for name in measures
            if (values := [row.values[name] for row in rows if name in row.values])
        },
        "evidence": {name: _mean(list(_evidence(rows, name)), seed) for name in evidence},
        "cost": _costs(rows),
    }


def _costs(rows: Sequence[Scored]) -> dict[str, Any]:
    return {name: round(sum(getattr(row.prediction, name) for row in rows), 3) for name in COSTS}


def _part(group: Mapping[str, Any]) -> Part:
    return Part(group["conditions"], {name: (mean["mean"], mean["n"]) for name, mean in group["measures"].items()})


def _evidence(rows: Sequence[Scored], name: str) -> Iterator[float]:
    for row in rows:
        if name in row.evidence:
            yield row.evidence[name]
        elif name in _OF_ALL and row.prediction.text is None and row.item.evidence:
            yield 0.0


def _mean(values: Sequence[float], seed: int) -> dict[str, Any]:
    interval = bootstrap_mean(values, seed=seed)
    return {
        "mean": round(sum(values) / len(values), 6),
        "low": round(interval.low, 6),
        "high": round(interval.high, 6),
        "n": len(values),
    }


def _share(spans: Sequence[Span], holds: Callable[[Span], bool]) -> float:
    return sum(map(holds, spans)) / len(spans)


def _holds(outer: Span, inner: Span) -> bool:
    return outer.start <= inner.start and inner.end <= outer.end
