"""`octavo eval ruler`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from octavo.cli.evaluation.options import Lengths, MakeTask, Samples, Seed, Tasks, Texts, listed
from octavo.cli.sizes import parsed_sizes

if TYPE_CHECKING:
    from octavo.cli.evaluation.running import Surroundings
    from octavo.evaluation.item import Task


def ruler(
    texts: Texts = None,
    squad: Annotated[
        Path | None, typer.Option("--squad", metavar="FILE", help="SQuAD, for qa_1.", show_default=False)
    ] = None,
    hotpotqa: Annotated[
        Path | None, typer.Option("--hotpotqa", metavar="FILE", help="HotpotQA, for qa_2.", show_default=False)
    ] = None,
    tasks: Tasks = None,
    lengths: Lengths = None,
    samples: Samples = None,
    seed: Seed = 42,
) -> MakeTask:
    """RULER: its 13 tasks of retrieval, tracing, aggregation and questions."""

    def make(surroundings: Surroundings) -> Task:
        from octavo.evaluation.tasks.ruler.task import LENGTHS, SAMPLES, Ruler

        return Ruler(
            surroundings.tokenizer,
            tasks=listed(tasks) or None,
            essays=texts or [],
            squad=squad,
            hotpotqa=hotpotqa,
            lengths=parsed_sizes(lengths) if lengths else LENGTHS,
            samples=samples or SAMPLES,
            seed=seed,
        )

    return make
