"""Measuring while a model is trained: what the Trainer calls, told as news and written into the run.

Every process measures, since together they may hold one model; the first one writes. Knows the Trainer's callbacks.
"""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter
from typing import Any

from octavo.training.evaluating.evaluation import Evaluation
from octavo.training.evaluating.evaluator import Abandoned, Evaluator
from octavo.training.evaluating.picture import evaluation_picture
from octavo.training.evaluation_plan import EvaluationPlan
from octavo.training.running.interrupts import Interrupts, Stopped
from octavo.training.running.progress import Evaluated, Tell
from octavo.training.running.run import TrainingRun


def evaluating(
    plan: EvaluationPlan,
    evaluator: Evaluator,
    run: TrainingRun,
    stage: int,
    interrupts: Interrupts,
    tell: Tell,
    clock: Callable[[], float] = perf_counter,
) -> Any:
    """A callback for the Trainer of a stage (counted from 1) that measures where `plan` says so.

    Ctrl-C ends a measurement without a result. The one before the first step ends the training too (`Stopped`), since
    no later one can be made in its place; one in the midst of a stage is made when the training goes on; the one after
    the last step is left out.
    """
    from transformers import TrainerCallback

    again = f"To go on: {run.resume_command}"

    class Evaluating(TrainerCallback):  # type: ignore[misc]
        def on_train_begin(self, args: Any, state: Any, control: Any, model: Any = None, **_: Any) -> None:
            written = {(found.stage, found.step) for found in run.evaluations()}
            if (stage, state.global_step) not in written:
                self._measure(args, state, model)

        def on_step_end(self, args: Any, state: Any, control: Any, model: Any = None, **_: Any) -> None:
            self._measure(args, state, model)

        def _measure(self, args: Any, state: Any, model: Any) -> None:
            if not plan.due(stage, state.global_step, state.max_steps):
                return
            begun = clock()
            alone = args.world_size == 1  # of several processes, none may leave the others waiting
            try:
                needles, positions, retention = evaluator.measure(model, lambda: alone and interrupts.asked)
            except Abandoned:
                if state.global_step:
                    return
                raise Stopped(f"stopped before the first step of stage {stage}. {again}") from None
            if state.is_world_process_zero:
                found = Evaluation(stage, state.global_step, needles, positions, retention, clock() - begun)
                run.record(found)
                run.write_picture("evaluation", evaluation_picture(run.evaluations()))
                tell(Evaluated(found))

    return Evaluating()
