"""`octavo chat`: a conversation over documents."""

from __future__ import annotations

from typing import Annotated

import typer

from octavo.cli.option_groups import grouped
from octavo.cli.reading_flags import QuestionFlags, ReadingFlags, settings_given
from octavo.cli.run import run_verb


@grouped
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
    *,
    answering: QuestionFlags,
    reading: ReadingFlags,
) -> None:
    """Hold a conversation over documents, as long as you like.

    Type a question a line, /help for what else, Ctrl-C to stop an answer, Ctrl-D to end; or send the questions through
    a pipe. Every answer is kept as it is given, and --resume goes on. Budgets are for one question each.

    Exit codes: 0 ended, 1 failure (through a pipe: of any question), 2 usage, 130 interrupted.
    """

    def work() -> int:
        from octavo.cli.chatting import Chatted, list_conversations, run

        flags = settings_given(answering, reading)
        if list_kept:
            return list_conversations(flags)
        kept = {"record": record, "fresh": reading.fresh, "quiet": reading.quiet, "debug": reading.debug}
        return run(Chatted(sources or (), flags, answering.tool_words(), context.obj or (), resume, **kept))

    raise typer.Exit(run_verb(work, debug=reading.debug))
