"""`octavo eval multihop`: MuSiQue and HotpotQA, plain, hidden in long text, or made harder as LV-Eval does."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from octavo.cli.evaluation.options import Lengths, MakeTask, Samples, Seed
from octavo.cli.sizes import parsed_sizes

if TYPE_CHECKING:
    from octavo.cli.evaluation.running import Surroundings
    from octavo.evaluation.item import Task


def multihop(
    data: Annotated[Path, typer.Option("--data", metavar="FILE", help="Of MuSiQue or HotpotQA; which, it tells.")],
    texts: Annotated[
        list[Path] | None,
        typer.Option(
            "--text",
            metavar="FILE",
            help="Hide the paragraphs in this file or folder, at --lengths.",
            show_default=False,
        ),
    ] = None,
    lengths: Lengths = None,
    supporting: Annotated[
        bool, typer.Option("--supporting", help="Only paragraphs that hold evidence, no distractors.")
    ] = False,
    shared: Annotated[
        bool, typer.Option("--shared", help="One text of each length holds the paragraphs of all questions.")
    ] = False,
    samples: Samples = None,
    confuse: Annotated[
        bool, typer.Option("--confuse", help="Put in confusing facts, as LV-Eval does, about somebody else.")
    ] = False,
    rename: Annotated[
        bool, typer.Option("--rename", help="Replace the names in the answers, as LV-Eval does, by made-up ones.")
    ] = False,
    annotations: Annotated[
        Path | None,
        typer.Option(
            "--annotations",
            metavar="FILE",
            help="Facts and replacements written by hand; alone it does both.",
            show_default=False,
        ),
    ] = None,
    seed: Seed = 0,
) -> MakeTask:
    """MuSiQue or HotpotQA: questions that need several paragraphs."""

    def make(surroundings: Surroundings) -> Task:
        from octavo.errors import UsageError
        from octavo.evaluation.lveval_style import LvEvalStyle
        from octavo.evaluation.tasks.multihop import MultiHop

        harder = confuse or rename or annotations is not None
        if harder and shared:
            raise UsageError(
                "--shared: a text that all questions share cannot be changed for one of them; leave out --shared, or "
                "--confuse, --rename and --annotations"
            )
        task = MultiHop(
            surroundings.tokenizer,
            data,
            texts=texts or [],
            lengths=parsed_sizes(lengths) if lengths else (),
            supporting=supporting,
            shared=shared,
            samples=samples,
            seed=seed,
        )
        if not harder:
            return task
        both = not confuse and not rename
        return LvEvalStyle(task, confuse=confuse or both, rename=rename or both, annotations=annotations, seed=seed)

    return make
