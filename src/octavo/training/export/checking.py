"""An export, checked: what llama.cpp expects of a text with the file against what the trained model does.

Knows a run and its forms; how both are asked is `parity.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from octavo.errors import MissingExtra, UsageError
from octavo.models.cores import physical_cores
from octavo.training.export.exporting import Form, trained_model
from octavo.training.export.parity import Parity, compare, score_in_llama_cpp, score_in_transformers
from octavo.training.model.loading import is_gguf, load_tokenizer
from octavo.training.running.run import TrainingRun

CHECKED_TOKENS = 512
"""Of the text, as many are compared: each is a call of llama.cpp's."""

_LONGEST_TOKEN = 16
"""Characters."""


def tokens_to_check(folder: Path, form: Form, text: Path) -> list[int]:
    """The first tokens of `text`, which an export of the run in `folder` is to be compared on.

    Raises `UsageError` for a form or a text that nothing can be compared with, and `MissingExtra` without llama.cpp:
    all that can go wrong before something is exported.
    """
    run = TrainingRun(folder)
    model = run.recipe().model
    if find_spec("xllamacpp") is None:
        raise MissingExtra("a comparison with llama.cpp", "local")
    if form == "merged":
        raise UsageError("--check compares what llama.cpp reads, and merged is for other engines; leave it out")
    if form == "adapter-gguf" and not is_gguf(model):
        raise UsageError(f"--check lays an adapter over the .gguf file of its model, and {model} is none; leave it out")
    try:
        written = text.read_text(encoding="utf-8")[: _LONGEST_TOKEN * CHECKED_TOKENS]
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            f"--check {text}: cannot be read as text ({error}); name one that was not trained on"
        ) from error
    tokens: list[int] = load_tokenizer(str(run.outcome) if run.finished else model)(written)["input_ids"]
    if len(tokens) < 2:
        raise UsageError(f"--check {text}: has no two tokens to compare")
    return tokens[:CHECKED_TOKENS]


def checked(folder: Path, form: Form, place: Path, tokens: Sequence[int]) -> Parity:
    """The file that was exported of the run in `folder` to `place` against the trained model in single precision, over
    these tokens. Raises `TrainingError` where llama.cpp does not load the file."""
    run = TrainingRun(folder)
    model, _ = trained_model(run)
    trained = score_in_transformers(model.float(), tokens)
    weights, adapter = (Path(run.recipe().model), place) if form == "adapter-gguf" else (place, None)
    return compare(score_in_llama_cpp(weights, tokens, adapter=adapter, threads=physical_cores()), trained)
