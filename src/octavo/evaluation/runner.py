"""Items times methods become predictions, and predictions scores: parallel, resumable, the same every time.

Each prediction is written as it comes; a run that was interrupted, or that failed on some items, goes on with what is
missing when it is started again. At the end the predictions are put in order. Knows tasks, methods and folders; nothing
of models.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from octavo.evaluation.freeing import give_back_free_memory, share_arenas
from octavo.evaluation.item import Item, Prediction, Task
from octavo.evaluation.methods import Method
from octavo.evaluation.run_folder import RunFolder
from octavo.evaluation.scoring import Scored, evidence_values, score_prediction, scores_of
from octavo.reading.workers import work_through

_LONG = 1_000_000
"""Characters of a context whose making, and reading, leave much memory behind."""


@dataclass(frozen=True, slots=True)
class Progress:
    """One more prediction: `number` counts from 1, with those that an earlier start made; `value` is its headline
    score."""

    number: int
    method: str
    item: Item
    prediction: Prediction
    value: float
    made_now: bool


async def run_evaluation(
    task: Task,
    methods: Sequence[Method],
    folder: RunFolder,
    *,
    items_at_once: int = 1,
    most_tokens: int | None = None,
    tell: Callable[[Progress], None] = lambda _: None,
) -> dict[str, Any]:
    """Answer every item with every method, and score. Returns the scores, which the folder holds too; "complete" in
    them says whether all items were answered.

    Items go one after the other unless more are wanted at once: a reading keeps a server busy by itself, and items that
    share a context find each other's calls in the ledger. When prompts and replies of this start come to `most_tokens`
    tokens, no further item is begun. Raises what ends a run: a server that is gone, a wrong key, data that is not the
    task's.
    """
    share_arenas()
    return await _Run(task, methods, folder, most_tokens, tell).go(items_at_once)


@dataclass(frozen=True, slots=True)
class _Queued:
    """An item for a method; `place` orders the results, `first` says that its context is asked about for the first
    time."""

    place: tuple[int, int]
    method: Method
    item: Item
    first: bool


class _Run:
    """One start of a run."""

    def __init__(
        self,
        task: Task,
        methods: Sequence[Method],
        folder: RunFolder,
        most_tokens: int | None,
        tell: Callable[[Progress], None],
    ) -> None:
        self.task = task
        self.methods = methods
        self.folder = folder
        self.most_tokens = most_tokens
        self.tell = tell
        self.spent = 0
        self.complete = True
        self.kept = {
            (method, prediction.item_id): prediction
            for method, prediction in folder.predictions()
            if prediction.error is None
        }
        self.scored: dict[tuple[int, int], Scored] = {}

    async def go(self, items_at_once: int) -> dict[str, Any]:
        """Run to the end, and score."""
        await work_through(self._queue(), self._work, items_at_once)
        ordered = [self.scored[place] for place in sorted(self.scored)]
        self.folder.rewrite((each.method, each.prediction) for each in ordered)
        scores = {**scores_of(self.task.name, list(self.task.scorers), ordered), "complete": self.complete}
        self.folder.write_scores(scores)
        return scores

    def _queue(self) -> Iterator[_Queued]:
        seen: set[bytes] = set()
        for index, item in enumerate(self.task.items()):
            context = hashlib.sha256(item.context.encode("utf-8", "surrogatepass")).digest()
            for column, method in enumerate(self.methods):
                yield _Queued((index, column), method, item, first=context not in seen)
            seen.add(context)

    async def _work(self, queued: _Queued) -> None:
        place, method, item = queued.place, queued.method, queued.item
        kept = self.kept.get((method.name, item.id))
        if kept is None and self.most_tokens is not None and self.spent >= self.most_tokens:
            self.complete = False
            return
        if kept is None and len(item.context) > _LONG:
            await asyncio.to_thread(give_back_free_memory)
        prediction = kept or await method.answer(item)
        if kept is None:
            self.spent += prediction.prompt_tokens + prediction.completion_tokens
            self.folder.append(method.name, prediction)
        values = await asyncio.to_thread(score_prediction, item, prediction, self.task.scorers)
        # The context is not needed any more, and may be megabytes long.
        light = replace(item, context="")
        evidence = evidence_values(item, prediction)
        self.scored[place] = Scored(method.name, light, prediction, values, evidence, queued.first)
        headline = next(iter(self.task.scorers))
        self.tell(Progress(len(self.scored), method.name, light, prediction, values[headline], kept is None))
