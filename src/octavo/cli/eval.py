"""`octavo eval`: the field's long-context benchmarks, on any model and any of octavo's levels."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

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
from octavo.cli.sizes import parsed_depths, parsed_sizes

if TYPE_CHECKING:
    from octavo.evaluation.item import Task
    from octavo.evaluation.names import Language
    from octavo.models.tokenizer import Tokenizer

evaluation = typer.Typer(
    help="Measure a model and octavo's levels on long-context benchmarks.", rich_markup_mode=None, no_args_is_help=True
)

Methods = Annotated[
    str,
    typer.Option(
        "--methods", metavar="LIST", help="Of native, whole, retrieve, read, reason, auto; separated by commas."
    ),
]
Lengths = Annotated[
    str | None,
    typer.Option("--lengths", metavar="LIST", help="In the model's tokens, such as 8k,32k,1m.", show_default=False),
]
Depths = Annotated[
    str | None,
    typer.Option("--depths", metavar="LIST", help="In percent, such as 0,50,100 or 0:100:10.", show_default=False),
]
Texts = Annotated[
    list[Path] | None,
    typer.Option("--text", metavar="FILE", help="A file or folder to take the haystack from.", show_default=False),
]
Out = Annotated[
    Path | None,
    typer.Option("--out", metavar="FOLDER", help="The run's folder; a run there goes on.", show_default=False),
]
Seed = Annotated[int, typer.Option("--seed", metavar="N", help="Of everything that is drawn.")]
Tasks = Annotated[
    str | None, typer.Option("--tasks", metavar="LIST", help="Only these, separated by commas.", show_default=False)
]
AtOnce = Annotated[int, typer.Option("--items-at-once", metavar="N", help="Items under way at once.")]
Samples = Annotated[
    int | None, typer.Option("--samples", metavar="N", help="Of each task and length.", show_default=False)
]


class _Common:
    """The options that all tasks share, once for all of them: Typer builds a command from a function's signature, so
    each command takes them and hands them on."""

    def __init__(self, context: typer.Context, **given: Any) -> None:
        self.context = context
        self.given = given

    def run(self, make_task: Callable[[Any], Any]) -> typer.Exit:
        """Run the task, as the exit to raise."""
        given = self.given

        def work() -> Coroutine[Any, Any, int]:
            from octavo.cli.evaluating import Evaluated, run

            plain = ("methods", "out", "items_at_once", "fresh", "json", "quiet", "debug")
            flags = {name: value for name, value in given.items() if name not in plain}
            evaluated = Evaluated(
                make_task,
                [name.strip() for name in cast(str, given["methods"]).split(",") if name.strip()],
                flags,
                list(self.context.obj or ()),
                given["out"],
                given["items_at_once"],
                fresh=given["fresh"],
                json=given["json"],
                quiet=given["quiet"],
            )
            return run(evaluated)

        return typer.Exit(run_verb(work, debug=given["debug"], resume=resume_command(self.context)))


@evaluation.command("needle")
def needle(
    context: typer.Context,
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
        int | None, typer.Option("--repeats", metavar="N", help="Of each case.", show_default=False)
    ] = None,
    methods: Methods = "native,retrieve,read",
    model: ModelName = None,
    base_url: BaseUrl = None,
    window: Window = None,
    tokenizer: TokenizerName = None,
    out: Out = None,
    items_at_once: AtOnce = 1,
    seed: Seed = 0,
    budget_tokens: BudgetTokens = None,
    strategy: StrategyChosen = None,
    chunk_tokens: ChunkTokens = None,
    read_tokens: ReadTokens = None,
    rounds: Rounds = None,
    steps: Steps = None,
    fill: Fill = None,
    answer_tokens: AnswerTokens = None,
    concurrency: Concurrency = None,
    home: Home = None,
    fresh: Fresh = False,
    json: Json = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """NeedleBench: single and multiple retrieval, multi-hop reasoning, ancestral traces."""

    def make(counting: Tokenizer) -> Task:
        from octavo.evaluation.tasks.needlebench.definition import TASKS
        from octavo.evaluation.tasks.needlebench.task import NeedleBench

        return NeedleBench(
            counting,
            version=version,
            tasks=_listed(tasks) or TASKS,
            languages=_listed(languages),
            folder=data,
            texts={"en": texts or [], "zh": texts_zh or []},
            lengths=parsed_sizes(lengths) if lengths else None,
            depths=parsed_depths(depths) if depths else None,
            repeats=repeats,
            seed=seed,
        )

    raise _Common(
        context,
        methods=methods,
        model=model,
        base_url=base_url,
        window=window,
        tokenizer=tokenizer,
        out=out,
        items_at_once=items_at_once,
        budget_tokens=budget_tokens,
        strategy=strategy,
        chunk_tokens=chunk_tokens,
        read_tokens=read_tokens,
        rounds=rounds,
        steps=steps,
        fill=fill,
        answer_tokens=answer_tokens,
        concurrency=concurrency,
        home=home,
        fresh=fresh,
        json=json,
        quiet=quiet,
        debug=debug,
    ).run(make)


@evaluation.command("pressure")
def pressure(
    context: typer.Context,
    texts: Texts = None,
    tokens: Annotated[str, typer.Option("--tokens", metavar="N", help="Of each text, in the model's tokens.")] = "1m",
    depths: Depths = "0,25,50,75,100",
    language: Annotated[str, typer.Option("--language", metavar="en|zh", help="Of needle and question.")] = "en",
    methods: Methods = "native,retrieve,read",
    model: ModelName = None,
    base_url: BaseUrl = None,
    window: Window = None,
    tokenizer: TokenizerName = None,
    out: Out = None,
    items_at_once: AtOnce = 1,
    seed: Seed = 0,
    budget_tokens: BudgetTokens = None,
    strategy: StrategyChosen = None,
    chunk_tokens: ChunkTokens = None,
    read_tokens: ReadTokens = None,
    rounds: Rounds = None,
    steps: Steps = None,
    fill: Fill = None,
    answer_tokens: AnswerTokens = None,
    concurrency: Concurrency = None,
    home: Home = None,
    fresh: Fresh = False,
    json: Json = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """One needle at several depths of one very long text."""

    def make(counting: Tokenizer) -> Task:
        from octavo.evaluation.tasks.pressure import PressureTest

        (length,) = parsed_sizes(tokens)
        return PressureTest(
            counting,
            texts or [],
            language=_language(language),
            tokens=length,
            depths=parsed_depths(depths or "0,25,50,75,100"),
            seed=seed,
        )

    raise _Common(
        context,
        methods=methods,
        model=model,
        base_url=base_url,
        window=window,
        tokenizer=tokenizer,
        out=out,
        items_at_once=items_at_once,
        budget_tokens=budget_tokens,
        strategy=strategy,
        chunk_tokens=chunk_tokens,
        read_tokens=read_tokens,
        rounds=rounds,
        steps=steps,
        fill=fill,
        answer_tokens=answer_tokens,
        concurrency=concurrency,
        home=home,
        fresh=fresh,
        json=json,
        quiet=quiet,
        debug=debug,
    ).run(make)


@evaluation.command("ruler")
def ruler(
    context: typer.Context,
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
    methods: Methods = "native,retrieve,read",
    model: ModelName = None,
    base_url: BaseUrl = None,
    window: Window = None,
    tokenizer: TokenizerName = None,
    out: Out = None,
    items_at_once: AtOnce = 1,
    seed: Seed = 0,
    budget_tokens: BudgetTokens = None,
    strategy: StrategyChosen = None,
    chunk_tokens: ChunkTokens = None,
    read_tokens: ReadTokens = None,
    rounds: Rounds = None,
    steps: Steps = None,
    fill: Fill = None,
    answer_tokens: AnswerTokens = None,
    concurrency: Concurrency = None,
    home: Home = None,
    fresh: Fresh = False,
    json: Json = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """RULER: its 13 tasks of retrieval, tracing, aggregation and questions."""

    def make(counting: Tokenizer) -> Task:
        from octavo.evaluation.tasks.ruler.task import LENGTHS, SAMPLES, Ruler

        return Ruler(
            counting,
            tasks=_listed(tasks) or None,
            essays=texts or [],
            squad=squad,
            hotpotqa=hotpotqa,
            lengths=parsed_sizes(lengths) if lengths else LENGTHS,
            samples=samples or SAMPLES,
            seed=seed,
        )

    raise _Common(
        context,
        methods=methods,
        model=model,
        base_url=base_url,
        window=window,
        tokenizer=tokenizer,
        out=out,
        items_at_once=items_at_once,
        budget_tokens=budget_tokens,
        strategy=strategy,
        chunk_tokens=chunk_tokens,
        read_tokens=read_tokens,
        rounds=rounds,
        steps=steps,
        fill=fill,
        answer_tokens=answer_tokens,
        concurrency=concurrency,
        home=home,
        fresh=fresh,
        json=json,
        quiet=quiet,
        debug=debug,
    ).run(make)


@evaluation.command("babilong")
def babilong(
    context: typer.Context,
    data: Annotated[Path, typer.Option("--data", metavar="FOLDER", help="bAbI's files.")] = ...,  # type: ignore[assignment]
    texts: Texts = None,
    tasks: Tasks = None,
    lengths: Lengths = None,
    samples: Samples = None,
    methods: Methods = "native,retrieve,read",
    model: ModelName = None,
    base_url: BaseUrl = None,
    window: Window = None,
    tokenizer: TokenizerName = None,
    out: Out = None,
    items_at_once: AtOnce = 1,
    seed: Seed = 0,
    budget_tokens: BudgetTokens = None,
    strategy: StrategyChosen = None,
    chunk_tokens: ChunkTokens = None,
    read_tokens: ReadTokens = None,
    rounds: Rounds = None,
    steps: Steps = None,
    fill: Fill = None,
    answer_tokens: AnswerTokens = None,
    concurrency: Concurrency = None,
    home: Home = None,
    fresh: Fresh = False,
    json: Json = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """BABILong: bAbI's facts, scattered in books."""

    def make(counting: Tokenizer) -> Task:
        from octavo.evaluation.tasks.babilong import LENGTHS, SAMPLES, TASKS, Babilong

        return Babilong(
            counting,
            babi=data,
            books=texts or [],
            tasks=_listed(tasks) or TASKS,
            lengths=parsed_sizes(lengths) if lengths else LENGTHS,
            samples=samples or SAMPLES,
            seed=seed,
        )

    raise _Common(
        context,
        methods=methods,
        model=model,
        base_url=base_url,
        window=window,
        tokenizer=tokenizer,
        out=out,
        items_at_once=items_at_once,
        budget_tokens=budget_tokens,
        strategy=strategy,
        chunk_tokens=chunk_tokens,
        read_tokens=read_tokens,
        rounds=rounds,
        steps=steps,
        fill=fill,
        answer_tokens=answer_tokens,
        concurrency=concurrency,
        home=home,
        fresh=fresh,
        json=json,
        quiet=quiet,
        debug=debug,
    ).run(make)


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
        from octavo.cli.eval_report import report as write

        return write(runs, out)

    raise typer.Exit(run_verb(work, debug=debug))


def _listed(words: str | None) -> list[str]:
    return [word.strip() for word in (words or "").split(",") if word.strip()]


def _language(word: str) -> Language:
    from octavo.errors import UsageError

    if word not in {"en", "zh"}:
        raise UsageError(f"no language {word!r}: there are en and zh")
    return cast("Language", word)
