"""BABILong: the facts of a bAbI story, in order, at random sentence gaps of book text.

From booydar/babilong (Kuratov et al. 2024, arXiv:2406.10149): sentences of fewer than ten tokens are left out of the
book, each sample starts somewhere else in it, and the length is that of book and facts together, without the question.
"""

from __future__ import annotations

import tomllib
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from functools import cache, cached_property
from importlib.resources import files
from itertools import accumulate
from pathlib import Path
from random import Random
from typing import Any

from octavo.documents.document import text_id
from octavo.documents.sentences import sentence_spans
from octavo.errors import EvaluationError, UsageError
from octavo.evaluation.data_files import read_text
from octavo.evaluation.haystack import Haystack, Hidden, checked_lengths, insert
from octavo.evaluation.item import Evidence, Item, Scorer
from octavo.evaluation.scorers.babilong import babilong
from octavo.evaluation.tasks.babi import Story, find_file, read_stories
from octavo.models.tokenizer import Tokenizer

TASKS = ("qa1", "qa2", "qa3", "qa4", "qa5")
"""Those of the headline, which is the mean of their scores; the benchmark has prompts for qa1 to qa10."""

LENGTHS = (4_000, 8_000, 16_000, 32_000, 64_000, 128_000)
SAMPLES = 100

_LEAST_SENTENCE = 10
_MORE = 1.1
"""What sentences count by themselves comes to more than what they count together."""

_PLACES = ("bathroom", "bedroom", "garden", "hallway", "kitchen", "office")
_LABELS: Mapping[str, tuple[str, ...]] = {
    "qa1": _PLACES,
    "qa2": _PLACES,
    "qa3": _PLACES,
    "qa4": _PLACES,
    "qa5": ("Bill", "Fred", "Jeff", "Mary", "apple", "football", "milk"),
}


class Babilong:
    """BABILong. `babi` is the folder with the files of bAbI, `books` the text to hide their facts in.

    The name ends in "-style" unless `books_are_pg19` says that the books are those of PG-19, which nothing in a file
    tells. `lengths` are tokens of `tokenizer`; `samples` are the first questions of each task's file whose facts fit
    the length. Without `examples` the question is asked without those of the benchmark. Raises `UsageError` for a task
    that it has no prompt for; `items` raises `EvaluationError`, before the first, for a file that is not bAbI's, for
    too few questions and for too little text.
    """

    def __init__(
        self,
        tokenizer: Tokenizer,
        *,
        babi: Path,
        books: Sequence[Path],
        tasks: Sequence[str] = TASKS,
        lengths: Sequence[int] = LENGTHS,
        samples: int = SAMPLES,
        examples: bool = True,
        books_are_pg19: bool = False,
        seed: int = 0,
    ) -> None:
        for task in tasks:
            if task not in _prompts():
                raise UsageError(f"BABILong has no prompt for {task}; it has for {', '.join(_prompts())}")
        self._tokenizer = tokenizer
        self._babi = babi
        self._books = tuple(books)
        self._tasks = tuple(tasks)
        self._lengths = checked_lengths(lengths)
        self._samples = samples
        self._examples = examples
        self._official = books_are_pg19 and examples
        self._seed = seed

    @property
    def name(self) -> str:
        """With "-style" unless the books are PG-19's and the prompt is whole."""
        return "babilong" if self._official else "babilong-style"

    @property
    def scorers(self) -> Mapping[str, Scorer]:
        """Whether the answer names the target and nothing else."""
        return {"score": babilong}

    def items(self) -> Iterator[Item]:
        """By task, length, sample."""
        self._check_lengths()
        for task in self._tasks:
            stories = read_stories(find_file(self._babi, task))
            labels = _LABELS.get(task) or _labels(stories)
            for length in self._lengths:
                for sample, story in self._fitting(task, stories, length):
                    yield self._item(task, labels, length, sample, story)

    def settings(self) -> Mapping[str, Any]:
        """Everything given, and the hashes of the files."""
        return {
            "task": self.name,
            "tasks": list(self._tasks),
            "lengths": list(self._lengths),
            "samples": self._samples,
            "examples": self._examples,
            "seed": self._seed,
            "tokenizer": self._tokenizer.id,
            "books": self._haystack.id,
            "files": {task: text_id(read_text(find_file(self._babi, task))) for task in self._tasks},
        }

    @cached_property
    def _haystack(self) -> Haystack:
        return Haystack.read(self._books)

    def _check_lengths(self) -> None:
        """See whether enough questions fit into the shortest length, and whether there is text for the longest."""
        room = 0
        for task in self._tasks:
            stories = read_stories(find_file(self._babi, task))
            for length in sorted(self._lengths)[:1]:
                list(self._fitting(task, stories, length))
            for length in sorted(self._lengths)[-1:]:
                rooms = [self._room(story.facts, length) for _, story in self._fitting(task, stories, length)]
                room = max(room, *rooms)
        self._books_text(room, Random(self._seed))

    def _fitting(self, task: str, stories: Sequence[Story], length: int) -> Iterator[tuple[int, Story]]:
        made = 0
        for number, story in enumerate(stories):
            if made < self._samples and self._tokenizer.count(" ".join(story.facts)) <= length:
                made += 1
                yield number, story
        if made < self._samples:
            raise EvaluationError(
                f"{find_file(self._babi, task)}: has {made:,} questions whose facts fit in {length:,} tokens, and "
                f"{self._samples:,} samples were asked for; ask for fewer"
            )

    def _item(self, task: str, labels: Sequence[str], length: int, sample: int, story: Story) -> Item:
        rng = Random(f"{self._seed}/{task}/{length}/{sample}")
        hidden = self._hide(story.facts, length, rng)
        prompt = _prompts()[task]
        parts = [prompt["instruction"], prompt["examples"] if self._examples else "", prompt["post_prompt"]]
        asked = f"Question: {story.question}"
        return Item(
            id=f"{task}/{length}/{sample}",
            context=hidden.text,
            question="\n".join([*(part.strip() for part in parts if part), asked]),
            answers=(story.answer,),
            evidence=tuple(Evidence(story.facts[place], hidden.spans[place]) for place in story.support),
            conditions={"task": task, "language": "en", "length": length, "repeat": sample},
            data={
                "question": story.question,
                "labels": tuple(labels),
                "prompt": ("\n".join([*parts, "<context>\n"]).lstrip(), f"\n</context>\n{asked}"),
            },
        )

    def _hide(self, facts: Sequence[str], length: int, rng: Random) -> Hidden:
        """The context, of `length` tokens or less, by less than a sentence."""
        needles = list(map(_spaced, facts))
        room = self._room(facts, length)
        sentences, starts = self._books_text(room, rng)
        text = "".join(sentences)
        shares = sorted(rng.random() for _ in needles)
        gaps = list(accumulate(map(len, sentences), initial=0))
        tokens = [bisect_left(starts, gap) for gap in gaps]
        kept = bisect_right(tokens, room) - 1
        while True:
            places = [gaps[int(share * (kept + 1))] for share in shares]
            hidden = insert(text, gaps[kept], list(zip(places, needles, strict=True)))
            over = self._tokenizer.count(hidden.text) - length
            if over <= 0 or kept == 0:
                return hidden
            kept = bisect_right(tokens, max(0, tokens[kept] - over)) - 1

    def _room(self, facts: Sequence[str], length: int) -> int:
        """Tokens that the facts leave of a length."""
        return max(0, length - sum(map(self._tokenizer.count, map(_spaced, facts))))

    def _books_text(self, tokens: int, rng: Random) -> tuple[list[str], list[int]]:
        """Sentences that are `tokens` tokens together, or more, and where in them each token starts. Raises
        `EvaluationError` where there are fewer."""
        sentences = self._sentences(int(tokens * _MORE), rng)
        (starts,) = self._tokenizer.token_starts(["".join(sentences)])
        if len(starts) < tokens:
            raise EvaluationError(
                f"{self._haystack.name}: holds {len(starts):,} tokens in sentences of {_LEAST_SENTENCE} or more, and "
                f"{tokens:,} are needed; name more files, or ask for shorter lengths"
            )
        return sentences, starts

    def _sentences(self, tokens: int, rng: Random) -> list[str]:
        """Sentences of `tokens` tokens, or as many as there are, from a random paragraph on; at the end of the books
        they go on at the beginning, and none comes twice."""
        pieces = self._haystack.pieces
        first = rng.randrange(len(pieces))
        sentences: list[str] = []
        total = 0
        for piece in (*pieces[first:], *pieces[:first]):
            if total >= tokens:
                break
            found = [span.of(piece) for span in sentence_spans(piece)]
            for sentence, starts in zip(found, self._tokenizer.token_starts(found), strict=True):
                if len(starts) >= _LEAST_SENTENCE:
                    sentences.append(sentence if sentence[-1].isspace() else f"{sentence} ")
                    total += len(starts)
        return sentences


def _labels(stories: Sequence[Story]) -> tuple[str, ...]:
    """All that is answered; "apple,football" (qa8) is two labels, as it is two targets."""
    return tuple(sorted({label.strip() for story in stories for label in story.answer.split(",")}))


def _spaced(fact: str) -> str:
    return f"{fact} "


@cache
def _prompts() -> dict[str, dict[str, str]]:
    prompts: dict[str, dict[str, str]] = tomllib.loads(
        (files("octavo.evaluation.tasks") / "babilong_prompts.toml").read_text(encoding="utf-8")
    )
    return prompts
