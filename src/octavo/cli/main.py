"""The `octavo` command: its verbs, and its one exit.

Every module that is imported here is light: what a verb needs is imported when it runs.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from octavo.cli.add import add
from octavo.cli.ask import ask
from octavo.cli.batch import batch
from octavo.cli.chat import chat
from octavo.cli.doctor import doctor
from octavo.cli.evaluation.verbs import evaluation
from octavo.cli.list import list_documents
from octavo.cli.models import models
from octavo.cli.remove import remove
from octavo.cli.run import leave
from octavo.cli.show import show
from octavo.cli.summarize import summarize
from octavo.cli.terminal import discard_output, prepare_streams, say
from octavo.cli.training.export import export
from octavo.cli.training.train import train

USAGE = 2

app = typer.Typer(
    name="octavo",
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)

app.command("ask")(ask)
app.command("batch")(batch)
app.command("summarize")(summarize)
app.command("chat")(chat)
app.add_typer(evaluation, name="eval")
app.command("train")(train)
app.command("export")(export)
app.command("add")(add)
app.command("list")(list_documents)
app.command("show")(show)
app.command("remove")(remove)
app.add_typer(models, name="models")
app.command("doctor")(doctor)


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"octavo {version('octavo')}")
        raise typer.Exit


@app.callback()
def octavo(
    context: typer.Context,
    _version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    """Lets a chat model with a short window read documents of any length and answer with checked citations."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help(), err=True)
        raise typer.Exit(USAGE)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line (by default the process's own arguments) and return the exit code."""
    prepare_streams()
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        code = app(args=given, obj=given, prog_name="octavo", standalone_mode=False) or 0
    except typer.TyperException as error:
        command = getattr(getattr(error, "ctx", None), "command_path", "octavo")
        say(f"{_lower(error.format_message())}; {command} --help says more")
        return USAGE
    except BrokenPipeError:
        discard_output()
        return 1
    leave(code)
    return code


def _lower(message: str) -> str:
    """A message as part of a line: "Missing argument 'QUESTION'." -> "missing argument 'QUESTION'"."""
    message = message.replace("Value error, ", "").replace("Input should be", "must be").removesuffix(".")
    return message[:1].lower() + message[1:]


if __name__ == "__main__":
    sys.exit(main())
