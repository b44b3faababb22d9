"""What transformers' Trainer does, told as it happens and written into the run; and Ctrl-C, told to the Trainer.

Knows the Trainer's callbacks; nothing of models.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from time import perf_counter
from typing import Any

from octavo.errors import TrainingError
from octavo.training.running.interrupts import Interrupts
from octavo.training.running.progress import Saved, StageBegun, StepDone, Stopping, Tell
from octavo.training.running.run import TrainingRun


class AllDone(Exception):
    """The checkpoint that the Trainer goes on from is that of the last step: its weights are loaded, and there is
    nothing left to train. The Trainer itself would take a step more where it was told a number of steps."""


def reporting(
    run: TrainingRun,
    begun: Callable[[int, int], StageBegun],
    interrupts: Interrupts,
    tell: Tell,
    clock: Callable[[], float] = perf_counter,
) -> Any:
    """A callback for the Trainer of one stage. `begun` makes the news of its beginning from the step that it goes on
    after and the steps that it has.

    A loss that is no number ends the training with a `TrainingError`, before anything of it is saved. Where the last
    step was done already, `AllDone` is raised in place of one more.
    """
    from transformers import TrainerCallback

    class Reporting(TrainerCallback):  # type: ignore[misc]
        def __init__(self) -> None:
            self._news: StageBegun | None = None
            self._started = 0.0

        def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            if state.global_step >= state.max_steps:
                raise AllDone
            self._news = begun(state.global_step, state.max_steps)
            self._started = clock()
            if state.is_world_process_zero:
                tell(self._news)

        def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            if asked_anywhere(interrupts, args.world_size) and state.global_step < state.max_steps:
                control.should_save = control.should_training_stop = True
                if state.is_world_process_zero and self._news is not None:
                    tell(Stopping(self._news.stage, state.global_step))

        def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **_: Any) -> None:
            if not logs or "loss" not in logs or self._news is None:
                return
            news, loss, passed = self._news, float(logs["loss"]), clock() - self._started
            if not math.isfinite(loss):
                raise TrainingError(
                    f"the loss is no number ({loss}) after step {state.global_step} of stage {news.stage}: begin anew "
                    "with a lower --learning-rate"
                )
            if state.is_world_process_zero:
                a_step = passed / max(1, state.global_step - news.step)
                step = StepDone(
                    news.stage,
                    news.stages,
                    state.global_step,
                    state.max_steps,
                    loss,
                    float(logs["learning_rate"]),
                    tokens_per_second=float(logs.get("num_tokens", 0)) / passed if passed else 0.0,
                    seconds_left=a_step * (state.max_steps - state.global_step),
                )
                run.log(step)
                tell(step)

        def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            if state.is_world_process_zero and self._news is not None:
                stage = self._news.stage
                tell(Saved(stage, state.global_step, run.stage_folder(stage) / f"checkpoint-{state.global_step}"))

    return Reporting()


def asked_anywhere(interrupts: Interrupts, processes: int) -> bool:
    """Whether any of so many processes was asked to stop: signals come to each in its own time, and all stop after the
    same step. All processes have to ask."""
    if processes == 1:
        return interrupts.asked
    import torch
    from accelerate import PartialState

    asked = torch.tensor(int(interrupts.asked), device=PartialState().device)
    torch.distributed.all_reduce(asked, torch.distributed.ReduceOp.MAX)
    return bool(asked)
