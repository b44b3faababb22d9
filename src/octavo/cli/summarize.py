"""`octavo summarize`: what documents say as a whole, with citations."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Annotated, Any

import typer

from octavo.cli.option_groups import grouped
from octavo.cli.options import DryRun, Json, Sources
from octavo.cli.reading_flags import ReadingFlags, settings_given
from octavo.cli.run import resume_command, run_verb


@grouped
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
    dry_run: DryRun = False,
    json: Json = False,
    *,
    reading: ReadingFlags,
) -> None:
    """Summarise documents, with checked citations.

    Sections are summarised, then what they make up. What was summarised is kept: the same again costs nothing, another
    length one call, an outline of a longer document none.

    Exit codes: 0 summarised, 1 failure, 2 usage, 3 the documents say nothing on the focus, 4 budget exhausted, 5
    nothing could be summarised, 130 interrupted.
    """

    def work() -> Coroutine[Any, Any, int]:
        from octavo.cli.summarizing import Wanted, run

        shown = {"dry_run": dry_run, "fresh": reading.fresh, "json": json, "quiet": reading.quiet}
        wanted = Wanted(focus, None if outline else words, **shown)
        return run(sources or (), settings_given(reading), wanted)

    raise typer.Exit(run_verb(work, debug=reading.debug, resume=resume_command(context)))
