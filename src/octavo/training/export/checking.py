"""An export, checked: what llama.cpp expects of a text with the file against what the trained model does.

Knows a run and its forms; how both are asked is `parity.py`.
"""

from __future__ import annotations

from pathlib import Path

from octavo.errors import TrainingError, UsageError
from octavo.models.cores import physical_cores
from octavo.training.export.exporting import Form, trained_model
from octavo.training.export.parity import Parity, compare, score_in_llama_cpp, score_in_transformers
from octavo.training.model.loading import is_gguf
from octavo.training.running.run import TrainingRun

CHECKED_TOKENS = 512
"""Of the text, as many are compared: each is a call of llama.cpp's."""


def require_checkable(folder: Path, form: Form, text: Path) -> None:
    """Raise `UsageError` for a form or a text that nothing can be compared with, before anything is exported."""
    model = TrainingRun(folder).recipe().model
    if form == "merged":
        raise UsageError("--check compares what llama.cpp reads, and merged is for other engines; leave it out")
    if form == "adapter-gguf" and not is_gguf(model):
        raise UsageError(f"--check lays an adapter over the .gguf file of its model, and {model} is none; leave it out")
    if not text.is_file():
        raise UsageError(f"--check {text}: no such file; name a text that was not trained on")


def checked(folder: Path, form: Form, place: Path, text: Path) -> Parity:
    """The file that was exported of the run in `folder` to `place` against the trained model, over the first 512 tokens
    of `text`, the model in single precision.

    Raises `TrainingError` where llama.cpp does not load the file, or the text has too few tokens.
    """
    run = TrainingRun(folder)
    model, tokenizer = trained_model(run)
    try:
        written = text.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise TrainingError(f"{text}: cannot be read as text ({error})") from error
    tokens = tokenizer(written[: 16 * CHECKED_TOKENS])["input_ids"][:CHECKED_TOKENS]
    if len(tokens) < 2:
        raise TrainingError(f"{text}: has no two tokens to compare")
    trained = score_in_transformers(model.float(), tokens)
    weights, adapter = (Path(run.recipe().model), place) if form == "adapter-gguf" else (place, None)
    return compare(score_in_llama_cpp(weights, tokens, adapter=adapter, threads=physical_cores()), trained)
