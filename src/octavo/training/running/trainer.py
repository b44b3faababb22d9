"""TRL's trainer for one stage of a recipe: its model, its data and its configuration.

Knows TRL, PEFT and transformers; the loop, the loss and attention are theirs.
"""

from __future__ import annotations

from typing import Any

from octavo.training.data.lengths import StageData
from octavo.training.data.preparing import Prepared
from octavo.training.data.rows import read_rows
from octavo.training.model.adapter_file import fill_adapters
from octavo.training.model.loading import load_adapter, load_model, without_name_of_base
from octavo.training.planning.footprint import offloads
from octavo.training.planning.launcher import row_multiple, rows_apart
from octavo.training.planning.plan import rows_a_step
from octavo.training.quiet import quiet
from octavo.training.recipe import Recipe
from octavo.training.running.run import TrainingRun
from octavo.training.running.start import start_of

_KEPT_CHECKPOINTS = 2


def stage_trainer(recipe: Recipe, run: TrainingRun, stage: int, prepared: Prepared, tokenizer: Any) -> Any:
    """TRL's trainer for a stage (counted from 1), with the model as the stage before left it."""
    with quiet(bars=False):
        from transformers import PrinterCallback
        from trl import SFTTrainer

        _score_only_what_is_learned()
        trainer = SFTTrainer(
            model=_model(recipe, run, stage),
            args=_configuration(recipe, run, stage, prepared.stages[stage - 1]),
            train_dataset=read_rows(run.rows, prepared.rows(stage)),
            processing_class=tokenizer,
        )
    trainer.remove_callback(PrinterCallback)
    return trainer


def _score_only_what_is_learned() -> None:
    """Let the loss pass by the tokens that are not learned on a CPU too.

    TRL scores all of a row where there is no Triton, lest compiled tiles change their shapes; nothing is compiled on a
    CPU, and most of a long prompt with a short reply would be scored in vain.
    """
    from trl.trainer import utils

    utils._use_triton = lambda device: device.type in ("cuda", "xpu", "cpu")


def _model(recipe: Recipe, run: TrainingRun, stage: int) -> Any:
    before = run.outcome_of(recipe, stage - 1) if stage > 1 else start_of(recipe)
    if recipe.method == "full":
        if stage > 1:
            return load_model(str(before), method="full")
        return load_model(str(before or recipe.model), method="full", **recipe.positions)
    base = load_model(recipe.model, method=recipe.method, **recipe.positions)
    if before is not None and before.is_dir():
        return load_adapter(base, before, trained=True)
    adapted = _adapted(base, recipe)
    if before is not None:
        fill_adapters(adapted, before)
    return adapted


def _adapted(base: Any, recipe: Recipe) -> Any:
    from peft import LoraConfig, get_peft_model
    from transformers import set_seed

    settings = LoraConfig(
        r=recipe.lora.rank,
        lora_alpha=recipe.lora.alpha,
        lora_dropout=recipe.lora.dropout,
        target_modules="all-linear",
        task_type="CAUSAL_LM",
    )
    set_seed(recipe.seed)
    return without_name_of_base(get_peft_model(base, settings))


def _configuration(recipe: Recipe, run: TrainingRun, stage: int, data: StageData) -> Any:
    import torch
    from trl import SFTConfig

    on_gpu = torch.cuda.is_available()
    apart = rows_apart()
    return SFTConfig(
        output_dir=str(run.stage_folder(stage)),
        # The data. Rows are tokens already, none longer than the stage; TRL prepares them only to pack them.
        max_length=data.stage.length,
        pad_to_multiple_of=row_multiple(),
        packing=recipe.packing,
        dataset_kwargs={"skip_prepare_dataset": not recipe.packing},
        train_sampling_strategy="sequential",
        per_device_train_batch_size=recipe.micro_batch,
        gradient_accumulation_steps=rows_a_step(recipe, data, apart) // (recipe.micro_batch * apart),
        num_train_epochs=data.stage.epochs,
        max_steps=data.stage.steps or -1,
        # What is learned, and how. This loss is the one in chunks, which never holds all logits.
        loss_type="nll",
        learning_rate=recipe.learning_rate,
        lr_scheduler_type="cosine",
        warmup_steps=recipe.warmup,
        weight_decay=recipe.weight_decay,
        seed=recipe.seed,
        # The machine. On a CPU, autocast to half precision takes several times as long as a base in half precision.
        bf16=on_gpu,
        use_cpu=not on_gpu,
        dataloader_pin_memory=on_gpu,
        activation_checkpointing=recipe.checkpointing,
        activation_offloading=offloads(recipe, data.stage.length, "cuda" if on_gpu else "cpu"),
        # What is said and saved.
        logging_steps=1,
        logging_nan_inf_filter=False,
        save_steps=recipe.save_steps,
        save_total_limit=_KEPT_CHECKPOINTS,
        report_to="none",
        disable_tqdm=True,
    )
