"""From options to a recipe. Paths become absolute, so that a training goes on from any folder.

Knows the options' words; nothing of how a recipe is trained.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from octavo.cli.sizes import parsed_size, parsed_sizes
from octavo.cli.training.flags import Given, LearningFlags, MeasuringFlags, ReachFlags
from octavo.errors import UsageError
from octavo.models.embedded import READER
from octavo.models.install import SMALL, SMALL_RAW, require_weights
from octavo.training.evaluation_plan import EvaluationPlan
from octavo.training.model.adapter_file import lora_of
from octavo.training.model.loading import is_gguf
from octavo.training.recipe import Lora, Recipe, Stage
from octavo.training.running.run import TrainingRun

N = TypeVar("N", int, float)


def recipe_of(data: Sequence[Path], given: Given, kept: Recipe | None = None) -> Recipe:
    """The recipe that the options say; what they leave open is as in the recipe that was `kept`, or by default.

    Raises `UsageError` where something is missing or cannot be meant.
    """
    if given.reach.method == "full" and (given.learning.rank or given.learning.alpha):
        raise UsageError("--rank and --alpha are about adapters; --method full trains every weight and has none")
    stages = _stages(given.reach, kept.stages if kept is not None else ())
    trained = _model(given.reach.model) | _adapter(given.reach.adapter, given.reach.model)
    before = kept.lora if kept is not None else trained.get("lora", Lora())
    changes = trained | _given(
        data=_absolute(data),
        stages=stages or None,
        method=given.reach.method,
        rope=given.reach.rope,
        rope_theta=given.reach.rope_theta,
        lora=_lora(given.learning, before),
        learning_rate=given.learning.learning_rate,
        batch_tokens=parsed_size(given.learning.batch_tokens) if given.learning.batch_tokens else None,
        micro_batch=given.learning.micro_batch,
        packing=given.learning.packing,
        checkpointing=given.learning.checkpointing,
        short_data=_absolute(given.data.short_data or ()),
        short_share=given.data.short_share,
        template=given.data.template.expanduser().absolute() if given.data.template is not None else None,
        save_steps=given.training.save_steps,
        seed=given.learning.seed,
    )
    for name, how in (
        ("data", "name a .jsonl or .parquet file of samples"),
        ("model", "name what is trained with --model, such as smollm2"),
        ("stages", "give their lengths with --stages, such as 8k,32k"),
    ):
        if kept is None and name not in changes:
            raise UsageError(f"a training needs {name}: {how}")
    recipe = replace(kept, **changes) if kept is not None else Recipe(**changes)
    return replace(recipe, evaluation=_evaluation(given.measuring, recipe))


def _model(name: str | None) -> dict[str, Any]:
    """What transformers takes for a name (a path, or the name itself where there is none on this disk); of a training
    what that trained, and how; of the small model what octavo taught it, to be trained on."""
    if name is None:
        return {}
    if name == SMALL_RAW:
        return {"model": str(require_weights(SMALL))}
    if name == SMALL:
        return {"model": str(require_weights(SMALL)), "lora": lora_of(READER), "start": READER}
    path = Path(name).expanduser()
    earlier = TrainingRun(path)
    if earlier.begun:
        before = earlier.recipe()
        as_before = _given(model=before.model, method=before.method, lora=before.lora, template=before.template)
        return {**as_before, "start": path.absolute()}
    if not path.exists() and name.lower().endswith(".gguf"):
        raise UsageError(f"{name}: no such file; name a .gguf file that is there, or a model of the hub")
    return {"model": str(path.absolute()) if path.exists() else name}


def _adapter(file: Path | None, model: str | None) -> dict[str, Any]:
    """What is trained on where an adapter is named: that, in place of what the small model has."""
    if file is None:
        return {}
    file = file.expanduser().absolute()
    if model is not None and TrainingRun(Path(model).expanduser()).begun:
        raise UsageError(f"--adapter {file.name} and what --model {model} trained are both to be trained on: name one")
    if not file.is_file() or not is_gguf(str(file)):
        raise UsageError(f"{file}: is no .gguf file; name an adapter that octavo export --to adapter-gguf wrote")
    return {"lora": lora_of(file), "start": file}


def _stages(flags: ReachFlags, kept: Sequence[Stage]) -> tuple[Stage, ...]:
    lengths = parsed_sizes(flags.stages) if flags.stages is not None else tuple(stage.length for stage in kept)
    if flags.epochs is not None and flags.steps is not None:
        raise UsageError("a stage has so many --epochs or so many --steps: give one of the two")
    epochs = _of_each("--epochs", flags.epochs, float, lengths)
    steps = _of_each("--steps", flags.steps, int, lengths)
    stages = []
    for index, length in enumerate(lengths):
        if epochs:
            stages.append(Stage(length, epochs=epochs[index]))
        elif steps:
            stages.append(Stage(length, steps=steps[index]))
        elif len(kept) == len(lengths):
            stages.append(replace(kept[index], length=length))
        else:
            stages.append(Stage(length))
    return tuple(stages)


def _of_each(flag: str, words: str | None, number: Callable[[str], N], lengths: Sequence[int]) -> list[N]:
    """A number for each stage: the one, or one of a list."""
    if words is None:
        return []
    try:
        numbers = [number(word) for word in words.split(",")]
    except ValueError as error:
        raise UsageError(f"{flag} {words}: is no number, nor a list such as 2,1,1") from error
    if not all(0 < each < math.inf for each in numbers):
        raise UsageError(f"{flag} {words}: numbers are above 0")
    if len(numbers) not in (1, len(lengths)):
        raise UsageError(f"{flag} {words}: there are {len(lengths)} stages; give one number, or one for each")
    return numbers * (len(lengths) // len(numbers))


def _lora(flags: LearningFlags, before: Lora) -> Lora:
    return replace(before, **_given(rank=flags.rank, alpha=flags.alpha))


def _evaluation(flags: MeasuringFlags, recipe: Recipe) -> EvaluationPlan | None:
    """What is measured; the loss by position is measured as far as the training reaches."""
    text = _absolute(flags.evaluate_text or ())
    changes = _given(
        lengths=parsed_sizes(flags.evaluate_lengths) if flags.evaluate_lengths is not None else None,
        text=text,
        reach=recipe.longest if text else None,
        short=_absolute(flags.evaluate_short or ()),
        every=flags.evaluate_every,
    )
    if not changes:
        return recipe.evaluation
    return replace(recipe.evaluation, **changes) if recipe.evaluation is not None else EvaluationPlan(**changes)


def _absolute(paths: Sequence[Path]) -> tuple[Path, ...] | None:
    return tuple(path.expanduser().absolute() for path in paths) or None


def _given(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
