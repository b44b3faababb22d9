"""`octavo chat`: a conversation over documents."""

from __future__ import annotations

from typing import Annotated

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
    Steps,
    StrategyChosen,
    TokenizerName,
    ToolNames,
    ToolServers,
    Window,
)
from octavo.cli.run import run_verb


def chat(
    context: typer.Context,
    sources: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="SOURCE",
            help="Files, folders, globs, http(s) URLs, or ids of documents; without one, those of the conversation "
            "that goes on, else the whole library.",
            show_default=False,
        ),
    ] = None,
    resume: Annotated[
        str | None,
        typer.Option("--resume", metavar="ID|last", help="Go on with a conversation.", show_default=False),
    ] = None,
    list_kept: Annotated[bool, typer.Option("--list", help="List the conversations that are kept.")] = False,
    record: Annotated[
        bool,
        typer.Option(
            "--record",
            help="Keep what happens while each question is answered, too: your consent that the conversation becomes "
            "training data. Without it only questions and answers are kept.",
        ),
    ] = False,
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
    """Hold a conversation over documents, as long as you like.

    Type a question a line, /help for what else, Ctrl-C to stop an answer, Ctrl-D to end; or send the questions through
    a pipe. Every answer is kept as it is given, and --resume goes on. Budgets are for one question each.

    Exit codes: 0 ended, 1 failure (through a pipe: of any question), 2 usage, 130 interrupted.
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

    def work() -> int:
        from octavo.cli.chatting import Chatted, list_conversations, run
        from octavo.cli.tools import ToolWords

        if list_kept:
            return list_conversations(flags)
        words = ToolWords(tool or (), mcp or (), allow or ())
        given = context.obj or ()
        asked = Chatted(
            sources or (), flags, words, given, resume, record=record, fresh=fresh, quiet=quiet, debug=debug
        )
        return run(asked)

    raise typer.Exit(run_verb(work, debug=debug))
