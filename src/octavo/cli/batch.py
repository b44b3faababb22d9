"""`octavo batch`: many questions about the same documents, from one reading."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Annotated, Any

import typer

from octavo.cli.option_groups import grouped
from octavo.cli.options import Sources
from octavo.cli.reading_flags import QuestionFlags, ReadingFlags, settings_given
from octavo.cli.run import resume_command, run_verb


@grouped
def batch(
    context: typer.Context,
    questions: Annotated[
        str,
        typer.Argument(
            metavar="QUESTIONS", help="A file with a question a line; - for standard input.", show_default=False
        ),
    ],
    sources: Sources = None,
    *,
    answering: QuestionFlags,
    reading: ReadingFlags,
) -> None:
    """Answer many questions from one reading.

    Prints one JSON object a line, as ask --json does, in the order of the questions. An object's usage counts the calls
    for that question alone; what they shared is in the closing line. Budgets are for all questions together.

    Exit codes: 0 all were asked, 1 failure, 2 usage, 4 budget exhausted, 130 interrupted.
    """

    def work() -> Coroutine[Any, Any, int]:
        from octavo.cli.batching import run

        flags = settings_given(answering, reading)
        return run(questions, sources or (), flags, answering.tool_words(), fresh=reading.fresh, quiet=reading.quiet)

    raise typer.Exit(run_verb(work, debug=reading.debug, resume=resume_command(context)))
