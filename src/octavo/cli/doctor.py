"""`octavo doctor`: what is here, what works, and what to type where it does not."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any

import typer

from octavo.cli.options import BaseUrl, Debug, Home, Json, ModelName, TokenizerName, Window
from octavo.cli.run import run_verb


def doctor(
    model: ModelName = None,
    base_url: BaseUrl = None,
    window: Window = None,
    tokenizer: TokenizerName = None,
    home: Home = None,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Check the installation, the library and the model. Exit code 1 where something does not work."""
    flags: dict[str, object] = {
        "model": model,
        "base_url": base_url,
        "window": window,
        "tokenizer": tokenizer,
        "home": home,
    }

    def work() -> Coroutine[Any, Any, int]:
        from octavo.cli.examining import run

        return run(flags, as_json=json)

    raise typer.Exit(run_verb(work, debug=debug))
