from __future__ import annotations

import os
from types import SimpleNamespace

import pytest

from octavo.errors import TrainingError
from octavo.training.running.launcher import require_launcher, row_multiple, rows_apart


@pytest.fixture(autouse=True)
def no_launcher(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in os.environ:
        if variable.startswith(("PARALLELISM_CONFIG_", "ACCELERATE_")):
            monkeypatch.delenv(variable)


def test_without_groups_rows_have_any_length_and_each_process_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("accelerate.PartialState", lambda: SimpleNamespace(num_processes=8))
    assert row_multiple() is None
    assert rows_apart() == 8


@pytest.mark.parametrize(("kind", "multiple"), [("CP", 16), ("SP", 16)])
def test_a_group_of_processes_shares_a_row_that_can_be_divided_among_them(
    monkeypatch: pytest.MonkeyPatch, kind: str, multiple: int
) -> None:
    monkeypatch.setattr("accelerate.PartialState", lambda: SimpleNamespace(num_processes=16))
    monkeypatch.setenv("ACCELERATE_USE_PARALLELISM_CONFIG", "true")
    monkeypatch.setenv(f"PARALLELISM_CONFIG_{kind}_SIZE", "8")
    if kind == "SP":
        monkeypatch.setenv("PARALLELISM_CONFIG_SP_BACKEND", "deepspeed")
    assert row_multiple() == multiple
    assert rows_apart() == 2


def test_several_gpus_want_a_launcher(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.cuda.device_count", lambda: 4)
    require_launcher(SimpleNamespace(num_processes=4))
    with pytest.raises(TrainingError, match="there are several GPUs: start with accelerate launch"):
        require_launcher(SimpleNamespace(num_processes=1))
