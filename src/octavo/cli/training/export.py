"""`octavo export`: what came out of a training, as a file or folder that others run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from octavo.cli.options import Debug, Json, Quiet
from octavo.cli.run import run_verb

Form = Literal["adapter-gguf", "merged", "gguf"]
Quantization = Literal["f32", "f16", "q8_0", "q5_1", "q5_0", "q4_1", "q4_0"]


def export(
    run: Annotated[
        Path, typer.Argument(metavar="RUN", help="The folder of a training that is finished.", show_default=False)
    ],
    to: Annotated[
        Form,
        typer.Option(
            "--to",
            help="A LoRA adapter for llama.cpp, a folder of safetensors with the adapter merged in, or a whole model "
            "for llama.cpp.",
            show_default=False,
        ),
    ],
    quantization: Annotated[
        Quantization | None,
        typer.Option("--quantization", help="Of a gguf's matrices; by default f16.", show_default=False),
    ] = None,
    base: Annotated[
        Path | None,
        typer.Option(
            "--base",
            metavar="FILE",
            help="A .gguf file of the model that was trained, for a gguf whose tokenizer is not known here.",
            show_default=False,
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="PATH", help="Where to put it; by default in the run.", show_default=False),
    ] = None,
    check: Annotated[
        Path | None,
        typer.Option(
            "--check",
            metavar="FILE",
            help="Compare the file with the trained model on this text: how often both expect the same token, and how "
            "much less of it the file expects.",
            show_default=False,
        ),
    ] = None,
    json: Json = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Make of a training what octavo, llama.cpp and others run."""

    def work() -> int:
        from octavo.cli.training.exporting import Exported, write_export

        return write_export(Exported(run, to, quantization, base, out, check), as_json=json, quiet=quiet)

    raise typer.Exit(run_verb(work, debug=debug))
