"""Two processes of one training, as a launcher starts them, on a CPU."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

from octavo.training.running.run import TrainingRun
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


def _free_port() -> str:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return str(listening.getsockname()[1])


def test_all_processes_stop_after_the_same_step_and_one_of_them_speaks(tmp_path: Path) -> None:
    tiny_recipe(tmp_path)
    options = ["--model", "model", "--stages", "96", "--steps", "50", "--batch-tokens", "60", "-o", "run"]
    command = [sys.executable, "-c", _SECOND_IS_ASKED_TO_STOP, "train", "talks.jsonl", *options]
    launcher = {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": _free_port(), "OMP_NUM_THREADS": "1"}
    processes = [
        subprocess.Popen(
            command,
            cwd=tmp_path,
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
    assert [process.returncode for process in processes] == [130, 130], said
    assert "stage 1 of 1, step 1 of 50: loss" in said[0]
    assert "step 1 of 50: loss" not in said[1]
    assert all("stopped after step 3 of 50" in each for each in said)
    assert TrainingRun(tmp_path / "run").checkpoint(1) == tmp_path / "run" / "stage-1" / "checkpoint-3"
