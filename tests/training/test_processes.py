"""Two processes of one training, as a launcher starts them, on a CPU."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

from octavo.training.running.run import TrainingRun
from octavo.training.sft import train
from tests.training.test_sft import weights
from tests.training.tiny_run import tiny_recipe

_SECOND_IS_ASKED_TO_STOP = """
import os, signal, sys
from octavo.cli.main import main
from transformers import TrainerCallback

if os.environ["RANK"] == "1":
    def asked(self, args, state, control, **_):
        if state.global_step == 2:
            signal.raise_signal(signal.SIGTERM)
    TrainerCallback.on_step_begin = asked
sys.exit(main(sys.argv[1:]))
"""


_OCTAVO = "import sys; from octavo.cli.main import main; sys.exit(main(sys.argv[1:]))"
TRAIN = ("train", "talks.jsonl", "--model", "model", "--stages", "96", "--rank", "4", "--batch-tokens", "60")
LEARNED = ("--steps", "5", "--evaluate-lengths", "400", "--learning-rate", "1e-2")


def _free_port() -> str:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return str(listening.getsockname()[1])


def _two(folder: Path, program: str, *arguments: str) -> tuple[list[int], list[str]]:
    """The exit codes of two processes that run `octavo` together, and what each says."""
    command = [sys.executable, "-c", program, *arguments]
    launcher = {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": _free_port(), "OMP_NUM_THREADS": "1"}
    processes = [
        subprocess.Popen(
            command,
            cwd=folder,
            env={**os.environ, **launcher, "RANK": rank, "LOCAL_RANK": rank},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in ("0", "1")
    ]
    try:
        said = [process.communicate(timeout=120)[1] for process in processes]
    finally:
        for process in processes:
            process.kill()
    return [process.returncode for process in processes], said


def test_all_processes_stop_after_the_same_step_and_one_of_them_speaks(tmp_path: Path) -> None:
    tiny_recipe(tmp_path)
    codes, said = _two(tmp_path, _SECOND_IS_ASKED_TO_STOP, *TRAIN, "--steps", "50", "-o", "run")
    assert codes == [130, 130], said
    assert "stage 1 of 1, step 1 of 50: loss" in said[0]
    assert "step 1 of 50: loss" not in said[1]
    assert all("stopped after step 3 of 50" in each for each in said)
    assert TrainingRun(tmp_path / "run").checkpoint(1) == tmp_path / "run" / "stage-1" / "checkpoint-3"


def test_two_processes_learn_what_one_does_and_go_on_where_they_stopped(tmp_path: Path) -> None:
    import torch

    tiny_recipe(tmp_path)
    assert _two(tmp_path, _SECOND_IS_ASKED_TO_STOP, *TRAIN, *LEARNED, "-o", "two")[0] == [130, 130]
    codes, said = _two(tmp_path, _OCTAVO, "train", "--resume", "-o", "two")
    assert codes == [0, 0], said
    codes, said = _two(tmp_path, _OCTAVO, *TRAIN, *LEARNED, "-o", "straight")
    assert codes == [0, 0], said
    stopped, straight = (TrainingRun(tmp_path / name) for name in ("two", "straight"))
    assert [step.step for step in stopped.steps()] == [1, 2, 3, 4, 5]
    assert [found.step for found in stopped.evaluations()] == [0, 5]
    alone = train(straight.recipe(), tmp_path / "alone")
    for run in (stopped, straight):
        for name, values in weights(run.outcome).items():
            torch.testing.assert_close(values, weights(alone.outcome)[name], rtol=0.05, atol=2e-3)
            assert "lora_B" not in name or values.abs().max() > 1e-2  # from 0
