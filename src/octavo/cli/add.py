"""`octavo add`: put documents on the library's list."""

from __future__ import annotations

from typing import Annotated

import typer

from octavo.cli.options import AllowPrivate, Debug, Home, Json, Quiet
from octavo.cli.run import resume_command, run_verb


def add(
    context: typer.Context,
    sources: Annotated[
        list[str],
        typer.Argument(
            metavar="SOURCE...",
            help="Files, folders, globs, http(s) URLs, or - for standard input.",
            show_default=False,
        ),
    ],
    json: Json = False,
    quiet: Quiet = False,
    allow_private: AllowPrivate = None,
    home: Home = None,
    debug: Debug = False,
) -> None:
    """Put documents on the library's list.

    What changed is refreshed. Exit code 1 where a source failed; the others are added.
    """

    def work() -> int:
        from octavo.cli.keeping import add_sources

        flags = {"allow_private": allow_private, "home": home}
        return add_sources(sources, flags, as_json=json, quiet=quiet)

    raise typer.Exit(run_verb(work, debug=debug, resume=resume_command(context)))
