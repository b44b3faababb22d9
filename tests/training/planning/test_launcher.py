from __future__ import annotations

import os
from pathlib import Path

import pytest

from octavo.errors import TrainingError
from octavo.training.planning.launcher import (
    ALONE,
    Sharing,
    processes_here,
    require_launcher,
    row_multiple,
    rows_apart,
    sharing,
)


@pytest.fixture(autouse=True)
def no_launcher(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in os.environ:
        if variable.startswith(("PARALLELISM_CONFIG_", "ACCELERATE_", "WORLD_SIZE", "LOCAL_WORLD_SIZE")):
            monkeypatch.delenv(variable)


def test_without_groups_rows_have_any_length_and_each_process_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "8")
    assert row_multiple() is None
    assert rows_apart() == 8
    assert sharing() == ALONE == Sharing(row=1, weights=1)


def test_processes_of_one_machine_are_those_that_its_launcher_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    assert processes_here() == 1
    monkeypatch.setenv("WORLD_SIZE", "16")
    assert processes_here() == 16
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "8")
    assert processes_here() == 8


@pytest.mark.parametrize(
    ("environment", "weights"),
    [
        ({"ACCELERATE_USE_FSDP": "true"}, 8),
        ({"ACCELERATE_USE_DEEPSPEED": "true", "ACCELERATE_DEEPSPEED_ZERO_STAGE": "3"}, 8),
        ({"ACCELERATE_USE_DEEPSPEED": "true", "ACCELERATE_DEEPSPEED_ZERO_STAGE": "2"}, 1),
    ],
)
def test_weights_are_shared_by_fsdp_and_zero_3(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], weights: int
) -> None:
    monkeypatch.setenv("WORLD_SIZE", "8")
    for variable, value in environment.items():
        monkeypatch.setenv(variable, value)
    assert sharing() == Sharing(row=1, weights=weights)
    assert rows_apart() == 8


@pytest.mark.parametrize(("kind", "multiple"), [("CP", 16), ("SP", 16)])
def test_a_group_of_processes_shares_a_row_that_can_be_divided_among_them(
    monkeypatch: pytest.MonkeyPatch, kind: str, multiple: int
) -> None:
    monkeypatch.setenv("WORLD_SIZE", "16")
    monkeypatch.setenv("ACCELERATE_USE_PARALLELISM_CONFIG", "true")
    monkeypatch.setenv(f"PARALLELISM_CONFIG_{kind}_SIZE", "8")
    if kind == "SP":
        monkeypatch.setenv("PARALLELISM_CONFIG_SP_BACKEND", "deepspeed")
    assert row_multiple() == multiple
    assert rows_apart() == 2
    assert sharing().row == 8


def test_shards_and_groups_together_share_the_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "32")
    for variable in ("ACCELERATE_USE_PARALLELISM_CONFIG", "ACCELERATE_USE_FSDP"):
        monkeypatch.setenv(variable, "true")
    for group, size in (("DP_REPLICATE", "2"), ("DP_SHARD", "2"), ("CP", "8")):
        monkeypatch.setenv(f"PARALLELISM_CONFIG_{group}_SIZE", size)
    assert sharing() == Sharing(row=8, weights=16)
    assert rows_apart() == 4


def test_several_gpus_want_a_launcher(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.cuda.device_count", lambda: 4)
    monkeypatch.setenv("WORLD_SIZE", "4")
    require_launcher()
    monkeypatch.setenv("WORLD_SIZE", "1")
    with pytest.raises(TrainingError, match="there are several GPUs: start with accelerate launch") as raised:
        require_launcher()
    assert Path(str(raised.value).partition("--config_file ")[2].partition(" ")[0]).is_file()
