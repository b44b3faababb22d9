"""`octavo batch`: many questions about the same documents, from one reading."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Annotated, Any

import typer

from octavo.cli.options import (
    AllowedTools,
    AllowPrivate,
    AnswerTokens,
    BaseUrl,
    BudgetSeconds,
    BudgetTokens,
    Calling,
    ChunkTokens,
    Concurrency,
    Debug,
    Fill,
    Fresh,
    HighestLevel,
    Home,
    LevelChosen,
    ModelName,
    QuestionsAtOnce,
    Quiet,
    ReadTokens,
    Rounds,
    Sources,
    Steps,
    StrategyChosen,
    TokenizerName,
    ToolNames,
    ToolServers,
    Window,
)
from octavo.cli.run import resume_command, run_verb


def batch(
    context: typer.Context,
    questions: Annotated[
        str,
        typer.Argument(
            metavar="QUESTIONS", help="A file with a question a line; - for standard input.", show_default=False
        ),
    ],
    sources: Sources = None,
    level: LevelChosen = None,
    highest: HighestLevel = None,
    model: ModelName = None,
    base_url: BaseUrl = None,
    window: Window = None,
    tokenizer: TokenizerName = None,
    budget_tokens: BudgetTokens = None,
    budget_seconds: BudgetSeconds = None,
    fresh: Fresh = False,
    quiet: Quiet = False,
    strategy: StrategyChosen = None,
    chunk_tokens: ChunkTokens = None,
    read_tokens: ReadTokens = None,
    questions_at_once: QuestionsAtOnce = None,
    rounds: Rounds = None,
    steps: Steps = None,
    tools: Calling = None,
    tool: ToolNames = None,
    mcp: ToolServers = None,
    allow: AllowedTools = None,
    fill: Fill = None,
    answer_tokens: AnswerTokens = None,
    concurrency: Concurrency = None,
    allow_private: AllowPrivate = None,
    home: Home = None,
    debug: Debug = False,
) -> None:
    """Answer many questions from one reading.

    Prints one JSON object a line, as ask --json does, in the order of the questions. An object's usage counts the calls
    for that question alone; what they shared is in the closing line. Budgets are for all questions together.

    Exit codes: 0 all were asked, 1 failure, 2 usage, 4 budget exhausted, 130 interrupted.
    """
    flags: dict[str, object] = {
        "level": level,
        "highest": highest,
        "model": model,
        "base_url": base_url,
        "window": window,
        "tokenizer": tokenizer,
        "budget_tokens": budget_tokens,
        "budget_seconds": budget_seconds,
        "strategy": strategy,
        "chunk_tokens": chunk_tokens,
        "read_tokens": read_tokens,
        "questions_at_once": questions_at_once,
        "rounds": rounds,
        "steps": steps,
        "tools": tools,
        "fill": fill,
        "answer_tokens": answer_tokens,
        "concurrency": concurrency,
        "allow_private": allow_private,
        "home": home,
    }

    def work() -> Coroutine[Any, Any, int]:
        from octavo.cli.batching import run
        from octavo.cli.tools import ToolWords

        words = ToolWords(tool or (), mcp or (), allow or ())
        return run(questions, sources or (), flags, words, fresh=fresh, quiet=quiet)

    raise typer.Exit(run_verb(work, debug=debug, resume=resume_command(context)))
