"""`octavo eval leval`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from octavo.cli.evaluation.options import Datasets, HubData, MakeTask, Samples, listed

if TYPE_CHECKING:
    from octavo.cli.evaluation.running import Surroundings
    from octavo.evaluation.item import Task


def leval(data: HubData = None, datasets: Datasets = None, samples: Samples = None) -> MakeTask:
    """L-Eval: twenty sets of long documents, with closed and open questions."""

    def make(surroundings: Surroundings) -> Task:
        from octavo.evaluation.hub import benchmark_folder
        from octavo.evaluation.tasks.leval import HUB_NAME, LEval

        return LEval(
            benchmark_folder(HUB_NAME, data, surroundings.downloads),
            datasets=listed(datasets) or None,
            samples=samples,
            judge=surroundings.judge,
        )

    return make
