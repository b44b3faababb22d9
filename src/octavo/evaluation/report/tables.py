"""What a section's tables hold: scores, evidence, cost, and the headline under each condition.

Knows sections; nothing of how a table is written (`table_text.py`, `page.py`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from octavo.evaluation.report.conditions import FACETS, value_words
from octavo.evaluation.report.scores import Mean
from octavo.evaluation.report.sections import Section, Series, Slice
from octavo.evaluation.totals import Part, totals_of

NOTHING = "–"
_PARTLY = "\N{NO-BREAK SPACE}†"
_PARTLY_NOTE = f"{_PARTLY.strip()} asked under fewer conditions than the others: not to be compared with them here"
_INTERVALS_NOTE = "Intervals of a run or a group are the run's own; those of several groups together are Wilson's"
_MOST_ROWS = 40
_COUNTED = "ENL"


@dataclass(frozen=True, slots=True)
class Table:
    """`head` names the columns; the first column is text, the others are numbers. `note` explains, a line each, or is
    empty."""

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""


def tables_of(section: Section) -> list[Table]:
    """All tables of a section, those with nothing in them left out."""
    return [
        _scores(section),
        *_totals(section),
        *_by_length(section),
        *(_by(section, name, {}) for name in section.conditions() if name != "length" and _few(section, name)),
        *_evidence(section),
        _cost(section),
    ]


def facet_slices(section: Section) -> list[Slice]:
    """The combinations of task and language that were asked, of those that differ; [{}] where none does."""
    slices: list[Slice] = [{}]
    for facet in FACETS:
        if facet in section.conditions():
            slices = [{**chosen, facet: value} for chosen in slices for value in section.values(facet, chosen)]
    return slices


def slices_with_all(section: Section) -> list[Slice]:
    """The same with {}, all of them together, before them."""
    slices = facet_slices(section)
    return slices if slices == [{}] else [{}, *slices]


def slice_words(chosen: Slice) -> str:
    """A slice in words, empty for all."""
    return ", ".join(f"{name} {value}" for name, value in chosen.items())


def percent(share: float) -> str:
    """A share of 1 as per cent, with one decimal: 0.984 is "98.4"."""
    return f"{100 * share:.1f}"


def words(measure: str) -> str:
    """A measure's name for people: "evidence_shown" is "evidence shown"."""
    return measure.replace("_", " ")


def sentence(text: str) -> str:
    """With a capital at its beginning, and the rest as it is."""
    return text[:1].upper() + text[1:]


def _scores(section: Section) -> Table:
    partly = {series.name for series in section.series if not section.complete(series, {})}
    rows = tuple(
        (
            f"{series.name}{_PARTLY}" if series.name in partly else series.name,
            *(_maybe(series.whole.measures.get(measure)) for measure in section.measures),
            f"{series.whole.items:,}",
            f"{series.whole.failed:,}",
        )
        for series in section.series
    )
    stopped = [f"{run.name} stopped before its last item" for run in section.runs if not run.scores.complete]
    return Table(
        "Scores: %, with the 95 % interval",
        ("method", *map(words, section.measures), "items", "failed"),
        rows,
        "\n".join([*stopped, *_unlike_note(section), _INTERVALS_NOTE, *([_PARTLY_NOTE] if partly else [])]),
    )


def _unlike_note(section: Section) -> list[str]:
    differing = ", ".join(words(name) for name in sorted(section.unlike))
    return [f"The runs differ in {differing}: their questions are not the same"] if differing else []


def _totals(section: Section) -> Iterator[Table]:
    """What the benchmark's paper prints, where that is not the mean over all items."""
    each = {
        series.name: totals_of(
            section.task,
            [
                Part(group.conditions, {name: (mean.value, mean.n) for name, mean in group.summary.measures.items()})
                for group in series.groups
            ],
        )
        for series in section.series
    }
    names = list(dict.fromkeys(name for totals in each.values() for name in totals))
    if names:
        yield Table(
            "The benchmark's own totals: %, ENL-50 in needles",
            ("method", *names),
            tuple((series, *(_total(name, totals.get(name)) for name in names)) for series, totals in each.items()),
        )


def _total(name: str, value: float | None) -> str:
    if value is None:
        return NOTHING
    return f"{value:.0f}" if name.startswith(_COUNTED) else percent(value)


def _by_length(section: Section) -> Iterator[Table]:
    if "length" not in section.conditions():
        return
    for chosen in slices_with_all(section):
        if len(section.values("length", chosen)) > 1:
            yield _by(section, "length", chosen)


def _by(section: Section, condition: str, chosen: Slice) -> Table:
    """The headline of every series at each value of a condition."""
    values = section.values(condition, chosen)
    rows = tuple(
        (word, *(_compared(section, series, {**chosen, condition: value}) for series in section.series))
        for word, value in zip(value_words(condition, values), values, strict=True)
    )
    where = slice_words(chosen)
    title = f"{sentence(words(section.headline))} by {words(condition)}" + (f" ({where})" if where else "")
    partly = any(cell.endswith(_PARTLY) for row in rows for cell in row)
    return Table(
        title, (words(condition), *(series.name for series in section.series)), rows, _PARTLY_NOTE if partly else ""
    )


def _compared(section: Section, series: Series, chosen: Slice) -> str:
    summary = series.at(chosen)
    if summary is None:
        return NOTHING
    return _cell(summary.measures[section.headline]) + ("" if section.complete(series, chosen) else _PARTLY)


def _evidence(section: Section) -> Iterator[Table]:
    names = list(dict.fromkeys(name for series in section.series for name in series.whole.evidence))
    if names:
        rows = tuple(
            (series.name, *(_maybe(series.whole.evidence.get(name)) for name in names)) for series in section.series
        )
        yield Table("Evidence: %, with the 95 % interval", ("method", *map(words, names)), rows)


def _cost(section: Section) -> Table:
    return Table(
        "Cost: per item",
        ("method", "calls", "reused calls", "prompt tokens", "reply tokens", "seconds"),
        tuple(row for series in section.series for row in _cost_rows(series)),
        "Reused calls were answered before, for another item or run, and cost nothing now",
    )


def _cost_rows(series: Series) -> Iterator[tuple[str, ...]]:
    """Of all items; and, where texts are asked about several times, of the first and the later questions about each."""
    yield series.name, *_costs(series.whole.cost, series.whole.items)
    for kind, costs in series.questions.items():
        if costs["items"]:
            yield f"{series.name}, {kind} of a text", *_costs(costs, costs["items"])


def _costs(cost: Mapping[str, float], items: float) -> Sequence[str]:
    def each(name: str, decimals: int) -> str:
        return f"{cost[name] / items:,.{decimals}f}" if name in cost else NOTHING

    return (
        each("calls", 1),
        each("reused_calls", 1),
        each("prompt_tokens", 0),
        each("completion_tokens", 0),
        each("seconds", 1),
    )


def _few(section: Section, condition: str) -> bool:
    """Whether a condition has few enough values for a table; the CSV file has them all."""
    values: list[Any] = section.values(condition)
    return len(values) <= _MOST_ROWS


def _cell(mean: Mean) -> str:
    return f"{percent(mean.value)} [{percent(mean.low)}, {percent(mean.high)}]"


def _maybe(mean: Mean | None) -> str:
    return NOTHING if mean is None else _cell(mean)
