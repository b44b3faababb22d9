"""NeedleBench as a task: which of its parts, at which lengths and depths, on which text.

The items are made by `retrieval.py` and `reasoning.py`, one at a time; those of the same length and repeat share their
haystack, and so nearly all of their text.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from octavo.errors import UsageError
from octavo.evaluation.haystack import checked_depths, checked_lengths
from octavo.evaluation.item import Item, Scorer
from octavo.evaluation.names import Language
from octavo.evaluation.scorers.needle import boxed_exact, keywords_found, single_v1, single_v2, words_found
from octavo.evaluation.tasks.needlebench.definition import LANGUAGES, TASKS, TaskName, Version, definition_of
from octavo.evaluation.tasks.needlebench.material import Material
from octavo.evaluation.tasks.needlebench.reasoning import ancestral_trace, multi_reasoning
from octavo.evaluation.tasks.needlebench.retrieval import multi_retrieval, single_retrieval
from octavo.evaluation.tasks.needlebench.scope import Scope
from octavo.models.tokenizer import Tokenizer

_MAKERS = {"s_rt": single_retrieval, "m_rt": multi_retrieval, "m_rs": multi_reasoning, "atc": ancestral_trace}

_SCORERS: Mapping[tuple[Version, TaskName], Scorer] = {
    ("v1", "s_rt"): single_v1,
    ("v1", "m_rt"): keywords_found,
    ("v1", "m_rs"): words_found,
    ("v1", "atc"): single_v1,
    ("v2", "s_rt"): single_v2,
    ("v2", "m_rt"): keywords_found,
    ("v2", "m_rs"): boxed_exact,
    ("v2", "atc"): boxed_exact,
}


class NeedleBench:
    """NeedleBench, version "v1" (the Qwen blog's) or "v2" (today's).

    `folder` is the benchmark's own (`needles.jsonl`, `names.json`, `PaulGrahamEssays.jsonl`, ...); what it does not
    hold is made from `seed`, and `texts`, the user's files by language, take the place of its haystack; the name then
    ends in "-style". Everything else narrows: `tasks` of s_rt, m_rt, m_rs and atc; `lengths` in tokens of `tokenizer`;
    `depths` in percent; `repeats` of every condition; numbers of needles in a chain (`reasoning_needles`,
    `trace_needles`). `buffer` (tokens of each length that are kept free for question and answer) and `snap` (needles
    between sentences instead of inside a word) are the definition's unless given. A length that the buffer takes up
    leaves the needles alone, as in the benchmark.

    Raises `UsageError` for what there is not; `items` raises `EvaluationError`, before the first, for data that are not
    the benchmark's and for too little text.
    """

    def __init__(
        self,
        tokenizer: Tokenizer,
        *,
        version: str = "v2",
        tasks: Sequence[str] = TASKS,
        languages: Sequence[str] = LANGUAGES,
        folder: Path | None = None,
        texts: Mapping[Language, Sequence[Path]] | None = None,
        lengths: Sequence[int] | None = None,
        depths: Sequence[float] | None = None,
        repeats: int | None = None,
        reasoning_needles: Sequence[int] | None = None,
        trace_needles: Sequence[int] | None = None,
        buffer: int | None = None,
        snap: bool = False,
        seed: int = 0,
    ) -> None:
        definition = definition_of(version)
        self._tasks = tuple(task for task in TASKS if task in _known(tasks, TASKS, "task"))
        self._languages = tuple(each for each in LANGUAGES if each in _known(languages, LANGUAGES, "language"))
        self._tokenizer = tokenizer
        self._scope = Scope(
            definition=definition,
            lengths=checked_lengths(definition.lengths if lengths is None else lengths),
            depths=checked_depths(definition.depths if depths is None else depths),
            repeats=repeats,
            reasoning_needles=tuple(definition.reasoning_needles if reasoning_needles is None else reasoning_needles),
            trace_needles=tuple(definition.trace_needles if trace_needles is None else trace_needles),
            buffer=buffer,
            snap=snap,
        )
        self._material = Material(definition, tokenizer, folder, texts or {}, seed)
        self._seed = seed

    @property
    def name(self) -> str:
        """With "-style" where text, needles or names are not the benchmark's, or where needles stand elsewhere."""
        scope = self._scope
        followed = self._material.is_official(self._tasks, self._languages) and not scope.snap and scope.buffer is None
        return f"needlebench-{scope.definition.version}{'' if followed else '-style'}"

    @property
    def scorers(self) -> Mapping[str, Scorer]:
        """The score of the definition, which each of the four tasks has its own of."""
        return {"score": self._score}

    def items(self) -> Iterator[Item]:
        """By task, language, length, repeat, depth."""
        for _ in self._items(self._scope.hardest):
            pass  # Where there is too little of anything, that is said before anything is asked.
        yield from self._items(self._scope)

    def settings(self) -> Mapping[str, Any]:
        """Everything given or left to the definition, and the hashes of the files."""
        scope = self._scope
        return {
            "task": self.name,
            "tasks": list(self._tasks),
            "languages": list(self._languages),
            "lengths": list(scope.lengths),
            "depths": list(scope.depths),
            "repeats": {task: len(scope.repeats_of(task)) for task in self._tasks},
            "reasoning_needles": list(scope.reasoning_needles),
            "trace_needles": list(scope.trace_needles),
            "buffer": scope.buffer,
            "snap": scope.snap,
            "seed": self._seed,
            "tokenizer": self._tokenizer.id,
            **self._material.settings(self._tasks, self._languages),
        }

    @property
    def warnings(self) -> tuple[str, ...]:
        """What to know about the lengths: those of which the buffer takes half or more."""
        scope = self._scope
        tasks: dict[str, list[str]] = {}
        for task in self._tasks:
            for language in self._languages if task != "atc" else ():
                rooms = {length: scope.room(length, task, language) for length in scope.lengths}
                left = ", ".join(
                    f"{room:,} of {length:,}" if room else f"nothing but the needles of {length:,}"
                    for length, room in rooms.items()
                    if room <= length / 2
                )
                if left:
                    tasks.setdefault(left, []).append(f"{task} in {language}")
        return tuple(
            f"{', '.join(named)}: the tokens that are kept free for question and answer leave {left}; --buffer N keeps "
            "N free"
            for left, named in tasks.items()
        )

    def _items(self, scope: Scope) -> Iterator[Item]:
        for task in self._tasks:
            for language in self._languages:
                yield from _MAKERS[task](self._material, scope, language)

    def _score(self, item: Item, text: str) -> float | None:
        return _SCORERS[self._scope.definition.version, item.conditions["task"]](item, text)


def _known(given: Sequence[str], known: Sequence[str], what: str) -> Sequence[str]:
    for each in given:
        if each not in known:
            raise UsageError(f"NeedleBench has no {what} {each}; there are {', '.join(known)}")
    return given
