"""`octavo list`: what the library holds."""

from __future__ import annotations

import typer

from octavo.cli.options import Debug, Home, Json
from octavo.cli.run import run_verb


def list_documents(json: Json = False, home: Home = None, debug: Debug = False) -> None:
    """List the documents that were added."""

    def work() -> int:
        from octavo.cli.keeping import list_entries

        return list_entries({"home": home}, as_json=json)

    raise typer.Exit(run_verb(work, debug=debug))
