"""`octavo ask`: a question, documents, an answer with citations."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Annotated, Any

import typer

from octavo.cli.options import (
    AllowPrivate,
    BaseUrl,
    Concurrency,
    Debug,
    Home,
    Json,
    Level,
    ModelName,
    Quiet,
    Strategy,
    TokenizerName,
    Window,
)
from octavo.cli.run import resume_command, run_verb


def ask(
    context: typer.Context,
    question: Annotated[str, typer.Argument(metavar="QUESTION", help="What to ask.", show_default=False)],
    sources: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="SOURCE",
            help="Files, folders, globs, http(s) URLs, - for standard input, or ids of documents; without one, the "
            "whole library.",
            show_default=False,
        ),
    ] = None,
    level: Annotated[
        Level | None,
        typer.Option("--level", help="How to answer; by default auto, the cheapest that suffices.", show_default=False),
    ] = None,
    model: ModelName = None,
    base_url: BaseUrl = None,
    window: Window = None,
    tokenizer: TokenizerName = None,
    budget_tokens: Annotated[
        int | None,
        typer.Option("--budget-tokens", metavar="N", help="Spend no more tokens.", show_default=False),
    ] = None,
    budget_seconds: Annotated[
        float | None,
        typer.Option("--budget-seconds", metavar="S", help="Take no more seconds.", show_default=False),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what it will cost.")] = False,
    fresh: Annotated[bool, typer.Option("--fresh", help="Ask again what the ledger knows.")] = False,
    json: Json = False,
    quiet: Quiet = False,
    strategy: Annotated[
        Strategy | None,
        typer.Option("--strategy", help="How the reader points at sentences.", show_default=False),
    ] = None,
    chunk_tokens: Annotated[
        int | None,
        typer.Option(
            "--chunk-tokens",
            metavar="N",
            help="The most that a chunk holds; by default 512.",
            show_default=False,
        ),
    ] = None,
    read_tokens: Annotated[
        int | None,
        typer.Option("--read-tokens", metavar="N", help="The most that one reading call is shown.", show_default=False),
    ] = None,
    fill: Annotated[
        int | None,
        typer.Option("--fill", metavar="N", help="The most tokens of passages to answer from.", show_default=False),
    ] = None,
    answer_tokens: Annotated[
        int | None,
        typer.Option("--answer-tokens", metavar="N", help="The longest answer.", show_default=False),
    ] = None,
    concurrency: Concurrency = None,
    allow_private: AllowPrivate = None,
    home: Home = None,
    debug: Debug = False,
) -> None:
    """Answer a question, with checked citations.

    Exit codes: 0 answered, 1 failure, 2 usage, 3 not in the documents, 4 budget exhausted, 5 not found in what was
    read, 130 interrupted.
    """
    flags: dict[str, object] = {
        "level": level,
        "model": model,
        "base_url": base_url,
        "window": window,
        "tokenizer": tokenizer,
        "budget_tokens": budget_tokens,
        "budget_seconds": budget_seconds,
        "strategy": strategy,
        "chunk_tokens": chunk_tokens,
        "read_tokens": read_tokens,
        "fill": fill,
        "answer_tokens": answer_tokens,
        "concurrency": concurrency,
        "allow_private": allow_private,
        "home": home,
    }

    def work() -> Coroutine[Any, Any, int]:
        from octavo.cli.asking import Asked, run

        return run(Asked(question, sources or (), flags, dry_run=dry_run, fresh=fresh, json=json, quiet=quiet))

    raise typer.Exit(run_verb(work, debug=debug, resume=resume_command(context)))
