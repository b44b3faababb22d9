"""The options of `octavo train`, in groups: what is trained and how far, how it learns, data besides, what is measured
on the way, and how the command runs.

An option that was not given is None: the defaults are the recipe's, and a training that goes on has its own. Knows
options; nothing of training.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from typer import Option

from octavo.cli.options import Debug, Json, Quiet

Method = Literal["lora", "qlora", "full"]
Rope = Literal["none", "linear", "dynamic", "yarn", "abf"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReachFlags:
    """What is trained, where it is put, and how far it is to read."""

    model: Annotated[
        str | None,
        Option(
            "--model",
            "-m",
            metavar="MODEL",
            help="What is trained: a name on the Hugging Face hub, a folder, a .gguf file; or what is trained on: the "
            "folder of a finished training, or smollm2 (smollm2-raw: without what octavo taught it).",
            show_default=False,
        ),
    ] = None
    adapter: Annotated[
        Path | None,
        Option(
            "--adapter",
            metavar="FILE",
            help="A LoRA adapter of the model (.gguf, as octavo export writes it), to be trained on.",
            show_default=False,
        ),
    ] = None
    out: Annotated[
        Path | None,
        Option("--out", "-o", metavar="FOLDER", help="The run's folder, a new one.", show_default=False),
    ] = None
    stages: Annotated[
        str | None,
        Option(
            "--stages",
            metavar="LIST",
            help="Lengths in tokens, one after the other, such as 8k,32k,128k (k is a thousand).",
            show_default=False,
        ),
    ] = None
    epochs: Annotated[
        str | None,
        Option(
            "--epochs",
            metavar="N|LIST",
            help="How often a stage shows its samples: for all stages, or one for each; by default 1.",
            show_default=False,
        ),
    ] = None
    steps: Annotated[
        str | None,
        Option("--steps", metavar="N|LIST", help="Steps of a stage, in place of --epochs.", show_default=False),
    ] = None
    rope: Annotated[
        Rope | None,
        Option(
            "--rope",
            help="How positions are stretched where the last stage is longer than the model reads; by default none.",
            show_default=False,
        ),
    ] = None
    rope_theta: Annotated[
        float | None,
        Option(
            "--rope-theta",
            metavar="X",
            help="The base frequency of --rope abf; by default the least that covers the last stage.",
            show_default=False,
        ),
    ] = None
    method: Annotated[
        Method | None,
        Option(
            "--method",
            help="Train low-rank adapters, the same over 4 bits, or every weight; by default lora.",
            show_default=False,
        ),
    ] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LearningFlags:
    """How it learns."""

    learning_rate: Annotated[
        float | None, Option("--learning-rate", metavar="X", help="By default 2e-4.", show_default=False)
    ] = None
    batch_tokens: Annotated[
        str | None,
        Option(
            "--batch-tokens",
            metavar="N",
            help="About how many tokens a step sees; by default 16,384.",
            show_default=False,
        ),
    ] = None
    micro_batch: Annotated[
        int | None,
        Option(
            "--micro-batch",
            metavar="N",
            help="How many samples go through the model together, where they are short; by default 1.",
            min=1,
            show_default=False,
        ),
    ] = None
    rank: Annotated[
        int | None, Option("--rank", metavar="N", help="Of the adapters; by default 16.", min=1, show_default=False)
    ] = None
    alpha: Annotated[
        int | None,
        Option(
            "--alpha",
            metavar="N",
            help="Updates are scaled by alpha over rank; by default 32.",
            min=1,
            show_default=False,
        ),
    ] = None
    packing: Annotated[
        bool | None,
        Option(
            "--packing/--no-packing",
            help="Put short samples together into rows of a stage's length; by default not.",
            show_default=False,
        ),
    ] = None
    checkpointing: Annotated[
        bool | None,
        Option(
            "--checkpointing/--no-checkpointing",
            help="Compute activations twice in place of keeping them: slower, far less memory; by default on.",
            show_default=False,
        ),
    ] = None
    seed: Annotated[
        int | None, Option("--seed", metavar="N", help="Of everything that is drawn; by default 0.", show_default=False)
    ] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DataFlags:
    """Data besides the files that are trained, and how it becomes tokens."""

    short_data: Annotated[
        list[Path] | None,
        Option(
            "--short-data",
            metavar="FILE",
            help="Short samples, mixed into every stage to keep short skills.",
            show_default=False,
        ),
    ] = None
    short_share: Annotated[
        float | None,
        Option(
            "--short-share",
            metavar="X",
            help="Of a stage's samples, the share of short ones: 0 to 1. With 1 the others are left out: the control.",
            show_default=False,
        ),
    ] = None
    template: Annotated[
        Path | None,
        Option(
            "--template",
            metavar="FILE",
            help="A chat template with {% generation %} marks, for a model whose own is not known.",
            show_default=False,
        ),
    ] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuringFlags:
    """What is measured before the first step, at each stage's end and in between."""

    evaluate_lengths: Annotated[
        str | None,
        Option(
            "--evaluate-lengths",
            metavar="LIST",
            help="Look for needles in prompts this long, such as 4k,16k.",
            show_default=False,
        ),
    ] = None
    evaluate_text: Annotated[
        list[Path] | None,
        Option(
            "--evaluate-text",
            metavar="FILE",
            help="Held-out long text: the loss by position is measured on it, and needles are hidden in it.",
            show_default=False,
        ),
    ] = None
    evaluate_short: Annotated[
        list[Path] | None,
        Option(
            "--evaluate-short",
            metavar="FILE",
            help="Held-out short samples: their loss shows what was kept.",
            show_default=False,
        ),
    ] = None
    evaluate_every: Annotated[
        int | None,
        Option("--evaluate-every", metavar="N", help="Measure after every N steps too.", min=1, show_default=False),
    ] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingFlags:
    """How the command runs."""

    save_steps: Annotated[
        int | None,
        Option("--save-steps", metavar="N", help="Save after every N steps; by default 50.", min=1, show_default=False),
    ] = None
    resume: Annotated[bool, Option("--resume", help="Go on with the training in --out; no other option is needed.")] = (
        False
    )
    dry_run: Annotated[
        bool, Option("--dry-run", help="Only say what it takes: steps, tokens, memory, time. Loads no model.")
    ] = False
    json: Json = False
    quiet: Quiet = False
    debug: Debug = False


@dataclass(frozen=True, slots=True)
class Given:
    """All that was typed, but for the files."""

    reach: ReachFlags
    learning: LearningFlags
    data: DataFlags
    measuring: MeasuringFlags
    training: TrainingFlags
