"""`octavo summarize`: what documents say as a whole, with citations."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Annotated, Any

import typer

from octavo.cli.options import (
    AllowPrivate,
    BaseUrl,
    BudgetSeconds,
    BudgetTokens,
    ChunkTokens,
    Concurrency,
    Debug,
    DryRun,
    Fill,
    Fresh,
    Home,
    Json,
    ModelName,
    Quiet,
    Sources,
    TokenizerName,
    Window,
)
from octavo.cli.run import resume_command, run_verb


def summarize(
    context: typer.Context,
    sources: Sources = None,
    focus: Annotated[
        str | None,
        typer.Option("--focus", metavar="TEXT", help="What to tell, or from whose point of view.", show_default=False),
    ] = None,
    words: Annotated[int, typer.Option("--words", metavar="N", help="About how long.")] = 200,
    outline: Annotated[
        bool, typer.Option("--outline", help="Show the sections instead, each with a line on what stands there.")
    ] = False,
    model: ModelName = None,
    base_url: BaseUrl = None,
    window: Window = None,
    tokenizer: TokenizerName = None,
    budget_tokens: BudgetTokens = None,
    budget_seconds: BudgetSeconds = None,
    dry_run: DryRun = False,
    fresh: Fresh = False,
    json: Json = False,
    quiet: Quiet = False,
    chunk_tokens: ChunkTokens = None,
    fill: Fill = None,
    concurrency: Concurrency = None,
    allow_private: AllowPrivate = None,
    home: Home = None,
    debug: Debug = False,
) -> None:
    """Summarise documents, with checked citations.

    Sections are summarised, then what they make up. What was summarised is kept: the same again costs nothing, another
    length one call, an outline of a longer document none.

    Exit codes: 0 summarised, 1 failure, 2 usage, 3 the documents say nothing on the focus, 4 budget exhausted, 5
    nothing could be summarised, 130 interrupted.
    """
    flags: dict[str, object] = {
        "model": model,
        "base_url": base_url,
        "window": window,
        "tokenizer": tokenizer,
        "budget_tokens": budget_tokens,
        "budget_seconds": budget_seconds,
        "chunk_tokens": chunk_tokens,
        "fill": fill,
        "concurrency": concurrency,
        "allow_private": allow_private,
        "home": home,
    }

    def work() -> Coroutine[Any, Any, int]:
        from octavo.cli.summarizing import Wanted, run

        wanted = Wanted(focus, None if outline else words, dry_run=dry_run, fresh=fresh, json=json, quiet=quiet)
        return run(sources or (), flags, wanted)

    raise typer.Exit(run_verb(work, debug=debug, resume=resume_command(context)))
