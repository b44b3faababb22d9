"""`octavo show`: the text of a document, or a place in it with its surroundings."""

from __future__ import annotations

from typing import Annotated

import typer

from octavo.cli.options import Debug, Home, Json
from octavo.cli.run import run_verb


def show(
    document: Annotated[
        str,
        typer.Argument(metavar="DOCUMENT", help="An id (or its beginning), a name or a source.", show_default=False),
    ],
    start: Annotated[
        int | None,
        typer.Option("--start", metavar="N", min=0, help="The place's first character.", show_default=False),
    ] = None,
    end: Annotated[
        int | None,
        typer.Option("--end", metavar="N", min=0, help="One past its last character.", show_default=False),
    ] = None,
    surroundings: Annotated[
        int, typer.Option("--context", metavar="N", min=0, help="Characters to show before and after the place.")
    ] = 200,
    json: Json = False,
    home: Home = None,
    debug: Debug = False,
) -> None:
    """Show a document, or a place in it.

    A citation's place is shown with its surroundings, between [[ and ]].
    """

    def work() -> int:
        from octavo.cli.keeping import show_place

        return show_place(document, start, end, surroundings, {"home": home}, as_json=json)

    raise typer.Exit(run_verb(work, debug=debug))
