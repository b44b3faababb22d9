"""`octavo eval`: the field's long-context benchmarks, on any model and any of octavo's levels.

Every task is a verb of its own, in the file that is named after it; what they share is `options.py`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from octavo.cli.evaluation.babilong import babilong
from octavo.cli.evaluation.leval import leval
from octavo.cli.evaluation.lveval import lveval
from octavo.cli.evaluation.multihop import multihop
from octavo.cli.evaluation.needle import needle
from octavo.cli.evaluation.options import runs_task
from octavo.cli.evaluation.pressure import pressure
from octavo.cli.evaluation.ruler import ruler
from octavo.cli.options import Debug
from octavo.cli.run import run_verb

evaluation = typer.Typer(
    help="Measure a model and octavo's levels on long-context benchmarks.", rich_markup_mode=None, no_args_is_help=True
)

evaluation.command("needle")(runs_task(needle))
evaluation.command("lveval")(runs_task(lveval, judged=True))
evaluation.command("leval")(runs_task(leval, judged=True))
evaluation.command("ruler")(runs_task(ruler))
evaluation.command("babilong")(runs_task(babilong))
evaluation.command("multihop")(runs_task(multihop))
evaluation.command("pressure")(runs_task(pressure))


@evaluation.command("report")
def report(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN...", help="Folders that octavo eval made.")],
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FOLDER", help="By default report, in the first run's.", show_default=False),
    ] = None,
    debug: Debug = False,
) -> None:
    """Put runs side by side: tables, heat maps, curves, one HTML page, CSV."""

    def work() -> int:
        from octavo.cli.evaluation.report import report as write

        return write(runs, out)

    raise typer.Exit(run_verb(work, debug=debug))
