"""The options that several verbs share, each declared once.

Options that are settings default to None here: the environment and octavo.toml have a say before the default does.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from typer import Option

# Typer reads these when the command line is built: they are plain assignments, not `type` statements.
Level = Literal["auto", "whole", "retrieve", "read"]
Strategy = Literal["number", "quote", "opening"]

Json = Annotated[bool, Option("--json", help="Print one JSON object (and nothing else) on standard output.")]
Quiet = Annotated[bool, Option("--quiet", "-q", help="No progress and no account; warnings and errors remain.")]
Debug = Annotated[bool, Option("--debug", help="Show the traceback of an error.")]
Home = Annotated[
    Path | None,
    Option(
        "--home", metavar="FOLDER", help="Where library and ledger are kept. [env: OCTAVO_HOME]", show_default=False
    ),
]
AllowPrivate = Annotated[
    bool | None,
    Option(
        "--allow-private/--no-allow-private",
        help="Let a document's URL lead to an address that is not public.",
        show_default=False,
    ),
]
ModelName = Annotated[
    str | None,
    Option(
        "--model",
        "-m",
        metavar="MODEL",
        help="smollm2 or a .gguf file (in this process), or the name of an endpoint's model. [env: OCTAVO_MODEL]",
        show_default=False,
    ),
]
BaseUrl = Annotated[
    str | None,
    Option(
        "--base-url",
        metavar="URL",
        help="An OpenAI-compatible endpoint, like http://localhost:8000/v1. [env: OPENAI_BASE_URL]",
        show_default=False,
    ),
]
Window = Annotated[
    int | None,
    Option(
        "--window",
        metavar="N",
        help="Tokens of prompt and reply together. [env: OCTAVO_WINDOW]",
        show_default=False,
    ),
]
TokenizerName = Annotated[
    str | None,
    Option(
        "--tokenizer",
        metavar="FILE|NAME",
        help="The endpoint's tokenizer: tokenizer.json, .gguf, or a name on the Hugging Face hub.",
        show_default=False,
    ),
]
Concurrency = Annotated[
    int | None,
    Option("--concurrency", metavar="N", help="Calls at once; by default adapted.", show_default=False),
]
