"""The processes of one training, as a launcher (`accelerate launch`) started them: what they share, and what each has.

Knows accelerate's configuration; nothing of what is trained.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from octavo.errors import MissingExtra, TrainingError

_WHOLE_ZERO = "3"
"""The stage of DeepSpeed's ZeRO that shares out the weights too, not only what comes on top of them."""


@dataclass(frozen=True, slots=True)
class Sharing:
    """How many processes work on one `row` of tokens together, and how many share out one copy of the `weights`, their
    gradients and the optimizer. Where each has all of it (plain data parallelism), both are 1."""

    row: int = 1
    weights: int = 1


ALONE = Sharing()
"""Nothing is shared."""


def require_launcher() -> None:
    """Raises `TrainingError` for several GPUs and one process: most would lie idle; `MissingExtra` without torch."""
    try:
        import torch
    except ImportError as error:
        raise MissingExtra("training", "train") from error
    if torch.cuda.device_count() > 1 and process_count() == 1:
        configuration = Path(__file__).parent.parent / "engines" / "context-parallel.yaml"
        raise TrainingError(
            f"there are several GPUs: start with accelerate launch --config_file {configuration} --no_python octavo "
            "train ..., or choose one GPU (CUDA_VISIBLE_DEVICES=0)"
        )


def processes_here() -> int:
    """How many of the training's processes run on this machine, which share its memory."""
    return int(os.environ.get("LOCAL_WORLD_SIZE") or process_count())


def process_count() -> int:
    """How many processes train together, on all machines."""
    return int(os.environ.get("WORLD_SIZE") or 1)


def sharing() -> Sharing:
    """What the launcher's processes share, by its groups that read one row, and FSDP's shards or DeepSpeed's ZeRO-3."""
    groups = _groups()
    row = 1 if groups is None else int(groups.non_data_parallel_size)
    if _is_said("ACCELERATE_USE_FSDP"):
        shards = None if groups is None else groups.dp_shard_size * groups.cp_size * groups.tp_size
        return Sharing(row, process_count() if shards is None else int(shards))
    if _is_said("ACCELERATE_USE_DEEPSPEED") and os.environ.get("ACCELERATE_DEEPSPEED_ZERO_STAGE") == _WHOLE_ZERO:
        return Sharing(row, process_count())
    return Sharing(row)


def rows_apart() -> int:
    """How many processes work on rows of their own; others share one row among them."""
    return max(1, process_count() // sharing().row)


def row_multiple() -> int | None:
    """Of what number the tokens of a row must be a multiple; None where any number will do.

    Context parallelism cuts a row into two pieces for each process of a group, so that all have as much to do
    (Grattafiori et al. 2024, arXiv 2407.21783, section 3.3.2), and sequence parallelism into one.
    """
    groups = _groups()
    return None if groups is None else 2 * int(groups.cp_size) * int(groups.sp_size)


def _groups() -> Any:
    """The launcher's groups of processes that share a row; None without any."""
    from accelerate.utils import ParallelismConfig

    return ParallelismConfig() if _is_said("ACCELERATE_USE_PARALLELISM_CONFIG") else None


def _is_said(variable: str) -> bool:
    return os.environ.get(variable, "false").lower() == "true"
