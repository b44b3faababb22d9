"""RULER as a task: which of its thirteen, at which lengths, with how many samples.

Lengths are those of the whole prompt and the answer, as RULER counts them. Needs the words of the package
`wonderwords`, essays for five of the thirteen, and the files of SQuAD and HotpotQA for two.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import regex

from octavo.documents.document import text_id
from octavo.documents.sentences import sentence_spans
from octavo.errors import EvaluationError, UsageError
from octavo.evaluation.data_files import read_text
from octavo.evaluation.haystack import Haystack, checked_lengths
from octavo.evaluation.item import Item, Scorer
from octavo.evaluation.scorers.contains import contains_all, contains_any
from octavo.evaluation.tasks.ruler import common_words, documents, frequent_words, needles, variable_tracking
from octavo.evaluation.tasks.ruler.documents import Question, Questions
from octavo.evaluation.tasks.ruler.drafts import Draft, fit
from octavo.models.tokenizer import Tokenizer

TASKS = (*needles.NEEDLE_TASKS, "vt", "cwe", "fwe", "qa_1", "qa_2")
"""The thirteen, by RULER's names for them."""

LENGTHS = (4_096, 8_192, 16_384, 32_768, 65_536, 131_072)
SAMPLES = 500

_ESSAYS = "PaulGrahamEssays"
_ESSAY_TASKS = frozenset(name for name, task in needles.NEEDLE_TASKS.items() if task.haystack == "essay")
_QUESTION_TASKS = {"qa_1": documents.read_squad, "qa_2": documents.read_hotpotqa}
_ANSWER_TOKENS: Mapping[str, int] = {
    **dict.fromkeys(needles.NEEDLE_TASKS, needles.TOKENS_TO_GENERATE),
    **dict.fromkeys(_QUESTION_TASKS, documents.TOKENS_TO_GENERATE),
    "vt": variable_tracking.TOKENS_TO_GENERATE,
    "cwe": common_words.TOKENS_TO_GENERATE,
    "fwe": frequent_words.TOKENS_TO_GENERATE,
}
"""The longest answer to each, for which its length leaves room."""


class Ruler:
    """RULER (Hsieh et al. 2024, arXiv:2404.06654).

    `essays` are the text of the tasks that hide needles in essays; unless they are a file named PaulGrahamEssays, the
    task's name ends in "-style". `squad` and `hotpotqa` are the files of qa_1 and qa_2. `tasks` are those that can be
    made from what is given, unless named. `lengths` are tokens of `tokenizer`; `samples` are made of each task at each
    length. Raises `UsageError` for a task that there is not, or that lacks its file; `items` raises `EvaluationError`,
    before the first, for too little text, for lengths that are too short and for a file in another format.
    """

    def __init__(
        self,
        tokenizer: Tokenizer,
        *,
        tasks: Sequence[str] | None = None,
        essays: Sequence[Path] = (),
        squad: Path | None = None,
        hotpotqa: Path | None = None,
        lengths: Sequence[int] = LENGTHS,
        samples: int = SAMPLES,
        seed: int = 42,
    ) -> None:
        self._tokenizer = tokenizer
        self._essays = tuple(essays)
        self._question_files = {"qa_1": squad, "qa_2": hotpotqa}
        self._lengths = checked_lengths(lengths)
        self._samples = samples
        self._seed = seed
        self._kept: tuple[int, tuple[str, ...]] = (0, ())
        if tasks is None:
            self._tasks = tuple(task for task in TASKS if self._lacking(task) is None)
        else:
            self._tasks = tuple(task for task in TASKS if task in tasks)
            self._check(tasks)

    @property
    def name(self) -> str:
        """With "-style" where the essays are others."""
        uses_essays = any(task in _ESSAY_TASKS for task in self._tasks)
        return "ruler-style" if uses_essays and any(path.stem != _ESSAYS for path in self._essays) else "ruler"

    @property
    def scorers(self) -> Mapping[str, Scorer]:
        """The share of the references that stand in the answer; for questions, whether one does."""
        return {"score": _score}

    def items(self) -> Iterator[Item]:
        """By task, length, sample."""
        self._check_lengths()
        for task in self._tasks:
            for length in self._lengths:
                for sample in range(self._samples):
                    yield self._item(task, length, sample)

    def settings(self) -> Mapping[str, Any]:
        """Everything given, and the hashes of the files."""
        uses_essays = any(task in _ESSAY_TASKS for task in self._tasks)
        return {
            "task": self.name,
            "tasks": list(self._tasks),
            "lengths": list(self._lengths),
            "samples": self._samples,
            "seed": self._seed,
            "tokenizer": self._tokenizer.id,
            "essays": self._haystack.id if uses_essays else None,
            "files": {
                task: text_id(read_text(file))
                for task, file in self._question_files.items()
                if task in self._tasks and file is not None
            },
        }

    def _check(self, tasks: Sequence[str]) -> None:
        for task in tasks:
            if task not in TASKS:
                raise UsageError(f"RULER has no task {task}; there are {', '.join(TASKS)}")
            lacking = self._lacking(task)
            if lacking is not None:
                raise UsageError(f"RULER's {task} needs {lacking}")

    def _check_lengths(self) -> None:
        """Make an item of each task at the shortest length, which may be too short; and at the longest, which there may
        be too little text for, of those that need the user's: one in essays stands for all, the first in RULER's order,
        since it has the fewest needles."""
        for length in sorted(self._lengths)[:1]:
            for task in self._tasks:
                self._draft(task, length, 0)
        in_essays = [task for task in self._tasks if task in _ESSAY_TASKS]
        asked = [task for task in self._tasks if task in _QUESTION_TASKS]
        for length in sorted(self._lengths)[-1:]:
            for task in (*in_essays[:1], *asked):
                self._draft(task, length, 0)
        for task in asked:
            self._question(task, self._samples - 1)

    def _lacking(self, task: str) -> str | None:
        if task in _ESSAY_TASKS and not self._essays:
            return "text to hide needles in; name text files"
        if task == "qa_1" and self._question_files[task] is None:
            return "questions; name a file of SQuAD"
        if task == "qa_2" and self._question_files[task] is None:
            return "questions; name a file of HotpotQA"
        return None

    def _item(self, task: str, length: int, sample: int) -> Item:
        draft = self._draft(task, length, sample)
        return Item(
            id=f"{task}/{length}/{sample}",
            context=draft.context,
            question=draft.question,
            answers=draft.answers,
            evidence=draft.evidence,
            conditions={"task": task, "language": "en", "length": length, "repeat": sample},
            data={"prompt": (draft.before, draft.after)},
            answer_tokens=_ANSWER_TOKENS[task],
        )

    def _draft(self, task: str, length: int, sample: int) -> Draft:
        seed = f"{self._seed}/{task}/{length}/{sample}"
        most: int | None = None
        match task:
            case "vt":
                build, least = variable_tracking.variable_draft(seed), variable_tracking.HOPS + 1
            case "cwe":
                build, least = common_words.common_draft(seed, length), common_words.COMMON + 1
            case "fwe":
                build, least = frequent_words.frequent_draft(seed, length), frequent_words.LEAST
            case "qa_1" | "qa_2":
                questions, question = self._question(task, sample)
                build, least = documents.document_draft(questions, question, seed), len(question.gold)
                most = len(questions.documents)
            case _:
                needle_task = needles.NEEDLE_TASKS[task]
                sentences = self._sentences(length) if task in _ESSAY_TASKS else ()
                build, least = needles.needle_draft(needle_task, seed, sentences), needle_task.needles
                most = len(sentences) or None
        room = length - _ANSWER_TOKENS[task]
        return fit(build, self._tokenizer, room, least=least, most=most, name=f"RULER's {task}")

    def _question(self, task: str, sample: int) -> tuple[Questions, Question]:
        held = self._questions[task]
        if sample >= len(held.questions):
            raise EvaluationError(
                f"{self._question_files[task]}: has {len(held.questions):,} questions, and {self._samples:,} samples "
                "were asked for; ask for fewer"
            )
        return held, held.questions[sample]

    @cached_property
    def _haystack(self) -> Haystack:
        return Haystack.read(self._essays)

    @cached_property
    def _questions(self) -> dict[str, Questions]:
        return {
            task: _QUESTION_TASKS[task](file)
            for task, file in self._question_files.items()
            if task in self._tasks and file is not None
        }

    def _sentences(self, length: int) -> tuple[str, ...]:
        """Enough of the essays, in order, with single spaces between words: the last length's are kept."""
        if self._kept[0] != length:
            text = self._haystack.background(self._tokenizer, length).text
            flat = regex.sub(r"\s+", " ", text).strip()
            self._kept = length, tuple(span.of(flat).strip() for span in sentence_spans(flat))
        return self._kept[1]


def _score(item: Item, text: str) -> float | None:
    scorer: Scorer = contains_any if item.conditions["task"] in _QUESTION_TASKS else contains_all
    return scorer(item, text)
