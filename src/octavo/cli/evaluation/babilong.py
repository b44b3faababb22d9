"""`octavo eval babilong`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from octavo.cli.evaluation.options import Lengths, MakeTask, Samples, Seed, Tasks, Texts, listed
from octavo.cli.sizes import parsed_sizes

if TYPE_CHECKING:
    from octavo.cli.evaluation.running import Surroundings
    from octavo.evaluation.item import Task


def babilong(
    data: Annotated[Path, typer.Option("--data", metavar="FOLDER", help="bAbI's files.")],
    texts: Texts = None,
    pg19: Annotated[bool, typer.Option("--pg19", help="The texts are PG-19's, which are the benchmark's own.")] = False,
    tasks: Tasks = None,
    lengths: Lengths = None,
    samples: Samples = None,
    seed: Seed = 0,
) -> MakeTask:
    """BABILong: bAbI's facts, scattered in books."""

    def make(surroundings: Surroundings) -> Task:
        from octavo.evaluation.tasks.babilong import LENGTHS, SAMPLES, TASKS, Babilong

        return Babilong(
            surroundings.tokenizer,
            babi=data,
            books=texts or [],
            tasks=listed(tasks) or TASKS,
            lengths=parsed_sizes(lengths) if lengths else LENGTHS,
            samples=samples or SAMPLES,
            books_are_pg19=pg19,
            seed=seed,
        )

    return make
