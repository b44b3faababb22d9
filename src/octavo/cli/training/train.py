"""`octavo train`: a model is trained to read further, or to read better."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from octavo.cli.option_groups import grouped
from octavo.cli.run import run_verb
from octavo.cli.training.flags import DataFlags, Given, LearningFlags, MeasuringFlags, ReachFlags, TrainingFlags


@grouped
def train(
    data: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="DATA",
            help="Samples: .jsonl or .parquet files with messages, or prompt and completion.",
            show_default=False,
        ),
    ] = None,
    *,
    reach: ReachFlags,
    learning: LearningFlags,
    besides: DataFlags,
    measuring: MeasuringFlags,
    training: TrainingFlags,
) -> None:
    """Train a model on samples of growing length.

    The run's folder holds the recipe, the log of steps, the curve of the loss, and what came out; octavo export makes a
    model of it that octavo and others run. Ctrl-C saves and stops.

    Exit codes: 0 trained, 1 failure, 2 usage, 130 interrupted.
    """

    def work() -> int:
        from octavo.cli.training.running import run

        return run(data or [], Given(reach, learning, besides, measuring, training))

    raise typer.Exit(run_verb(work, debug=training.debug))
