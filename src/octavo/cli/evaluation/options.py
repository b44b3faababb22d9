"""The options of `octavo eval TASK`: those that every task has, declared once, and those that several have.

A task's verb is a function of the options that are its own; it returns what makes the task. `runs_task` turns it into
the command: `RunOptions` stand behind its own in `--help`, and are taken out again before it is called
(`option_groups.py`). Knows options; nothing of what is run.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias

import typer

from octavo.cli.option_groups import as_command, options_of, taken
from octavo.cli.options import (
    AnswerTokens,
    BaseUrl,
    BudgetTokens,
    ChunkTokens,
    Concurrency,
    Debug,
    Fill,
    Fresh,
    Home,
    Json,
    ModelName,
    Quiet,
    ReadTokens,
    Rounds,
    Steps,
    StrategyChosen,
    TokenizerName,
    Window,
)
from octavo.cli.run import resume_command, run_verb

if TYPE_CHECKING:
    from octavo.cli.evaluation.running import Surroundings
    from octavo.evaluation.item import Task

MakeTask: TypeAlias = "Callable[[Surroundings], Task]"
"""Makes the task, when the model is known."""

Extension = Literal["yarn"]

Texts = Annotated[
    list[Path] | None,
    typer.Option("--text", metavar="FILE", help="A file or folder to take the haystack from.", show_default=False),
]
Lengths = Annotated[
    str | None,
    typer.Option("--lengths", metavar="LIST", help="In the model's tokens, such as 8k,32k,1m.", show_default=False),
]
Depths = Annotated[
    str | None,
    typer.Option("--depths", metavar="LIST", help="In percent, such as 0,50,100 or 0:100:10.", show_default=False),
]
Tasks = Annotated[
    str | None, typer.Option("--tasks", metavar="LIST", help="Only these, separated by commas.", show_default=False)
]
Datasets = Annotated[
    str | None,
    typer.Option("--datasets", metavar="LIST", help="Only these, separated by commas.", show_default=False),
]
Samples = Annotated[
    int | None,
    typer.Option(
        "--samples", metavar="N", help="The first so many of each task, data set and length.", min=1, show_default=False
    ),
]
Seed = Annotated[int, typer.Option("--seed", metavar="N", help="Of everything that is drawn.")]
HubData = Annotated[
    Path | None,
    typer.Option(
        "--data",
        metavar="FOLDER",
        help="The benchmark's own files; without it they are downloaded from the hub and kept.",
        show_default=False,
    ),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """What every task can be run with. Fields that are named as a setting are that setting."""

    methods: Annotated[
        str,
        typer.Option(
            "--methods", metavar="LIST", help="Of native, whole, retrieve, read, reason, auto; separated by commas."
        ),
    ] = "native,retrieve,read"
    model: ModelName = None
    base_url: BaseUrl = None
    window: Window = None
    native_window: Annotated[
        int | None,
        typer.Option(
            "--native-window",
            metavar="N",
            help="The window of native alone; by default that of all methods.",
            min=1,
            show_default=False,
        ),
    ] = None
    extend: Annotated[
        Extension | None,
        typer.Option(
            "--extend",
            help="Stretch the window of native beyond the model's own: to --native-window, else four times.",
            show_default=False,
        ),
    ] = None
    tokenizer: TokenizerName = None
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FOLDER", help="The run's folder; a run there goes on.", show_default=False),
    ] = None
    items_at_once: Annotated[
        int, typer.Option("--items-at-once", metavar="N", help="Items under way at once.", min=1)
    ] = 1
    budget_tokens: BudgetTokens = None
    strategy: StrategyChosen = None
    chunk_tokens: ChunkTokens = None
    read_tokens: ReadTokens = None
    rounds: Rounds = None
    steps: Steps = None
    fill: Fill = None
    answer_tokens: AnswerTokens = None
    concurrency: Concurrency = None
    home: Home = None
    fresh: Fresh = False
    json: Json = False
    quiet: Quiet = False
    debug: Debug = False


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeOptions:
    """The model that judges answers, for the tasks whose answers one may judge."""

    judge: Annotated[
        str | None,
        typer.Option(
            "--judge",
            metavar="MODEL",
            help="Let this model judge every answer too, beside the official score.",
            show_default=False,
        ),
    ] = None
    judge_url: Annotated[
        str | None,
        typer.Option(
            "--judge-url",
            metavar="URL",
            help="Where the judge is, if not where the model is. [key: OCTAVO_JUDGE_API_KEY]",
            show_default=False,
        ),
    ] = None


def runs_task(verb: Callable[..., MakeTask], *, judged: bool = False) -> Callable[..., None]:
    """The command that runs the task which `verb` makes from its own options, which a model may judge if `judged`."""

    @wraps(verb)
    def command(context: typer.Context, **given: Any) -> None:
        options = taken(RunOptions, given)
        judge = taken(JudgeOptions, given) if judged else JudgeOptions()
        make_task = verb(**given)

        def work() -> Coroutine[Any, Any, int]:
            from octavo.cli.evaluation.running import Evaluated, run

            return run(Evaluated(make_task, options, judge, list(context.obj or ())))

        raise typer.Exit(run_verb(work, debug=options.debug, resume=resume_command(context)))

    return as_command(
        command,
        [
            inspect.Parameter("context", inspect.Parameter.KEYWORD_ONLY, annotation=typer.Context),
            *inspect.signature(verb, eval_str=True).parameters.values(),
            *(options_of(JudgeOptions) if judged else ()),
            *options_of(RunOptions),
        ],
    )


def listed(words: str | None) -> list[str]:
    """The words of a list, separated by commas."""
    return [word.strip() for word in (words or "").split(",") if word.strip()]
