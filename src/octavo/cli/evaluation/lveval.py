"""`octavo eval lveval`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from octavo.cli.evaluation.options import Datasets, HubData, MakeTask, Samples, listed

if TYPE_CHECKING:
    from octavo.cli.evaluation.running import Surroundings
    from octavo.evaluation.item import Task


def lveval(
    data: HubData = None,
    datasets: Datasets = None,
    levels: Annotated[
        str | None,
        typer.Option("--levels", metavar="LIST", help="Of 16k, 32k, 64k, 128k, 256k, in words.", show_default=False),
    ] = None,
    samples: Samples = None,
) -> MakeTask:
    """LV-Eval: eleven sets of questions, with confusing facts and replaced keywords."""

    def make(surroundings: Surroundings) -> Task:
        from octavo.evaluation.hub import benchmark_folder
        from octavo.evaluation.tasks.lveval import HUB_NAME, LvEval

        return LvEval(
            benchmark_folder(HUB_NAME, data, surroundings.downloads),
            datasets=listed(datasets) or None,
            levels=listed(levels) or None,
            samples=samples,
            judge=surroundings.judge,
        )

    return make
