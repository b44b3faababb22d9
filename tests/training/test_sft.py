from __future__ import annotations

import json
import shutil
import signal
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from octavo.cli.training.progress import STOPPING, PlainTraining
from octavo.errors import TrainingError
from octavo.training import sft
from octavo.training.data.preparing import Prepared, prepare
from octavo.training.data.templates import training_template
from octavo.training.export.exporting import export_run
from octavo.training.model.loading import load_model, load_tokenizer
from octavo.training.planning.machine import Machine
from octavo.training.recipe import Recipe, Stage
from octavo.training.running.interrupts import Stopped
from octavo.training.running.progress import News, Planned, Saved, StageBegun, StepDone, Stopping
from octavo.training.running.run import TrainingRun
from octavo.training.running.trainer import stage_trainer
from octavo.training.sft import train
from tests.training.tiny_run import tiny_recipe, write_talks


def prepared(recipe: Recipe, run: TrainingRun) -> tuple[Prepared, Any]:
    tokenizer = load_tokenizer(recipe.model)
    return prepare(recipe, tokenizer, training_template(tokenizer), run.rows), tokenizer


def trainer_of(recipe: Recipe, folder: Path) -> Any:
    run = TrainingRun(folder)
    data, tokenizer = prepared(recipe, run)
    return stage_trainer(recipe, run, 1, data, tokenizer)


def first_batch(trainer: Any) -> dict[str, Any]:
    batch: dict[str, Any] = next(iter(trainer.get_train_dataloader()))
    return batch


def weights(folder: Path) -> dict[str, Any]:
    from safetensors.torch import load_file

    (file,) = folder.glob("*.safetensors")
    tensors: dict[str, Any] = load_file(file)
    return tensors


def losses(news: list[News]) -> list[float]:
    return [each.loss for each in news if isinstance(each, StepDone)]


def same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return one.keys() == other.keys() and all(bool((one[name] == other[name]).all()) for name in one)


def interrupted_at(step: int, stage: int = 1) -> Callable[[News], None]:
    def tell(news: News) -> None:
        if isinstance(news, StepDone) and (news.stage, news.step) == (stage, step):
            signal.raise_signal(signal.SIGINT)

    return tell


# What is learned


@pytest.mark.training
def test_packed_samples_do_not_see_one_another(tmp_path: Path) -> None:
    import torch

    trainer = trainer_of(tiny_recipe(tmp_path, packing=True, method="full"), tmp_path / "run")
    batch = first_batch(trainer)
    starts = (batch["position_ids"][0] == 0).nonzero().flatten().tolist()
    assert len(starts) > 1
    with torch.inference_mode():
        packed = trainer.model(batch["input_ids"], position_ids=batch["position_ids"], use_cache=False).logits[0]
        for start, end in zip(starts, [*starts[1:], len(packed)], strict=True):
            alone = trainer.model(batch["input_ids"][:, start:end]).logits[0]
            torch.testing.assert_close(packed[start:end], alone, rtol=1e-4, atol=1e-4)


@pytest.mark.training
def test_the_loss_in_chunks_is_that_of_all_logits_at_once(tmp_path: Path) -> None:
    import torch

    trainer = trainer_of(tiny_recipe(tmp_path, method="full"), tmp_path / "run")
    batch = first_batch(trainer)
    with torch.inference_mode():
        logits = trainer.model(batch["input_ids"]).logits[0, :-1]
        plain = torch.nn.functional.cross_entropy(logits, batch["labels"][0, 1:])
        chunked = trainer.compute_loss(trainer.model, dict(batch))
    torch.testing.assert_close(chunked, plain)


def test_only_what_is_learned_is_scored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from trl.trainer import utils

    scored: list[int] = []
    apply = utils._ChunkedLogProbFunction.apply

    def noted(hidden: Any, *rest: Any) -> Any:
        scored.append(len(hidden))
        return apply(hidden, *rest)

    monkeypatch.setattr(utils._ChunkedLogProbFunction, "apply", noted)
    trainer = trainer_of(tiny_recipe(tmp_path, method="full"), tmp_path / "run")
    batch = first_batch(trainer)
    trainer.compute_loss(trainer.model, dict(batch))
    learned = int((batch["labels"] != -100).sum())
    assert scored == [learned]
    assert learned < batch["labels"].numel() / 2


@pytest.mark.training
def test_only_what_the_assistant_says_has_labels(tmp_path: Path) -> None:
    trainer = trainer_of(tiny_recipe(tmp_path), tmp_path / "run")
    batch, tokenizer = first_batch(trainer), trainer.processing_class
    learned = batch["labels"][0][batch["labels"][0] != -100]
    said = tokenizer.decode(batch["input_ids"][0]).partition("<|start|>assistant\n")[2]
    assert tokenizer.decode(learned).strip() == said.strip()


def test_a_step_sees_about_as_many_tokens_as_the_recipe_says(tmp_path: Path) -> None:
    trainer = trainer_of(tiny_recipe(tmp_path, batch_tokens=120), tmp_path / "run")
    mean = sum(len(row["input_ids"]) for row in trainer.train_dataset) / len(trainer.train_dataset)
    assert trainer.args.gradient_accumulation_steps == round(120 / mean)


@pytest.mark.training
@pytest.mark.parametrize("method", ["lora", "full"])
def test_checkpointing_changes_nothing_but_memory(tmp_path: Path, method: str) -> None:
    import torch

    outcomes = []
    for checkpointing in (False, True):
        recipe = tiny_recipe(tmp_path, stages=(Stage(96, steps=2),), checkpointing=checkpointing, method=method)
        trainer = trainer_of(recipe, tmp_path / f"other-{checkpointing}")
        assert trainer.args.activation_checkpointing is checkpointing
        outcomes.append(weights(train(recipe, tmp_path / f"run-{checkpointing}").outcome))
    plain, checkpointed = outcomes
    for name, values in plain.items():
        torch.testing.assert_close(checkpointed[name], values)


@pytest.mark.training
@pytest.mark.parametrize("method", ["lora", "full"])
def test_ten_steps_learn_two_samples_by_heart(tmp_path: Path, method: str) -> None:
    write_talks(tmp_path / "talks.jsonl", [("Which fox?", "The quick brown fox."), ("Which dogs?", "12345 lazy dogs.")])
    news: list[News] = []
    recipe = tiny_recipe(tmp_path, stages=(Stage(96, steps=10),), learning_rate=3e-2, warmup=0.0, method=method)
    run = train(recipe, tmp_path / "run", tell=news.append)
    assert len(losses(news)) == 10
    assert losses(news)[-1] < 0.3 * losses(news)[0]
    assert run.outcome.name == ("model" if method == "full" else "adapter")


# How it goes


def test_it_tells_what_it_does(tmp_path: Path) -> None:
    news: list[News] = []
    run = train(tiny_recipe(tmp_path), tmp_path / "run", tell=news.append)
    assert isinstance(news[0], Planned)
    assert news[0].plan.stages[0].steps == 6
    assert news[1] == StageBegun(1, 1, 96, 6, 0, 6)
    steps = [each for each in news if isinstance(each, StepDone)]
    assert [(step.step, step.steps) for step in steps] == [(number, 6) for number in range(1, 7)]
    assert all(step.tokens_per_second > 0 and step.seconds_left >= 0 for step in steps)
    assert news[-1] == Saved(1, 6, run.outcome)
    assert run.steps() == steps
    assert (run.path / "loss.png").read_bytes().startswith(b"\x89PNG")


def test_what_is_left_is_the_outcome_and_how_it_came_about(tmp_path: Path) -> None:
    run = train(tiny_recipe(tmp_path), tmp_path / "run")
    assert run.finished
    left = {path.name for path in run.path.iterdir()} - {".lock"}
    assert left == {"adapter", "log.jsonl", "loss.png", "recipe.json"}
    assert {"adapter_model.safetensors", "adapter_config.json", "config.json", "tokenizer.json"} <= {
        path.name for path in run.outcome.iterdir()
    }


def test_stages_follow_one_another_with_the_positions_stretched_for_the_last(tmp_path: Path) -> None:
    from transformers import AutoConfig

    recipe = tiny_recipe(tmp_path, stages=(Stage(96, steps=2), Stage(256, steps=3)), rope="yarn")
    news: list[News] = []
    run = train(recipe, tmp_path / "run", tell=news.append)
    assert [each.length for each in news if isinstance(each, StageBegun)] == [96, 256]
    config = AutoConfig.from_pretrained(run.outcome)
    assert config.max_position_embeddings == 256
    assert config.rope_parameters["factor"] == 2.0
    assert not same(weights(run.outcome_of(recipe, 1)), weights(run.outcome))


def test_a_finished_training_is_not_trained_again(tmp_path: Path) -> None:
    train(tiny_recipe(tmp_path), tmp_path / "run")
    news: list[News] = []
    run = train(tiny_recipe(tmp_path), tmp_path / "run", resume=True, tell=news.append)
    assert run.finished
    assert news == []


def test_what_a_crash_left_of_a_finished_training_is_removed(tmp_path: Path) -> None:
    run = train(tiny_recipe(tmp_path), tmp_path / "run")
    (run.stage_folder(1) / "checkpoint-6").mkdir(parents=True)
    run.rows.parent.mkdir()
    train(tiny_recipe(tmp_path), tmp_path / "run", resume=True)
    assert not run.stage_folder(1).exists()
    assert not run.rows.parent.exists()


@pytest.mark.parametrize("method", ["lora", "full"])
def test_what_came_out_of_a_training_is_trained_on(tmp_path: Path, method: str) -> None:
    first = tiny_recipe(tmp_path, stages=(Stage(96, steps=10),), learning_rate=1e-2, warmup=0.0, method=method)
    news: list[News] = []
    run = train(first, tmp_path / "first", tell=news.append)
    then: list[News] = []
    train(replace(first, start=run.path), tmp_path / "then", tell=then.append)
    assert losses(then)[0] < 0.7 * losses(news)[0]


def test_an_exported_adapter_is_trained_on(tmp_path: Path) -> None:
    first = tiny_recipe(tmp_path, stages=(Stage(96, steps=10),), learning_rate=1e-2, warmup=0.0)
    news: list[News] = []
    run = train(first, tmp_path / "first", tell=news.append)
    file = export_run(run.path, "adapter-gguf")
    then: list[News] = []
    train(replace(first, start=file), tmp_path / "then", tell=then.append)
    assert losses(then)[0] < 0.7 * losses(news)[0]
    for other in (replace(first, method="full"), replace(first, lora=replace(first.lora, rank=first.lora.rank + 1))):
        with pytest.raises(TrainingError, match=r"adapter\.gguf: is an adapter of rank .* cannot be trained on with"):
            train(replace(other, start=file), tmp_path / "other")
    assert not (tmp_path / "other").exists()


def test_only_a_finished_training_of_the_same_is_trained_on(tmp_path: Path) -> None:
    recipe = tiny_recipe(tmp_path, stages=(Stage(96, steps=3),))
    with pytest.raises(Stopped):
        train(recipe, tmp_path / "first", tell=interrupted_at(1))
    after = replace(recipe, start=tmp_path / "first")
    with pytest.raises(TrainingError, match=r"first: is not finished, so .* --resume"):
        train(after, tmp_path / "then")
    run = train(recipe, tmp_path / "first", resume=True)
    with pytest.raises(TrainingError, match="trained with other method"):
        train(replace(after, method="full"), tmp_path / "then")
    with pytest.raises(TrainingError, match=r"trained with other adapters \(rank, alpha\)"):
        train(replace(after, lora=replace(after.lora, rank=after.lora.rank + 1)), tmp_path / "then")
    assert not (tmp_path / "then").exists()
    assert Recipe.from_json(json.loads(json.dumps(after.as_json()))) == after
    assert run.finished


def test_a_training_that_stretched_positions_is_not_trained_on(tmp_path: Path) -> None:
    recipe = tiny_recipe(tmp_path, stages=(Stage(512, steps=1),), rope="yarn")
    run = train(recipe, tmp_path / "long")
    with pytest.raises(TrainingError, match=r"positions were stretched \(--rope yarn\)"):
        train(replace(recipe, start=run.path, rope="none", stages=(Stage(96, steps=1),)), tmp_path / "then")


# Stopping and going on


@pytest.mark.training
def test_stopped_and_resumed_equals_uninterrupted(tmp_path: Path) -> None:
    recipe = tiny_recipe(tmp_path, stages=(Stage(96, steps=3), Stage(128, steps=5)))
    whole = train(recipe, tmp_path / "whole")
    with pytest.raises(Stopped, match=r"after step 4 of 5 of stage 2 of 2; it is saved .* --resume"):
        train(recipe, tmp_path / "parts", tell=interrupted_at(3, stage=2))
    news: list[News] = []
    parts = train(recipe, tmp_path / "parts", resume=True, tell=news.append)
    assert news[1] == StageBegun(2, 2, 128, 6, 4, 5, repeats=True)
    assert same(weights(whole.outcome), weights(parts.outcome))
    assert [step.loss for step in whole.steps()] == [step.loss for step in parts.steps()]


def test_ctrl_c_in_the_last_step_of_a_stage_stops_before_the_next(tmp_path: Path) -> None:
    recipe = tiny_recipe(tmp_path, stages=(Stage(96, steps=2), Stage(128, steps=2)))
    news: list[News] = []
    interrupt = interrupted_at(2, stage=1)

    def tell(each: News) -> None:
        news.append(each)
        interrupt(each)

    with pytest.raises(Stopped, match=r"stopped before stage 2 of 2 began; what was trained is saved in .* --resume"):
        train(recipe, tmp_path / "run", tell=tell)
    assert [each.stage for each in news if isinstance(each, StageBegun)] == [1]
    parts = train(recipe, tmp_path / "run", resume=True)
    assert [(step.stage, step.step) for step in parts.steps()] == [(1, 1), (1, 2), (2, 1), (2, 2)]


def test_a_training_under_way_is_left_alone_by_a_second_one(tmp_path: Path) -> None:
    recipe = tiny_recipe(tmp_path, packing=True)
    refused: list[str] = []

    def again(news: News) -> None:
        if isinstance(news, StepDone) and news.step == 2:
            with pytest.raises(TrainingError) as raised:
                train(recipe, tmp_path / "run", resume=True)
            refused.append(str(raised.value))

    run = train(recipe, tmp_path / "run", tell=again)
    assert refused == [f"{run.path}: is being trained by another process; let it end, or stop it with Ctrl-C there"]
    assert [step.step for step in run.steps()] == [1, 2, 3, 4, 5, 6]


def test_a_crash_costs_no_more_than_the_steps_since_the_last_checkpoint(tmp_path: Path) -> None:
    class Crash(Exception):
        pass

    def crash(news: News) -> None:
        if isinstance(news, StepDone) and news.step == 5:
            raise Crash

    recipe = tiny_recipe(tmp_path, save_steps=2)
    whole = train(recipe, tmp_path / "whole")
    with pytest.raises(Crash):
        train(recipe, tmp_path / "parts", tell=crash)
    half_written = tmp_path / "parts" / "stage-1" / "checkpoint-6"
    shutil.copytree(tmp_path / "parts" / "stage-1" / "checkpoint-4", half_written)
    state = (half_written / "trainer_state.json").read_bytes()
    (half_written / "trainer_state.json").write_bytes(state[:100])  # the Trainer writes it in place
    news: list[News] = []
    parts = train(recipe, tmp_path / "parts", resume=True, tell=news.append)
    assert news[1] == StageBegun(1, 1, 96, 6, 4, 6)
    assert same(weights(whole.outcome), weights(parts.outcome))
    assert [step.step for step in parts.steps()] == [1, 2, 3, 4, 5, 6]


def test_a_crash_after_the_last_step_costs_no_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = tiny_recipe(tmp_path, stages=(Stage(96, steps=4),))  # of the six that an epoch has
    whole = train(recipe, tmp_path / "whole")

    def crash(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(TrainingRun, "put", crash)
        with pytest.raises(KeyboardInterrupt):
            train(recipe, tmp_path / "parts")
    news: list[News] = []
    parts = train(recipe, tmp_path / "parts", resume=True, tell=news.append)
    assert [type(each) for each in news] == [Planned, Saved]
    assert same(weights(whole.outcome), weights(parts.outcome))
    assert [step.step for step in parts.steps()] == [1, 2, 3, 4]


def test_a_damaged_checkpoint_is_named(tmp_path: Path) -> None:
    recipe = tiny_recipe(tmp_path)
    with pytest.raises(Stopped):
        train(recipe, tmp_path / "run", tell=interrupted_at(2))
    (weights_file,) = (tmp_path / "run").glob("stage-1/checkpoint-*/adapter_model.safetensors")
    weights_file.write_bytes(weights_file.read_bytes()[:100])
    with pytest.raises(
        TrainingError, match=r"checkpoint-\d+: is damaged .* remove it, and go on: octavo train --resume"
    ):
        train(recipe, tmp_path / "run", resume=True)


@pytest.fixture
def usual_interrupts() -> Iterator[None]:
    """Ctrl-C as a program in a terminal has it: one that a shell starts in the background ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("usual_interrupts")
def test_ctrl_c_is_answered_before_it_is_obeyed(tmp_path: Path) -> None:
    news: list[News] = []
    interrupt = interrupted_at(2)

    def tell(each: News) -> None:
        news.append(each)
        interrupt(each)

    with pytest.raises(Stopped):
        train(tiny_recipe(tmp_path), tmp_path / "run", tell=tell)
    assert Stopping(1, 3) in news
    assert news[-1] == Saved(1, 3, tmp_path / "run" / "stage-1" / "checkpoint-3")
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


@pytest.mark.usefixtures("usual_interrupts")
def test_ctrl_c_while_the_model_is_loaded_stops_before_the_first_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def loading(*arguments: Any, **options: Any) -> Any:
        signal.raise_signal(signal.SIGINT)
        return load_model(*arguments, **options)

    monkeypatch.setattr("octavo.training.running.trainer.load_model", loading)
    progress = PlainTraining()
    with pytest.raises(Stopped, match="stopped before stage 1 of 1 began"):
        train(tiny_recipe(tmp_path), tmp_path / "run", tell=progress.tell)
    assert STOPPING in capsys.readouterr().err
    assert TrainingRun(tmp_path / "run").steps() == []


# What is refused


def test_data_that_changed_is_not_gone_on_with(tmp_path: Path) -> None:
    recipe = tiny_recipe(tmp_path)
    with pytest.raises(Stopped):
        train(recipe, tmp_path / "run", tell=interrupted_at(1))
    write_talks(tmp_path / "talks.jsonl", [("Which fox?", "Another fox.")] * 6)
    with pytest.raises(TrainingError, match="the data, or how it becomes tokens, is not what it was"):
        train(recipe, tmp_path / "run", resume=True)


def test_samples_that_would_be_cut_are_refused_before_a_model_is_loaded(tmp_path: Path) -> None:
    recipe = tiny_recipe(tmp_path, stages=(Stage(12),))
    (tmp_path / "model" / "model.safetensors").unlink()
    with pytest.raises(TrainingError, match="longer than 12 tokens, and none is cut"):
        train(recipe, tmp_path / "run")


def test_too_little_memory_is_said_before_a_model_is_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sft, "this_machine", lambda: Machine("cpu", 1, 2**20, 1e9))
    recipe = tiny_recipe(tmp_path)
    (tmp_path / "model" / "model.safetensors").unlink()
    with pytest.raises(TrainingError, match="of memory and 1 MB are free"):
        train(recipe, tmp_path / "run")
    assert not TrainingRun(tmp_path / "run").begun


def test_a_loss_that_is_no_number_ends_it_before_it_is_saved(tmp_path: Path) -> None:
    recipe = tiny_recipe(tmp_path, learning_rate=1e30, warmup=0.0, save_steps=1, method="full")
    with pytest.raises(TrainingError, match=r"the loss is no number .* lower --learning-rate"):
        train(recipe, tmp_path / "run")
    assert TrainingRun(tmp_path / "run").steps()


def test_four_bits_need_a_gpu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(TrainingError, match="--method qlora needs a GPU"):
        train(tiny_recipe(tmp_path, method="qlora"), tmp_path / "run")
