"""A recipe, trained: each stage is a run of TRL's SFTTrainer (`running/trainer.py`).

Only what the assistant says is learned. A stage loads what came out of the one before, with the positions stretched for
the longest stage from the beginning, and has a warm-up and a cosine of its own; so going on after a crash and going on
to the next stage are the same thing. Ctrl-C stops after the step under way, with all of it saved; a second one stops at
once, and what the last checkpoint holds is kept. Under a launcher (`accelerate launch`) every process runs this, and
the first one writes.

Knows the order of things, and what a Trainer is asked for; nothing of how one is set up.
"""

from __future__ import annotations

import gc
import json
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import Any

from octavo.errors import MissingExtra, TrainingError
from octavo.models.cores import patient_threads
from octavo.models.memory import large_pages
from octavo.training.data.lengths import StageData
from octavo.training.data.plain_template import plain_template
from octavo.training.data.preparing import Prepared, prepare
from octavo.training.data.templates import Template, training_template
from octavo.training.evaluating.evaluator import Evaluator
from octavo.training.model.loading import load_tokenizer, require_loadable
from octavo.training.model.shape import model_config, shape_of
from octavo.training.planning.launcher import require_launcher
from octavo.training.planning.machine import this_machine
from octavo.training.planning.plan import Plan, make_plan
from octavo.training.planning.shortage import require_memory
from octavo.training.quiet import quiet
from octavo.training.recipe import Recipe
from octavo.training.running.curve import loss_curve
from octavo.training.running.evaluating import evaluating
from octavo.training.running.interrupts import Interrupts, Stopped
from octavo.training.running.memory import releasing_memory
from octavo.training.running.progress import News, Planned, Saved, StageBegun, StopAsked, Tell, say_nothing
from octavo.training.running.reporting import AllDone, asked_anywhere, reporting
from octavo.training.running.run import TrainingRun
from octavo.training.running.start import start_of
from octavo.training.running.trainer import stage_trainer
from octavo.training.writing import writing


def dry_run(recipe: Recipe, *, tell: Tell = say_nothing) -> Plan:
    """What `train` would take on this machine: reads the data and counts its tokens, loads no weights, writes nothing.

    Raises as `train` does; where the memory does not suffice, after the plan was told.
    """
    _, _, evaluator, prepared = _prepared(recipe, None)
    return _planned(recipe, prepared, evaluator, tell)


def train(recipe: Recipe, folder: Path, *, resume: bool = False, tell: Tell = say_nothing) -> TrainingRun:
    """Train what the recipe says in `folder`, or go on there (`resume`), and return the run, which holds the outcome.

    Raises `TrainingError` where data, model or folder are not what they should be, another process trains there or the
    memory does not suffice, `Stopped` after Ctrl-C, and `MissingExtra` without the libraries.
    """
    run = TrainingRun(folder)
    run.require_same(recipe, resume=resume)
    patient_threads()
    large_pages()
    try:
        import torch
        from accelerate import PartialState
    except ImportError as error:
        raise MissingExtra("training", "train") from error
    processes = PartialState(cpu=not torch.cuda.is_available())  # else, without GPUs, each would work alone
    with run.held() if processes.is_main_process else nullcontext():
        if not run.finished:
            _train_stages(recipe, run, processes, tell, resume=resume)
        elif processes.is_main_process:
            run.tidy()  # a crash may have come before it
    return run


def _train_stages(recipe: Recipe, run: TrainingRun, processes: Any, tell: Tell, *, resume: bool) -> None:
    main = processes.is_main_process
    try:
        tokenizer, template, evaluator, prepared = _prepared(recipe, run.rows if main else None)
        _planned(recipe, prepared, evaluator, tell if main else say_nothing)
    except BaseException:
        if main:
            run.abandon()
        raise
    if main:
        run.begin(recipe, prepared.fingerprint, resume=resume)
        run.tidy()
    processes.wait_for_everyone()
    if not template.same:
        tokenizer.chat_template = plain_template(template.text)
    with Interrupts(lambda: tell(StopAsked()) if main else None) as interrupts:
        for stage in range(1, len(recipe.stages) + 1):
            if run.outcome_of(recipe, stage).is_dir():
                continue
            _require_wanted(interrupts, processes, recipe, run, stage)  # asked in the last step of the stage before
            _train_stage(recipe, run, stage, prepared, tokenizer, processes, interrupts, tell, evaluator)


def _prepared(recipe: Recipe, rows: Path | None) -> tuple[Any, Template, Evaluator | None, Prepared]:
    """The tokenizer and its template, what is to be evaluated, and the data, written to `rows`."""
    require_launcher()
    start_of(recipe)  # refused before anything is read
    tokenizer = load_tokenizer(recipe.model)
    require_loadable(recipe.model, method=recipe.method, **recipe.positions)
    template = training_template(tokenizer, recipe.template)
    evaluator = None
    if recipe.evaluation is not None:
        evaluator = Evaluator.prepare(recipe.evaluation, tokenizer, template, seed=recipe.seed)
    return tokenizer, template, evaluator, prepare(recipe, tokenizer, template, rows)


def _planned(recipe: Recipe, prepared: Prepared, evaluator: Evaluator | None, tell: Tell) -> Plan:
    """The plan, told, for what was prepared; refused where the memory does not suffice."""
    shape = shape_of(model_config(recipe.model))
    plan = make_plan(recipe, shape, prepared.stages, this_machine(), evaluator.shown if evaluator is not None else ())
    tell(Planned(plan))
    require_memory(plan, recipe, shape)
    return plan


def _train_stage(
    recipe: Recipe,
    run: TrainingRun,
    stage: int,
    prepared: Prepared,
    tokenizer: Any,
    processes: Any,
    interrupts: Interrupts,
    tell: Tell,
    evaluator: Evaluator | None,
) -> None:
    data, outcome = prepared.stages[stage - 1], run.outcome_of(recipe, stage)

    def begun(step: int, steps: int) -> StageBegun:
        return StageBegun(
            stage, len(recipe.stages), data.stage.length, len(data.samples), step, steps, repeats=data.repeats
        )

    def told(news: News) -> None:
        if isinstance(news, Saved):
            _draw_loss(recipe, run)
        tell(news)

    trainer = stage_trainer(recipe, run, stage, prepared, tokenizer)
    _require_wanted(interrupts, processes, recipe, run, stage)  # loading takes its time
    if recipe.evaluation is not None and evaluator is not None:  # before the report, which hears of a Ctrl-C meanwhile
        trainer.add_callback(evaluating(recipe.evaluation, evaluator, run, stage, interrupts, tell))
    trainer.add_callback(reporting(run, begun, interrupts, told))
    if processes.device.type == "cpu":
        trainer.add_callback(releasing_memory(processes.num_processes))
    _run(trainer, run.checkpoint(stage), data, run)
    if processes.is_main_process:
        _draw_loss(recipe, run)
    step, steps = trainer.state.global_step, trainer.state.max_steps
    if step < steps:
        raise Stopped(
            f"stopped after step {step:,} of {steps:,} of stage {stage} of {len(recipe.stages)}; it is saved in "
            f"{run.path}. To go on: {run.resume_command}"
        )
    partial = run.partial(outcome)
    if processes.is_main_process:
        run.clear(partial)
    processes.wait_for_everyone()
    with quiet(), writing(run.path):
        trainer.save_model(str(partial))
        if processes.is_main_process:
            _complete(partial, trainer, recipe)
            run.put(partial, outcome)
    if processes.is_main_process:
        run.tidy()
        tell(Saved(stage, step, outcome))
    processes.wait_for_everyone()
    del trainer
    gc.collect()  # the next stage's model must not be in memory beside this one's


def _require_wanted(interrupts: Interrupts, processes: Any, recipe: Recipe, run: TrainingRun, stage: int) -> None:
    """Raises `Stopped` where the user asked to stop while no step was under way."""
    if asked_anywhere(interrupts, processes.num_processes):
        went = "began" if run.checkpoint(stage) is None else "went on"
        raise Stopped(
            f"stopped before stage {stage} of {len(recipe.stages)} {went}; what was trained is saved in {run.path}. "
            f"To go on: {run.resume_command}"
        )


def _run(trainer: Any, checkpoint: Path | None, data: StageData, run: TrainingRun) -> None:
    import torch
    from safetensors import SafetensorError

    try:
        with quiet(), writing(run.path), suppress(AllDone):
            trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint is not None else None)
    except SafetensorError as error:
        raise TrainingError(
            f"{checkpoint}: is damaged ({error}); remove it, and go on: {run.resume_command}"
        ) from error
    except torch.OutOfMemoryError as error:
        raise TrainingError(
            f"the memory of the GPU does not hold a row of up to {data.stage.length:,} tokens; see what it takes with "
            "--dry-run, and use --checkpointing, --micro-batch 1, --method lora or shorter stages"
        ) from error


def _draw_loss(recipe: Recipe, run: TrainingRun) -> None:
    run.write_picture("loss", loss_curve(run.steps(), [each.length for each in recipe.stages]))


def _complete(partial: Path, trainer: Any, recipe: Recipe) -> None:
    """Put beside an adapter what it takes to use it: the model's name, and its config with the stretched positions."""
    (partial / "training_args.bin").unlink(missing_ok=True)
    if recipe.method == "full":
        return
    trainer.accelerator.unwrap_model(trainer.model).config.save_pretrained(partial)
    path = partial / "adapter_config.json"
    settings = json.loads(path.read_text(encoding="utf-8"))
    settings["base_model_name_or_path"] = recipe.model
    path.write_text(json.dumps(settings, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
