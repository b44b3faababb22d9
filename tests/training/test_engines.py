from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import octavo.training

ENGINES = Path(octavo.training.__file__).parent / "engines"
NAMES = ["context-parallel", "one-gpu", "sequence-parallel"]


def launched(name: str) -> tuple[Any, dict[str, str]]:
    """The options and the environment that accelerate's launcher makes of a configuration."""
    from accelerate.commands.launch import _validate_launch_command, launch_command_parser
    from accelerate.utils.launch import prepare_multi_gpu_env, prepare_simple_launcher_cmd_env

    command = ["--config_file", str(ENGINES / f"{name}.yaml"), "--no_python", "octavo", "train", "data.jsonl"]
    options, _, _ = _validate_launch_command(launch_command_parser().parse_args(command))
    if options.num_processes == 1:
        return options, prepare_simple_launcher_cmd_env(options)[1]
    return options, prepare_multi_gpu_env(options)


def test_every_engine_is_tested() -> None:
    assert sorted(path.stem for path in ENGINES.glob("*.yaml")) == NAMES


def test_the_command_of_the_documentation_says_where_they_are() -> None:
    documented = (Path(__file__).parents[2] / "docs" / "training.md").read_text(encoding="utf-8")
    code = documented.partition("engines=$(python -c '")[2].partition("')")[0]
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == str(ENGINES)


@pytest.mark.parametrize("name", NAMES)
def test_accelerate_reads_it_and_knows_every_key(name: str) -> None:
    from accelerate.commands.config.config_args import load_config_from_file
    from accelerate.commands.launch import launch_command_parser

    config = load_config_from_file(str(ENGINES / f"{name}.yaml"))  # raises for a key that is not known
    assert config.mixed_precision == "bf16"
    options = vars(launch_command_parser().parse_args(["octavo"]))
    inner = {**config.fsdp_config, **config.deepspeed_config, **config.parallelism_config}
    assert [key for key in inner if key not in options] == []


def test_one_gpu_starts_one_process() -> None:
    options, environment = launched("one-gpu")
    assert (options.num_processes, options.use_fsdp, options.use_deepspeed) == (1, False, False)
    assert environment["ACCELERATE_MIXED_PRECISION"] == "bf16"


@pytest.mark.parametrize("name", ["context-parallel", "sequence-parallel"])
def test_the_groups_take_all_the_gpus(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    from accelerate import ParallelismConfig

    options, environment = launched(name)
    for variable in [*os.environ, *environment]:
        if variable.startswith(("PARALLELISM_CONFIG_", "ACCELERATE_", "FSDP_")):
            monkeypatch.delenv(variable, raising=False)
    for variable, value in environment.items():
        if variable.startswith("PARALLELISM_CONFIG_"):
            monkeypatch.setenv(variable, value)
    groups = ParallelismConfig()
    assert groups.total_size == options.num_processes == 8
    assert (groups.cp_size, groups.sp_size) == {"context-parallel": (8, 1), "sequence-parallel": (1, 8)}[name]
    if name == "sequence-parallel":
        assert groups.sp_backend == "deepspeed"
        assert groups.sp_handler.sp_attn_implementation == "sdpa"


def test_context_parallelism_runs_on_fsdp_2(monkeypatch: pytest.MonkeyPatch) -> None:
    from accelerate import FullyShardedDataParallelPlugin

    options, environment = launched("context-parallel")
    assert options.use_fsdp
    assert environment["ACCELERATE_USE_FSDP"] == "true"
    for variable, value in environment.items():
        if variable.startswith("FSDP_"):
            monkeypatch.setenv(variable, value)
    plugin = FullyShardedDataParallelPlugin()
    assert plugin.fsdp_version == 2
    assert plugin.reshard_after_forward
    assert not plugin.activation_checkpointing


def test_sequence_parallelism_runs_on_zero_3() -> None:
    options, _ = launched("sequence-parallel")
    assert options.use_deepspeed
    assert options.zero_stage == 3
    assert options.zero3_save_16bit_model
