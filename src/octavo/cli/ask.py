"""`octavo ask`: a question, documents, an answer with citations."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Annotated, Any

import typer

from octavo.cli.option_groups import grouped
from octavo.cli.options import DryRun, Json, Sources
from octavo.cli.reading_flags import QuestionFlags, ReadingFlags, settings_given
from octavo.cli.run import resume_command, run_verb


@grouped
def ask(
    context: typer.Context,
    question: Annotated[str, typer.Argument(metavar="QUESTION", help="What to ask.", show_default=False)],
    sources: Sources = None,
    dry_run: DryRun = False,
    json: Json = False,
    *,
    answering: QuestionFlags,
    reading: ReadingFlags,
) -> None:
    """Answer a question, with checked citations.

    Exit codes: 0 answered, 1 failure, 2 usage, 3 not in the documents, 4 budget exhausted, 5 not found in what was
    read, 130 interrupted.
    """

    def work() -> Coroutine[Any, Any, int]:
        from octavo.cli.asking import Asked, run

        flags = settings_given(answering, reading)
        shown = {"dry_run": dry_run, "fresh": reading.fresh, "json": json, "quiet": reading.quiet}
        return run(Asked(question, sources or (), flags, answering.tool_words(), **shown))

    raise typer.Exit(run_verb(work, debug=reading.debug, resume=resume_command(context)))
