"""A finished training, exported: its folder in, a file or folder out, in its place in the run unless told otherwise.

Knows what a run holds and which export it takes; each export is a module of its own.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal, get_args

from octavo.errors import TrainingError, UsageError
from octavo.training.export.adapter import export_adapter
from octavo.training.export.merged import export_merged
from octavo.training.export.metadata import positions
from octavo.training.export.model_file import Quantization, export_model
from octavo.training.model.architecture import architecture_of
from octavo.training.model.loading import is_gguf, load_adapter, load_model, load_tokenizer
from octavo.training.recipe import Recipe
from octavo.training.running.run import TrainingRun
from octavo.training.writing import writing

Form = Literal["adapter-gguf", "merged", "gguf"]
"""What a training becomes: a LoRA adapter for llama.cpp, a folder of safetensors, or a whole model for llama.cpp."""


def export_run(
    folder: Path,
    form: Form,
    *,
    target: Path | None = None,
    quantization: Quantization = "f16",
    base: Path | None = None,
) -> Path:
    """Export what was trained in `folder`, and return where it is: `target`, or its place in the run.

    `quantization` is for "gguf" alone. `base` is a GGUF file of the base model, for a tokenizer that cannot be written
    otherwise; a model that was trained from a GGUF file needs none. It is put in its place whole or not at all; in the
    run it replaces an earlier one.

    Raises `TrainingError` where the training is not finished, or cannot become this, and where something is at `target`
    already; `UsageError` for a form that is not known.
    """
    if form not in get_args(Form):
        raise UsageError(f"no export is called {form!r}; there are {', '.join(get_args(Form))}")
    run = TrainingRun(folder)
    recipe = run.recipe()
    if not run.finished:
        raise TrainingError(f"{folder}: the training is not finished; go on with it: {run.resume_command}")
    if target is not None and target.exists():
        raise TrainingError(f"{target}: is there already; remove it, or name another place with -o")
    place = target if target is not None else run.export(form)
    place.parent.mkdir(parents=True, exist_ok=True)
    if form == "adapter-gguf":
        _adapter(recipe, run, place)
        return place
    if form == "gguf":
        config = _config(run.outcome)
        positions(architecture_of(config), config)  # refused before the weights are loaded
    model, tokenizer = trained_model(run)
    if form == "merged":
        partial = run.partial(place)
        run.clear(partial)
        with writing(place):
            export_merged(model, tokenizer, partial)
        run.put(partial, place)
    else:
        own = Path(recipe.model) if is_gguf(recipe.model) else None
        export_model(model, tokenizer, place, quantization=quantization, base=base or own)
    return place


def trained_model(run: TrainingRun) -> tuple[Any, Any]:
    """The model as it was trained, its adapter over it, and its tokenizer."""
    recipe = run.recipe()
    tokenizer = load_tokenizer(str(run.outcome))
    if recipe.method == "full":
        return load_model(str(run.outcome), method="full"), tokenizer
    base = load_model(recipe.model, **recipe.positions)
    return load_adapter(base, run.outcome), tokenizer


def _adapter(recipe: Recipe, run: TrainingRun, target: Path) -> None:
    if recipe.method == "full":
        raise TrainingError(f"{run.path}: every weight was trained, so there is no adapter; export it with --to gguf")
    if recipe.rope != "none":
        raise TrainingError(
            f"{run.path}: positions were stretched (--rope {recipe.rope}), and an adapter cannot carry that: the model "
            "under it would read no further; export it with --to gguf"
        )
    if recipe.template is not None and _template(str(run.outcome)) != _template(recipe.model):
        raise TrainingError(
            f"{run.path}: was trained with a chat template of its own (--template {recipe.template}), and an adapter "
            "cannot carry that: the model under it would be asked in another form; export it with --to gguf"
        )
    partial = run.partial(target)
    try:
        with writing(target):
            export_adapter(run.outcome, _config(run.outcome), partial, name=run.path.resolve().name)
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)


def _template(model: str) -> str | None:
    template: str | None = load_tokenizer(model).chat_template
    return template


def _config(folder: Path) -> dict[str, Any]:
    path = folder / "config.json"
    try:
        config: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise TrainingError(f"{path}: cannot be read ({error}); is the training's folder whole?") from error
    return config
