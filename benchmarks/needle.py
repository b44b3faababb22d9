"""The article's experiment in small: the model alone against octavo's levels, on needles in texts longer and longer.

NeedleBench v2's single and multiple retrieval (S-RT, M-RT), one needle set, five depths, through `octavo eval needle`
with the embedded model: `native` (what does not fit its window is cut in the middle), `retrieve`, `read` and `reason`.
The haystack is War and Peace, or the Dream of the Red Chamber, with its paragraphs shuffled, so results are
"NeedleBench-style"; lengths are in tokens of the embedded model. At 128k `reason` is asked S-RT alone. Each language
and length is a record of its own; `--work` keeps the runs, and one that was stopped goes on.

With `--repeats` there are more needle sets, and a record of its own: 10 sets at 11 depths are 110 placements a length.
`--model smollm2-raw` is the same model without what octavo taught it, in records of its own. The records of one needle
set were made with that one, before there was another.

Costs are of all items together: the depths of one text share nearly all their chunks, and what was asked before is not
asked again. What it does not measure: the benchmark's own texts, and other lengths.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

from children import run_child
from harness import Record, data_file, stop

_BOOKS = {"en": "war-and-peace", "zh": "hongloumeng"}
_MODELS = ("smollm2", "smollm2-raw")
_TASKS = ("s_rt", "m_rt")
_METHODS = ("native", "retrieve", "read", "reason")
_LONG = 100_000
"""Tokens from which `reason` is asked S-RT alone."""

_DEPTHS = "0:100:25"
_HOURS = 8 * 3_600.0


def main() -> None:
    """Measure and record one language and length."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--language", choices=_BOOKS, default="en")
    parser.add_argument("--model", choices=_MODELS, default=_MODELS[0])
    parser.add_argument("--length", type=int, default=8_000, help="of each text, in the model's tokens")
    parser.add_argument("--tasks", nargs="+", choices=_TASKS, default=list(_TASKS))
    parser.add_argument("--methods", nargs="+", choices=_METHODS, default=list(_METHODS))
    parser.add_argument("--depths", default=_DEPTHS, help="in percent: from:to:step")
    parser.add_argument("--repeats", type=int, default=1, help="needle sets")
    parser.add_argument("--work", type=Path, default=Path("runs"), help="keeps the runs")
    arguments = parser.parse_args()
    name = f"needle_{arguments.language}_{arguments.length // 1000}k"
    if arguments.repeats > 1:
        name += f"_{arguments.repeats}_sets"
    if arguments.model != _MODELS[0]:
        name += "_raw"
    record = Record(
        name,
        task="needlebench-v2-style",
        model=arguments.model,
        window=8_192,
        haystack=_BOOKS[arguments.language],
        tokenizer="smollm2",
        depths=arguments.depths,
        repeats=arguments.repeats,
        seed=0,
    )
    peaks = []
    for task in arguments.tasks:
        methods = [m for m in arguments.methods if m != "reason" or task == "s_rt" or arguments.length < _LONG]
        run = arguments.work / f"{name}_{task}"
        peaks.append(_evaluate(run, arguments, task, methods))
        scores = json.loads((run / "scores.json").read_text(encoding="utf-8"))
        for row in rows(scores):
            record.add(f"{task}_{row['method']}", row["score"], "%")
            record.add_row("methods", {"task": task, **row})
        for row in by_depth(scores):
            record.add_row("score by depth", {"task": task, **row})
    record.add("peak_mib", max(peaks), "MiB")
    record.save()


def _evaluate(run: Path, arguments: argparse.Namespace, task: str, methods: Sequence[str]) -> float:
    """One run of `octavo eval needle`; the most memory it took, in MiB."""
    text = "--text" if arguments.language == "en" else "--text-zh"
    command: list[str | Path] = [
        octavo(),
        "eval",
        "needle",
        "--model",
        arguments.model,
        text,
        data_file(_BOOKS[arguments.language]),
    ]
    command += ["--languages", arguments.language, "--tasks", task, "--lengths", str(arguments.length)]
    command += ["--depths", arguments.depths, "--repeats", str(arguments.repeats), "--methods", ",".join(methods)]
    command += ["--home", arguments.work / "home", "--out", run, "--quiet"]
    return run_child(command, timeout=_HOURS).peak_mib


def octavo() -> Path:
    """The program beside this Python. Ends this one where it is not there."""
    program = Path(sys.executable).with_name("octavo")
    if not program.exists():
        stop(f"{program.name} is not installed beside this Python: pip install -e .")
    return program


def rows(scores: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """A row for each method of a run: its score with the interval, what it looked at, what it cost."""
    for method, summary in scores["methods"].items():
        headline = summary["measures"][scores["measures"][0]]
        cost = summary["cost"]
        yield {
            "method": method,
            "items": summary["items"],
            "failed": summary["failed"],
            "score": round(100 * headline["mean"], 1),
            "95 % interval": f"{100 * headline['low']:.0f} to {100 * headline['high']:.0f}",
            **{name.replace("_", " "): round(mean["mean"], 2) for name, mean in summary["evidence"].items()},
            "calls": cost["calls"],
            "calls reused": cost["reused_calls"],
            "prompt tokens": cost["prompt_tokens"],
            "seconds": round(cost["seconds"]),
        }


def by_depth(scores: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """A row for each method of a run, where needles have a depth: the mean score at every one."""
    headline = scores["measures"][0]
    for method, summary in scores["methods"].items():
        found: dict[float, list[float]] = {}
        for group in summary["groups"]:
            if "depth" not in group["conditions"]:  # of several needles in one text, each has another
                continue
            found.setdefault(group["conditions"]["depth"], []).append(group["measures"][headline]["mean"])
        if found:
            yield {"method": method, **{f"{depth:g} %": round(100 * fmean(found[depth]), 1) for depth in sorted(found)}}


if __name__ == "__main__":
    main()
