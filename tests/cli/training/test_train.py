"""`octavo train`: what is planned, trained, said and refused, with a tiny random model."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Iterator
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, get_args

import pytest

from octavo.cli.main import main
from octavo.cli.training import flags
from octavo.cli.training.recipe import recipe_of
from octavo.errors import UsageError
from octavo.models.embedded import READER
from octavo.training import sft
from octavo.training.evaluation_plan import EvaluationPlan
from octavo.training.planning.machine import Machine
from octavo.training.recipe import Lora, Method, Recipe, RopeKind, Stage
from octavo.training.running.run import TrainingRun
from tests.training.tiny_run import tiny_folder, tiny_recipe, write_talks

OPTIONS = ("--model", "model", "--stages", "96", "--steps", "4", "--rank", "4", "--batch-tokens", "60")
COMMAND = ("train", "talks.jsonl", *OPTIONS, "-o", "run")


@pytest.fixture
def usual_interrupts() -> Iterator[None]:
    """Ctrl-C as a program in a terminal has it: one that a shell starts in the background ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(autouse=True)
def usual_exit(monkeypatch: pytest.MonkeyPatch) -> None:
    """An interrupted command leaves the process at once; here that would be the tests'."""
    monkeypatch.setattr("octavo.cli.main.leave", lambda code: None)


@pytest.fixture
def tiny(here: Path) -> Path:
    """A tiny model and six short talks in the working folder."""
    tiny_folder(here / "model")
    write_talks(here / "talks.jsonl")
    return here


def given(**options: Any) -> flags.Given:
    """The options as typed, each in its group."""
    kinds = (
        flags.ReachFlags,
        flags.LearningFlags,
        flags.DataFlags,
        flags.MeasuringFlags,
        flags.TrainingFlags,
    )
    groups = [
        kind(**{each.name: options.pop(each.name) for each in fields(kind) if each.name in options}) for kind in kinds
    ]
    assert not options
    return flags.Given(*groups)  # type: ignore[arg-type]


def recipe(**options: Any) -> Recipe:
    return recipe_of([Path("talks.jsonl")], given(**{"model": "hub/model", "stages": "8k,32k", **options}))


# From options to a recipe


def test_what_is_not_given_is_the_recipes_default(here: Path) -> None:
    assert recipe() == Recipe("hub/model", (here / "talks.jsonl",), (Stage(8_000), Stage(32_000)))


def test_help_names_the_defaults_that_the_recipe_has(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "--help"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    defaults = Recipe("m", (), (Stage(1),))
    for words in (
        f"by default {defaults.rope}.",
        f"by default {defaults.method}.",
        "By default 2e-4.",
        f"by default {defaults.batch_tokens:,}.",
        f"Of the adapters; by default {defaults.lora.rank}.",
        f"alpha over rank; by default {defaults.lora.alpha}.",
        f"Save after every N steps; by default {defaults.save_steps}.",
        f"by default {defaults.seed}.",
    ):
        assert words in said
    assert (defaults.learning_rate, defaults.packing, defaults.checkpointing) == (2e-4, False, True)


def test_the_options_offer_what_the_recipe_takes() -> None:
    assert get_args(flags.Method) == get_args(Method)
    assert get_args(flags.Rope) == get_args(RopeKind)


def test_the_base_frequency_of_abf_can_be_chosen() -> None:
    assert recipe(rope="abf", rope_theta=5e5).rope_theta == 5e5
    assert recipe(rope="abf").rope_theta is None


def test_a_stage_has_its_own_number_of_epochs_or_steps() -> None:
    assert recipe(epochs="2,0.5").stages == (Stage(8_000, epochs=2), Stage(32_000, epochs=0.5))
    assert recipe(steps="10").stages == (Stage(8_000, steps=10), Stage(32_000, steps=10))


def test_what_is_measured_reaches_as_far_as_the_training(here: Path) -> None:
    plan = recipe(evaluate_text=[Path("held-out.txt")], evaluate_lengths="4k", evaluate_every=20).evaluation
    assert plan == EvaluationPlan(every=20, lengths=(4_000,), text=(here / "held-out.txt",), reach=32_000)


def test_a_training_that_goes_on_keeps_what_is_not_given(here: Path) -> None:
    kept = recipe(epochs="2,1", rank=8, evaluate_lengths="4k", evaluate_every=5)
    assert recipe_of([], given(), kept) == kept
    assert recipe_of([], given(learning_rate=1e-3), kept) == replace(kept, learning_rate=1e-3)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"epochs": "1,2,3"}, "--epochs 1,2,3: there are 2 stages; give one number, or one for each"),
        ({"epochs": "many"}, "--epochs many: is no number"),
        ({"epochs": "inf"}, "--epochs inf: numbers are above 0"),
        ({"steps": "0"}, "--steps 0: numbers are above 0"),
        ({"steps": "1", "epochs": "1"}, "give one of the two"),
        ({"stages": "32k,8k"}, "stages grow in length"),
        ({"learning_rate": -1.0}, "a learning rate is above 0"),
        ({"seed": -1}, "a seed is from 0 to below 4,294,967,296, not -1"),
        ({"method": "full", "rank": 8}, "--method full trains every weight"),
        ({"short_data": [Path("short.jsonl")]}, "give it with --short-share"),
        ({"short_data": [Path("short.jsonl")], "short_share": 1.1}, "from 0 to 1, not 1.1"),
        ({"short_share": 1.0}, "needs a file of them"),
        ({"evaluate_every": 5}, "there is nothing to evaluate"),
        ({"model": "missing.gguf"}, "missing.gguf: no such file"),
        ({"adapter": Path("missing.gguf")}, "missing.gguf: is no .gguf file; name an adapter that"),
    ],
)
def test_options_that_cannot_be_meant_are_refused(here: Path, options: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError) as raised:
        recipe(**options)
    assert said in str(raised.value)


def test_the_embedded_model_is_trained_from_its_file(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("octavo.models.install.weights_of", lambda name: here / "small.gguf")
    taught, raw = recipe(model="smollm2"), recipe(model="smollm2-raw")
    assert taught.model == raw.model == str(here / "small.gguf")
    assert (taught.start, taught.lora) == (READER, Lora(rank=16, alpha=32))
    assert raw.start is None
    monkeypatch.setattr("octavo.models.install.weights_of", lambda name: None)
    with pytest.raises(UsageError, match="run: octavo models install smollm2"):
        recipe(model="smollm2")


def test_an_adapter_that_is_named_is_trained_on(here: Path) -> None:
    own = recipe(adapter=READER)
    assert (own.model, own.start, own.lora) == ("hub/model", READER, Lora(rank=16, alpha=32))


def test_the_next_course_has_the_template_of_the_one_before(here: Path) -> None:
    TrainingRun(here / "first").begin(tiny_recipe(here, template=here / "own.jinja"), "rows")
    assert recipe(model="first").template == here / "own.jinja"
    assert recipe(model="first", template=Path("other.jinja")).template == here / "other.jinja"


# Planned


def test_a_dry_run_says_what_it_takes_and_leaves_nothing(tiny: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tiny / "model" / "model.safetensors").unlink()
    assert main([*COMMAND, "--dry-run"]) == 0
    said = capsys.readouterr().out
    assert "stage 96" in said
    assert "6 samples, 4 steps of 2 rows" in said
    assert not (tiny / "run").exists()


def test_of_a_launchers_processes_the_first_one_plans(
    tiny: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    said = []
    for rank in ("0", "1"):
        monkeypatch.setenv("RANK", rank)
        assert main([*COMMAND, "--dry-run"]) == 0
        said.append(capsys.readouterr().out)
    assert "stage 96" in said[0]
    assert said[1] == ""


def test_the_plan_for_programs(tiny: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "talks.jsonl", *OPTIONS, "--dry-run", "--json"]) == 0
    plan = json.loads(capsys.readouterr().out)
    (stage,) = plan["stages"]
    assert (stage["length"], stage["samples"], stage["steps"], stage["rows_per_step"]) == (96, 6, 4, 2)
    assert plan["memory"]["total"] > plan["memory"]["weights"] > 0
    assert plan["memory"]["missing"] == 0


def test_too_little_memory_is_said_after_the_plan_and_before_loading(
    tiny: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sft, "this_machine", lambda: Machine("cpu", 1, 2**20, 1e9))
    (tiny / "model" / "model.safetensors").unlink()
    assert main([*COMMAND, "--dry-run"]) == 1
    out, err = capsys.readouterr()
    assert "free: 1 MB" in out
    assert "of memory and 1 MB are free" in err
    assert main(list(COMMAND)) == 1
    assert not (tiny / "run").exists()


# Trained


def test_a_training_says_how_it_goes_and_where_its_outcome_is(tiny: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(list(COMMAND)) == 0
    out, err = capsys.readouterr()
    assert out == "run/adapter\n"
    assert "octavo: stage 1 of 1: 6 samples of up to 96 tokens, 4 steps\n" in err
    assert "octavo: stage 1 of 1, step 1 of 4: loss " in err
    assert "to use what was trained: octavo export run --to gguf\n" in err
    assert (tiny / "run" / "loss.png").is_file()
    assert main(["train", "--resume", "-o", "run", "--json"]) == 0
    out, err = capsys.readouterr()
    assert "run: all of it is trained already" in err
    outcome = json.loads(out)
    assert (outcome["outcome"], outcome["method"]) == ("run/adapter", "lora")
    assert [(stage["length"], stage["steps"]) for stage in outcome["stages"]] == [(96, 4)]


@pytest.mark.usefixtures("usual_interrupts")
def test_ctrl_c_saves_and_names_the_command_that_goes_on_from_any_folder(
    tiny: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    log = TrainingRun.log

    def interrupted(run: TrainingRun, step: Any) -> None:
        log(run, step)
        if step.step == 1:
            signal.raise_signal(signal.SIGINT)

    with monkeypatch.context() as patched:
        patched.setattr(TrainingRun, "log", interrupted)
        assert main([*COMMAND, "--quiet"]) == 130
    said = capsys.readouterr().err
    assert "stopping once what is under way is saved" in said
    assert said.endswith("it is saved in run. To go on: octavo train --resume -o run\n")
    monkeypatch.chdir(tiny.parent)
    assert main(["train", "--resume", "-o", "here/run"]) == 0
    assert "4 steps, going on after step 2" in capsys.readouterr().err


@pytest.mark.usefixtures("usual_interrupts")
def test_an_interrupt_before_there_is_anything_to_keep_leaves_nothing(
    tiny: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sft, "this_machine", lambda: signal.raise_signal(signal.SIGINT))
    assert main([*COMMAND, "--quiet"]) == 130
    assert capsys.readouterr().err == "octavo: interrupted\n"
    assert not (tiny / "run").exists()


def test_under_a_launcher_only_the_first_process_speaks(
    tiny: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main([*COMMAND, "--quiet"]) == 0
    capsys.readouterr()
    monkeypatch.setenv("RANK", "1")
    assert main(["train", "--resume", "-o", "run"]) == 0
    assert capsys.readouterr() == ("", "")


# Refused


def test_another_training_in_the_folder_is_left_alone(tiny: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*COMMAND, "--quiet"]) == 0
    for changed, said in (
        ((), "begun here already; go on with it: octavo train --resume -o run"),
        (("--seed", "1"), "another training was begun here, with other seed"),
        (("--seed", "1", "--resume"), "another training was begun here, with other seed"),
    ):
        assert main([*COMMAND, *changed]) == 1
        err = capsys.readouterr().err
        assert said in err
        assert "reading the data" not in err


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["train"], 2, "a training needs data: name a .jsonl or .parquet file"),
        (["train", "talks.jsonl", "--stages", "96"], 2, "a training needs model: name what is trained with --model"),
        (["train", "talks.jsonl", "--model", "m"], 2, "a training needs stages: give their lengths with --stages"),
        (["train", "talks.jsonl", *OPTIONS], 2, "a training is kept in a folder: name one with -o FOLDER"),
        (["train", "--resume"], 2, "name it with -o FOLDER"),
        (["train", "--resume", "-o", "nowhere"], 1, "nowhere: no training was begun here"),
        (["train", "talks.jsonl", *OPTIONS, "-o", "talks.jsonl"], 1, "talks.jsonl: is a file; name a folder"),
        (["train", "talks.jsonl", *OPTIONS, "-o", "model"], 1, "model: holds other files and no training"),
        (["train", "missing.jsonl", *OPTIONS, "-o", "run"], 1, "missing.jsonl: cannot be read"),
        (["train", "silent.jsonl", *OPTIONS, "-o", "run"], 1, "has no assistant turn, so there is nothing to learn"),
        (["train", "mixed.jsonl", *OPTIONS, "-o", "run"], 1, "keep the two in files of their own"),
        ([*COMMAND, "--stages", "96,8k"], 2, "the model reads 128 tokens, not 8,000: add --rope yarn"),
        ([*COMMAND, "--model", "./nothing"], 1, "./nothing: has no tokenizer that can be loaded"),
        ([*COMMAND, "--template", "plain.jinja"], 1, "plain.jinja: has no marks"),
    ],
)
def test_what_cannot_be_trained_is_one_line_and_leaves_nothing(
    tiny: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], code: int, said: str
) -> None:
    user = {"role": "user", "content": "hi"}
    talk = {"messages": [user, {"role": "assistant", "content": "hello"}]}
    (tiny / "silent.jsonl").write_text(json.dumps({"messages": [user]}) + "\n")
    (tiny / "mixed.jsonl").write_text((tiny / "talks.jsonl").read_text() + json.dumps(talk) + "\n")
    (tiny / "plain.jinja").write_text("{{ messages }}")
    assert main([*arguments, "--quiet"]) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("octavo: ")
    assert said in err
    assert err.count("\n") == 1
    assert not os.path.lexists(tiny / "run")


def test_the_model_of_a_training_is_what_came_out_of_another(tiny: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*COMMAND, "--quiet"]) == 0
    again = ["train", "talks.jsonl", "--model", "run", "--stages", "96", "--micro-batch", "2", "-o", "next", "--quiet"]
    assert main(again) == 0
    run, after = TrainingRun(tiny / "run"), TrainingRun(tiny / "next")
    kept = after.recipe()
    assert (kept.start, kept.model, kept.lora) == (run.path.absolute(), run.recipe().model, run.recipe().lora)
    assert kept.micro_batch == 2
    assert after.steps()[0].loss < run.steps()[0].loss
    assert main([*again, "--adapter", str(READER)]) == 2
    assert "are both to be trained on: name one" in capsys.readouterr().err


def test_a_training_that_is_not_finished_is_no_model(tiny: Path, capsys: pytest.CaptureFixture[str]) -> None:
    TrainingRun(tiny / "run").begin(recipe(), "rows")
    assert main(["train", "talks.jsonl", "--model", "run", "--stages", "96", "-o", "next"]) == 1
    assert "run: is not finished, so there is nothing to train on; octavo train --resume" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [COMMAND, (*COMMAND, "--dry-run")])
def test_without_the_extra_the_error_names_it(
    tiny: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    for name in ("torch", "accelerate", "transformers"):
        monkeypatch.setitem(sys.modules, name, None)
    assert main([*arguments, "--quiet"]) == 1
    assert "pip install 'octavo[train]'" in capsys.readouterr().err
