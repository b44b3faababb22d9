"""`octavo remove`: take documents out of the library, with all that models said about them."""

from __future__ import annotations

from typing import Annotated

import typer

from octavo.cli.options import Debug, Home, Json
from octavo.cli.run import run_verb


def remove(
    documents: Annotated[
        list[str],
        typer.Argument(metavar="DOCUMENT...", help="Ids (or their beginnings), names or sources.", show_default=False),
    ],
    json: Json = False,
    home: Home = None,
    debug: Debug = False,
) -> None:
    """Take documents out of the library.

    Every call that their text was part of is forgotten with them.
    """

    def work() -> int:
        from octavo.cli.keeping import remove_documents

        return remove_documents(documents, {"home": home}, as_json=json)

    raise typer.Exit(run_verb(work, debug=debug))
