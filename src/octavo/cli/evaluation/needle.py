"""`octavo eval needle`: NeedleBench."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from octavo.cli.evaluation.options import Depths, Lengths, MakeTask, Seed, Tasks, Texts, listed
from octavo.cli.sizes import parsed_depths, parsed_numbers, parsed_sizes

if TYPE_CHECKING:
    from octavo.cli.evaluation.running import Surroundings
    from octavo.evaluation.item import Task


def needle(
    texts: Texts = None,
    texts_zh: Annotated[
        list[Path] | None,
        typer.Option("--text-zh", metavar="FILE", help="The same for Chinese.", show_default=False),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option("--data", metavar="FOLDER", help="The benchmark's own files.", show_default=False),
    ] = None,
    version: Annotated[str, typer.Option("--version", metavar="v1|v2", help="Of the definition.")] = "v2",
    tasks: Tasks = None,
    languages: Annotated[str, typer.Option("--languages", metavar="LIST", help="Of en, zh.")] = "en",
    lengths: Lengths = None,
    depths: Depths = None,
    repeats: Annotated[
        int | None, typer.Option("--repeats", metavar="N", help="Of each case.", min=1, show_default=False)
    ] = None,
    reasoning_needles: Annotated[
        str | None,
        typer.Option(
            "--reasoning-needles", metavar="LIST", help="In a chain of m_rs, such as 2,3,4,5.", show_default=False
        ),
    ] = None,
    trace_needles: Annotated[
        str | None,
        typer.Option("--trace-needles", metavar="LIST", help="In a chain of atc, such as 2,4,8.", show_default=False),
    ] = None,
    buffer: Annotated[
        int | None,
        typer.Option(
            "--buffer",
            metavar="N",
            help="Tokens of each length that are kept free; by default the definition's.",
            min=0,
            show_default=False,
        ),
    ] = None,
    snap: Annotated[
        bool, typer.Option("--snap", help="Put needles between sentences, not in the middle of a word.")
    ] = False,
    seed: Seed = 0,
) -> MakeTask:
    """NeedleBench: single and multiple retrieval, multi-hop reasoning, ancestral traces."""

    def make(surroundings: Surroundings) -> Task:
        from octavo.cli.progress import warning
        from octavo.cli.terminal import say
        from octavo.evaluation.tasks.needlebench.definition import TASKS
        from octavo.evaluation.tasks.needlebench.task import NeedleBench

        # A language has texts of the user's, or the benchmark's: none named is not an empty list of them.
        given = {"en": texts, "zh": texts_zh}
        task = NeedleBench(
            surroundings.tokenizer,
            version=version,
            tasks=listed(tasks) or TASKS,
            languages=listed(languages),
            folder=data,
            texts={language: named for language, named in given.items() if named},  # type: ignore[misc]
            lengths=parsed_sizes(lengths) if lengths else None,
            depths=parsed_depths(depths) if depths else None,
            repeats=repeats,
            reasoning_needles=parsed_numbers(reasoning_needles) if reasoning_needles else None,
            trace_needles=parsed_numbers(trace_needles) if trace_needles else None,
            buffer=buffer,
            snap=snap,
            seed=seed,
        )
        for message in task.warnings:
            say(warning(message))
        return task

    return make
