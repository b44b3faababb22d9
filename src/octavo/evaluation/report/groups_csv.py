"""All groups of all runs as one CSV file: for spreadsheets, and for whoever wants to draw them in another way.

Means are from 0 to 1, costs are sums over a group's items. Knows sections; nothing of tables or pictures.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from octavo.evaluation.report.conditions import condition_order
from octavo.evaluation.report.scores import Mean, Summary
from octavo.evaluation.report.sections import Section

_WHO = ("benchmark", "series", "method", "model", "run")
_COUNTS = ("items", "failed")


def groups_csv(sections: Sequence[Section]) -> str:
    """A line for each group of each run. Columns of what a group does not have stay empty."""
    rows = [row for section in sections for row in _rows(section)]
    columns = [*_WHO, *_in_order(rows, "condition "), *_COUNTS, *(_in_order(rows, "measure ", "evidence ", "cost "))]
    file = io.StringIO()
    writer = csv.DictWriter(file, columns, restval="", lineterminator="\n")
    writer.writerow({column: column.partition(" ")[2] or column for column in columns})
    writer.writerows(rows)
    return file.getvalue()


def _rows(section: Section) -> Iterator[dict[str, Any]]:
    for series in section.series:
        for group in series.groups:
            who = (section.task, series.name, series.method, series.model, group.run)
            yield {
                **dict(zip(_WHO, who, strict=True)),
                **{f"condition {name}": _value(value) for name, value in group.conditions.items()},
                **_numbers(group.summary),
            }


def _numbers(summary: Summary) -> dict[str, Any]:
    means = {
        **{f"measure {name}": mean for name, mean in summary.measures.items()},
        **{f"evidence {name}": mean for name, mean in summary.evidence.items()},
    }
    return {
        "items": summary.items,
        "failed": summary.failed,
        **{column: number for name, mean in means.items() for column, number in _parts(name, mean).items()},
        **{f"cost {name}": f"{cost:g}" if cost % 1 else int(cost) for name, cost in summary.cost.items()},
    }


def _parts(name: str, mean: Mean) -> dict[str, float]:
    return {name: mean.value, f"{name}_low": mean.low, f"{name}_high": mean.high, f"{name}_n": mean.n}


def _value(value: Any) -> Any:
    return value if isinstance(value, str | int | float) else json.dumps(value, ensure_ascii=False)


def _in_order(rows: Iterable[dict[str, Any]], *kinds: str) -> list[str]:
    """The columns of each kind, those of conditions in the order of conditions, others as they come."""
    found = dict.fromkeys(column for row in rows for column in row)
    columns = [column for kind in kinds for column in found if column.startswith(kind)]
    if kinds == ("condition ",):
        columns.sort(key=lambda column: condition_order(column.removeprefix("condition ")))
    return columns
