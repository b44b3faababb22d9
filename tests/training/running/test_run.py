from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from octavo.errors import TrainingError
from octavo.training.recipe import Lora, Recipe, Stage
from octavo.training.running.progress import StepDone
from octavo.training.running.run import TrainingRun

RECIPE = Recipe(
    "some/model",
    (Path("talks.jsonl"),),
    (Stage(8192), Stage(32768, epochs=2.0, steps=7)),
    rope="yarn",
    lora=Lora(rank=8),
    short_data=(Path("short.parquet"),),
    short_share=0.25,
    template=Path("chat.jinja"),
)


def step(number: int, loss: float, stage: int = 1) -> StepDone:
    return StepDone(stage, 2, number, 4, loss, 1e-4, 100.0, 12.0)


@pytest.fixture
def run(tmp_path: Path) -> TrainingRun:
    begun = TrainingRun(tmp_path / "run")
    begun.begin(RECIPE, "rows")
    return begun


def test_a_recipe_is_read_back_as_it_was(run: TrainingRun) -> None:
    assert run.recipe() == RECIPE
    assert json.loads((run.path / "recipe.json").read_text(encoding="utf-8"))["recipe"]["stages"][1]["steps"] == 7


def test_the_same_training_goes_on_only_where_it_is_said(run: TrainingRun) -> None:
    run.begin(RECIPE, "rows", resume=True)
    with pytest.raises(TrainingError, match=r"begun here already; go on with it: octavo train --resume -o "):
        run.begin(RECIPE, "rows")


def test_another_recipe_is_refused_and_what_differs_is_named(run: TrainingRun) -> None:
    with pytest.raises(TrainingError, match="another training was begun here, with other lora, seed;"):
        run.begin(replace(RECIPE, seed=1, lora=Lora(rank=4)), "rows", resume=True)


def test_other_rows_of_tokens_are_refused(run: TrainingRun) -> None:
    with pytest.raises(TrainingError, match="the data, or how it becomes tokens"):
        run.begin(RECIPE, "other rows", resume=True)


def test_there_must_be_something_to_go_on_with(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="no training was begun here; leave out --resume"):
        TrainingRun(tmp_path).begin(RECIPE, "rows", resume=True)
    with pytest.raises(TrainingError, match="no training was begun here; begin one with: octavo train"):
        TrainingRun(tmp_path).recipe()


def test_a_folder_of_something_else_is_not_trained_in(tmp_path: Path) -> None:
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "chapter.md").write_text("mine")
    with pytest.raises(TrainingError, match="holds other files and no training; name a new folder with -o"):
        TrainingRun(tmp_path / "notes").begin(RECIPE, "rows")
    with pytest.raises(TrainingError, match="is a file; name a folder with -o"):
        TrainingRun(tmp_path / "notes" / "chapter.md").begin(RECIPE, "rows")


def test_what_was_prepared_for_a_training_that_did_not_begin_is_in_nobodys_way(tmp_path: Path) -> None:
    run = TrainingRun(tmp_path / "run")
    with run.held():
        run.rows.parent.mkdir(parents=True)
        run.require_same(RECIPE)
        run.abandon()
    assert not run.path.exists()
    run.begin(RECIPE, "rows")
    run.abandon()
    assert run.begun


def test_the_command_that_goes_on_names_the_folder() -> None:
    assert TrainingRun(Path("my run")).resume_command == "octavo train --resume -o 'my run'"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", "cannot be read"),
        ("[]", "does not describe a training"),
        ('{"version": 99, "rows": "", "recipe": {}}', "made by a newer octavo"),
        ('{"version": 1, "rows": "", "recipe": {"model": "m"}}', "a recipe that cannot be read"),
    ],
)
def test_a_damaged_or_newer_folder_is_an_error(run: TrainingRun, text: str, reason: str) -> None:
    (run.path / "recipe.json").write_text(text, encoding="utf-8")
    with pytest.raises(TrainingError, match=reason):
        run.recipe()


def test_of_a_step_done_twice_the_last_counts(run: TrainingRun) -> None:
    for each in (step(1, 3.0), step(2, 2.0), step(2, 2.5), step(1, 1.0, stage=2)):
        run.log(each)
    assert run.steps() == [step(1, 3.0), step(2, 2.5), step(1, 1.0, stage=2)]


def test_a_line_that_a_crash_cut_off_is_left_out_and_not_continued(run: TrainingRun) -> None:
    run.log(step(1, 3.0))
    with (run.path / "log.jsonl").open("a", encoding="utf-8") as file:
        file.write('{"stage": 1, "st')
    assert run.steps() == [step(1, 3.0)]
    run.begin(RECIPE, "rows", resume=True)
    run.log(step(2, 2.0))
    assert run.steps() == [step(1, 3.0), step(2, 2.0)]


def test_a_damaged_line_in_the_middle_is_an_error(run: TrainingRun) -> None:
    (run.path / "log.jsonl").write_text("{broken\n", encoding="utf-8")
    with pytest.raises(TrainingError, match=r"log\.jsonl, line 1: is damaged"):
        run.steps()


def test_the_newest_whole_checkpoint_is_gone_on_with(run: TrainingRun) -> None:
    assert run.checkpoint(1) is None
    for number in (5, 50, 100):
        folder = run.stage_folder(1) / f"checkpoint-{number}"
        folder.mkdir(parents=True)
        if number != 100:
            (folder / "trainer_state.json").write_text('{"global_step": 1}')
    assert run.checkpoint(1) == run.stage_folder(1) / "checkpoint-50"
    (run.stage_folder(1) / "checkpoint-50" / "trainer_state.json").write_text('{"global_st')  # a crash cut it off
    assert run.checkpoint(1) == run.stage_folder(1) / "checkpoint-5"


def test_the_last_stages_outcome_stands_at_the_top(run: TrainingRun) -> None:
    assert run.outcome_of(RECIPE, 1) == run.path / "stage-1" / "adapter"
    assert run.outcome == run.path / "adapter"
    assert TrainingRun(run.path).outcome_of(replace(RECIPE, method="full"), 2) == run.path / "model"


def test_an_outcome_is_there_when_all_of_it_is_written(run: TrainingRun) -> None:
    partial = run.partial(run.outcome)
    partial.mkdir()
    (partial / "weights").touch()
    assert not run.finished
    run.put(partial, run.outcome)
    assert run.finished
    assert (run.outcome / "weights").exists()


def test_what_a_crash_left_of_an_outcome_is_no_part_of_the_next(run: TrainingRun) -> None:
    partial = run.partial(run.outcome)
    partial.mkdir()
    (partial / "model-00003-of-00003.safetensors").touch()
    run.clear(partial)
    assert not partial.exists()
    run.clear(partial)


def test_what_is_no_longer_needed_is_removed(run: TrainingRun) -> None:
    run.rows.parent.mkdir()
    for stage in (1, 2):
        (run.stage_folder(stage) / "checkpoint-4").mkdir(parents=True)
    run.tidy()
    assert (run.stage_folder(1) / "checkpoint-4").exists()
    (run.stage_folder(1) / "adapter").mkdir()
    run.tidy()
    assert run.rows.parent.exists()
    assert [path.name for path in run.stage_folder(1).iterdir()] == ["adapter"]
    assert [path.name for path in run.stage_folder(2).iterdir()] == ["checkpoint-4"]
    run.outcome.mkdir()
    run.tidy()
    assert not run.rows.parent.exists()
    assert not run.stage_folder(2).exists()


def test_a_folder_of_someones_rows_is_no_place_for_a_training_and_stays(tmp_path: Path) -> None:
    mine = tmp_path / "project" / "rows" / "mine.csv"
    mine.parent.mkdir(parents=True)
    mine.touch()
    run = TrainingRun(tmp_path / "project")
    with pytest.raises(TrainingError, match="holds other files"):
        run.require_same(RECIPE)
    with run.held():
        run.abandon()
    assert mine.exists()


def test_a_folder_is_held_by_one_process_at_a_time(run: TrainingRun) -> None:
    other = TrainingRun(run.path)
    with run.held():
        with pytest.raises(TrainingError, match=r"is being trained by another process") as refused, other.held():
            raise AssertionError("both hold it")
        assert "\n" not in str(refused.value)
    with other.held():
        pass


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    run = TrainingRun(tmp_path / "file" / "run")
    with pytest.raises(TrainingError, match=r"file/run: cannot be written .* name another folder with -o"), run.held():
        raise AssertionError("it was made")
