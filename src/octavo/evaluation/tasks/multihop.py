"""Multi-hop questions: MuSiQue and HotpotQA, each question among its own paragraphs, or with these hidden in a long
text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any

from octavo.documents.document import Span
from octavo.errors import EvaluationError, UsageError
from octavo.evaluation.haystack import Background, Haystack
from octavo.evaluation.item import Evidence, Item, Scorer
from octavo.evaluation.records import file_id
from octavo.evaluation.scorers.contains import contains_words
from octavo.evaluation.scorers.f1 import answer_f1, exact_match, hotpot_f1
from octavo.evaluation.tasks.multihop_files import MultiHopQuestion, Paragraph, benchmark_of, read_questions
from octavo.models.tokenizer import Tokenizer

# LongBench's wording for both (Bai et al. 2024, `config/dataset2prompt.json`).
ONLY_THE_ANSWER = "Only give me the answer and do not output any other words."

_APART = "\n\n"


class MultiHop:
    """Questions from a `file` of MuSiQue or HotpotQA; its first record tells which.

    Without `texts`, a question's context is its own paragraphs, as in the benchmark. With `texts`, the user's files,
    they are hidden in so many tokens of these as `lengths` say (tokens of `tokenizer`, needles included), at places
    between sentences drawn by `seed`, in the file's order; the name then ends in "-style".

    - `supporting`: only the paragraphs that hold evidence are there, without the distractors.
    - `shared`: one context of each length holds the paragraphs of all questions, so that it is read once for all.
    - `samples`: only the first questions.
    - `instruction`: said after each question; "" for nothing.

    Raises `UsageError` for settings that do not fit together; `items` raises `EvaluationError`, before the first, for a
    file in another format, for too little text, and for paragraphs that are longer than a length.
    """

    def __init__(
        self,
        tokenizer: Tokenizer,
        file: Path,
        *,
        texts: Sequence[Path] = (),
        lengths: Sequence[int] = (),
        supporting: bool = False,
        shared: bool = False,
        samples: int | None = None,
        instruction: str = ONLY_THE_ANSWER,
        seed: int = 0,
    ) -> None:
        if bool(texts) != bool(lengths):
            raise UsageError("paragraphs are hidden in text of some length: name text files and lengths, or neither")
        if shared and not texts:
            raise UsageError("only a text that paragraphs are hidden in can be shared; name text files and lengths")
        self._tokenizer = tokenizer
        self._file = file
        self._texts = tuple(texts)
        self._lengths = tuple(lengths)
        self._supporting = supporting
        self._shared = shared
        self._samples = samples
        self._instruction = instruction
        self._seed = seed

    @property
    def name(self) -> str:
        """The benchmark's, with "-style" where the paragraphs are others or stand in other text."""
        return self._benchmark + ("-style" if self._texts or self._supporting else "")

    @property
    def scorers(self) -> Mapping[str, Scorer]:
        """F1, as both benchmarks define it; exact match; and whether an answer stands in what is said."""
        return {
            "score": hotpot_f1 if self._benchmark == "hotpotqa" else answer_f1,
            "exact_match": exact_match,
            "contained": contains_words,
        }

    def items(self) -> Iterator[Item]:
        """By length, question."""
        self._check_questions()
        if not self._texts:
            for question in self._questions():
                paragraphs = self._paragraphs(question)
                yield self._item(question, *_joined(paragraphs), paragraphs)
            return
        # The longest holds the text of all.
        background = self._haystack.background(self._tokenizer, max(self._lengths))
        for length in self._lengths:
            yield from self._shared_items(background, length) if self._shared else self._own_items(background, length)

    def settings(self) -> Mapping[str, Any]:
        """Everything given, and the hashes of the files."""
        return {
            "task": self.name,
            "file": file_id(self._file),
            "texts": self._haystack.id if self._texts else None,
            "lengths": list(self._lengths),
            "supporting": self._supporting,
            "shared": self._shared,
            "samples": self._samples,
            "instruction": self._instruction,
            "seed": self._seed,
            "tokenizer": self._tokenizer.id if self._texts else None,
        }

    @cached_property
    def _benchmark(self) -> str:
        return benchmark_of(self._file)

    @cached_property
    def _haystack(self) -> Haystack:
        return Haystack.read(self._texts)

    def _check_questions(self) -> None:
        """Read them all, and see whether their paragraphs fit into the shortest length."""
        texts: dict[str, None] = {}
        for question in self._questions():
            own = [paragraph.text for paragraph in self._paragraphs(question)]
            texts.update(dict.fromkeys(own))
            if self._texts and not self._shared:
                self._check_room(own, question.id)
        if self._shared:
            self._check_room(texts, "all questions")

    def _check_room(self, texts: Iterable[str], what: str) -> None:
        tokens, shortest = sum(map(self._tokenizer.count, map(_apart, texts))), min(self._lengths)
        if tokens > shortest:
            raise EvaluationError(
                f"{self._file}, {what}: the paragraphs have {tokens:,} tokens, more than the {shortest:,} asked for; "
                "ask for longer contexts, fewer questions, or only the supporting paragraphs"
            )

    def _questions(self) -> Iterator[MultiHopQuestion]:
        return islice(read_questions(self._file, benchmark_of(self._file)), self._samples)

    def _paragraphs(self, question: MultiHopQuestion) -> list[Paragraph]:
        return [each for each in question.paragraphs if each.evidence or not self._supporting]

    def _own_items(self, background: Background, length: int) -> Iterator[Item]:
        for question in self._questions():
            paragraphs = self._paragraphs(question)
            texts = [paragraph.text for paragraph in paragraphs]
            context, starts = self._hidden(background, texts, length, question.id)
            yield self._item(question, context, starts, paragraphs, length)

    def _shared_items(self, background: Background, length: int) -> Iterator[Item]:
        # The same paragraph serves several questions, each with its own evidence in it.
        questions = [(question, self._paragraphs(question)) for question in self._questions()]
        texts = list(dict.fromkeys(each.text for _, paragraphs in questions for each in paragraphs))
        context, starts = self._hidden(background, texts, length, "all questions")
        start_of = dict(zip(texts, starts, strict=True))
        for question, paragraphs in questions:
            yield self._item(question, context, [start_of[each.text] for each in paragraphs], paragraphs, length)

    def _hidden(self, background: Background, texts: Sequence[str], length: int, what: str) -> tuple[str, list[int]]:
        """The context, and where in it each text starts; `what` they are of."""
        rng = Random(f"{self._seed}/{length}/{what}")
        shares = sorted(rng.random() for _ in texts)
        needles = list(map(_apart, texts))
        hidden = background.hide(needles, lambda room: [int(room * share) for share in shares], length, snap=True)
        return hidden.text, [span.start for span in hidden.spans]

    def _item(
        self,
        question: MultiHopQuestion,
        context: str,
        starts: Sequence[int],
        paragraphs: Sequence[Paragraph],
        length: int | None = None,
    ) -> Item:
        spans = [
            Span(start + span.start, start + span.end)
            for start, paragraph in zip(starts, paragraphs, strict=True)
            for span in paragraph.evidence
        ]
        where = f"{self._benchmark}/{length}" if length else self._benchmark
        conditions = {"dataset": self._benchmark, "language": "en", **question.conditions}
        return Item(
            id=f"{where}/{question.id}",
            context=context,
            question=f"{question.text}\n{self._instruction}".strip(),
            answers=question.answers,
            evidence=tuple(Evidence(span.of(context), span) for span in sorted(spans)),
            conditions={**conditions, "length": length} if length else conditions,
        )


def _apart(text: str) -> str:
    return f"{_APART}{text}{_APART}"


def _joined(paragraphs: Sequence[Paragraph]) -> tuple[str, list[int]]:
    """The paragraphs one after the other, and where each starts."""
    starts = []
    length = 0
    for paragraph in paragraphs:
        starts.append(length)
        length += len(paragraph.text) + len(_APART)
    return _APART.join(paragraph.text for paragraph in paragraphs), starts
