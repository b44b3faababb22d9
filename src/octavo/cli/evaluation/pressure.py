"""`octavo eval pressure`: one needle in a very long text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from octavo.cli.evaluation.options import Depths, MakeTask, Seed, Texts
from octavo.cli.sizes import parsed_depths, parsed_size

if TYPE_CHECKING:
    from octavo.cli.evaluation.running import Surroundings
    from octavo.evaluation.item import Task

DEPTHS = "0,25,50,75,100"


def pressure(
    texts: Texts = None,
    tokens: Annotated[str, typer.Option("--tokens", metavar="N", help="Of each text, in the model's tokens.")] = "1m",
    depths: Depths = DEPTHS,
    language: Annotated[Literal["en", "zh"], typer.Option("--language", help="Of needle and question.")] = "en",
    seed: Seed = 0,
) -> MakeTask:
    """One needle at several depths of one very long text."""

    def make(surroundings: Surroundings) -> Task:
        from octavo.evaluation.tasks.pressure import PressureTest

        return PressureTest(
            surroundings.tokenizer,
            texts or [],
            language=language,
            tokens=parsed_size(tokens),
            depths=parsed_depths(depths or DEPTHS),
            seed=seed,
        )

    return make
