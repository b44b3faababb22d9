"""The processes of one training, as a launcher (`accelerate launch`) started them: which of them share a row of tokens.

Knows accelerate's configuration; nothing of what is trained.
"""

from __future__ import annotations

import os
from typing import Any

from octavo.errors import TrainingError


def require_launcher(processes: Any) -> None:
    """Raises `TrainingError` for several GPUs and one process (accelerate's `PartialState`): most would lie idle."""
    import torch

    if torch.cuda.device_count() > 1 and processes.num_processes == 1:
        raise TrainingError(
            "there are several GPUs: start with accelerate launch and one of the configurations in octavo's "
            "training/engines, or choose one GPU (CUDA_VISIBLE_DEVICES=0)"
        )


def rows_apart() -> int:
    """How many processes work on rows of their own; others share one row among them."""
    from accelerate import PartialState

    processes, groups = int(PartialState().num_processes), _groups()
    return processes if groups is None else max(1, processes // int(groups.non_data_parallel_size))


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

    shared = os.environ.get("ACCELERATE_USE_PARALLELISM_CONFIG", "false").lower() == "true"
    return ParallelismConfig() if shared else None
