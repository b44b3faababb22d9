"""Renders RESULTS.md from the records in `results/`.

Run as `python benchmarks/report.py`. Every claim has its row whether it was measured or not, kept or not; records
that belong to no claim are listed below with all their figures and tables.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from claims import CLAIMS, Claim
from harness import HERE, RESULTS

Json = Mapping[str, Any]

NOTES = HERE / "notes"
"""What a record says, in words, under its name: NAME.md."""

_INTRODUCTION = """\
# Results

Rendered by `python benchmarks/report.py` from the records in `benchmarks/results/`; what each benchmark measures, and
what it does not, stands at the head of its script. Figures are medians where there is more than one run; the records
hold the single runs. *Load* is the machine's one-minute load average when the benchmark began: other work that it
shared the cores with.
"""

_SIDE_BY_SIDE = """\
## Side by side with Qwen-Agent

Qwen-Agent 0.0.34 (PyPI), its `ParallelDocQA` agent, in two configurations: *as released* and *tuned* (see
[peers/README.md](peers/README.md)). Both systems read the same file and talk to the same server, and their prompts are
counted with the same tokenizer. A sentence, the *fact*, is planted in the middle of the text (a needle, at several
depths of it); "fact shown" and "needle shown" say whether it stands in the prompt from which the answer is written.
"""


def main() -> None:
    """Write RESULTS.md."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    records = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(RESULTS.glob("*.json"))}
    path = HERE / "RESULTS.md"
    path.write_text(render(records), encoding="utf-8")
    print(f"written: {path.name}, from {len(records)} records")


def render(records: Mapping[str, Json]) -> str:
    """The whole page."""
    rows = [_claim_row(claim, records.get(claim.benchmark)) for claim in CLAIMS]
    head = ("what", "target", "measured", "met", "peer, same kind of machine", "command", "date", "commit", "load")
    parts = [_INTRODUCTION, "## Claims\n\n" + _table(head, rows), _machines(records.values())]
    peers = {name: record for name, record in records.items() if name.startswith("peers")}
    if peers:
        parts.append(_SIDE_BY_SIDE)
        parts.extend(_details(name, record) for name, record in peers.items())
    parts.append("## Every record\n\nAll figures of each benchmark, the claims' among them.\n")
    parts.extend(_details(name, record) for name, record in records.items() if name not in peers)
    return "\n".join(parts)


def _claim_row(claim: Claim, record: Json | None) -> tuple[str, ...]:
    command = f"`{claim.command}`"
    if record is None:
        targets = "; ".join(target.text("") for target in claim.targets)
        return (claim.what, targets, "not measured yet", "-", claim.peer, command, "-", "-", "-")
    targets_text, measured, verdicts = [], [], []
    for target in claim.targets:
        figure = record["figures"].get(target.figure)
        unit = _unit(figure["unit"]) if figure else ""
        targets_text.append(target.text(unit))
        label = f"{target.label}: " if target.label else ""
        measured.append(f"{label}{_value(figure)}" if figure else f"{label}not measured")
        verdicts.append(target.met(figure["value"]) if figure else None)
    return (
        claim.what,
        "; ".join(targets_text),
        "; ".join(measured),
        _verdict(verdicts),
        claim.peer,
        f"`{record['command']}`",
        record["date"],
        record["commit"],
        f"{record['load']:g}",
    )


def _verdict(verdicts: Sequence[bool | None]) -> str:
    decided = [verdict for verdict in verdicts if verdict is not None]
    if not decided:
        return "-"
    if all(decided):
        return "yes"
    return "**no**" if not any(decided) else "**in part**"


def _value(figure: Json) -> str:
    value = figure["value"]
    number = f"{value:,.0f}" if isinstance(value, int) or abs(value) >= 1000 else f"{value:g}"
    return f"{number} {_unit(figure['unit'])}".strip()


def _unit(unit: str) -> str:
    return "" if unit == "ratio" else unit


def _machines(records: Iterable[Json]) -> str:
    lines = dict.fromkeys(
        f"- {m['cpu']}, {m['cores']} cores, {m['memory_gib']:g} GiB, {m['system']}, Python {m['python']}"
        for record in records
        for m in [record["machine"]]
    )
    return "\nMeasured on:\n\n" + "\n".join(lines) + "\n" if lines else ""


def _details(name: str, record: Json) -> str:
    notes = NOTES / f"{name}.md"
    lines = [
        f"### {name}\n",
        f"`{record['command']}`: {record['date']}, commit {record['commit']}, load {record['load']:g}, took "
        f"{record['seconds']:g} s." + (f" Settings: {_settings(record['settings'])}." if record["settings"] else ""),
        "",
        *([notes.read_text(encoding="utf-8")] if notes.exists() else ()),
    ]
    if record["figures"]:
        rows = [
            (figure_name, _value(figure), ", ".join(f"{run:g}" for run in figure["runs"][:10]))
            for figure_name, figure in record["figures"].items()
        ]
        lines.append(_table(("figure", "value", "single runs (the first ten)"), rows))
    for table, rows_of_table in record["tables"].items():
        columns = list(dict.fromkeys(column for row in rows_of_table for column in row))
        cells = [tuple(_cell(row.get(column)) for column in columns) for row in rows_of_table]
        lines.append(f"{table}:\n\n" + _table(columns, cells))
    return "\n".join(lines)


def _settings(settings: Json) -> str:
    return ", ".join(f"{name.replace('_', ' ')} {_cell(value)}" for name, value in settings.items())


def _cell(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:g}"
    return str(value)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [_line(head), _line(["---"] * len(head)), *(_line(row) for row in rows)]
    return "\n".join(lines) + "\n"


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"


if __name__ == "__main__":
    main()
