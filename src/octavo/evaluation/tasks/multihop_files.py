"""Questions that need several paragraphs, from the files of MuSiQue and HotpotQA.

The formats of Trivedi et al., "MuSiQue", TACL 2022 (a list, or a line each) and of Yang et al., "HotpotQA", EMNLP 2018
(a list), with the paragraphs that stand beside each question. Knows files; nothing of what is made of the questions.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from octavo.documents.document import Span
from octavo.errors import EvaluationError
from octavo.evaluation.records import Record, read_records

Benchmark = Literal["musique", "hotpotqa"]


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A title, a line break and what stands under it; `evidence` are the places in `text` that the question needs."""

    text: str
    evidence: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class MultiHopQuestion:
    """`answers` begin with the answer and go on with its aliases; `conditions` are what the file says of its kind."""

    id: str
    text: str
    answers: tuple[str, ...]
    paragraphs: tuple[Paragraph, ...]
    conditions: Mapping[str, Any] = field(default_factory=dict)


def benchmark_of(path: Path) -> Benchmark:
    """Whose format the file's first record has. Raises `EvaluationError` where it is neither's."""
    record = next(read_records(path), None)
    if record is None:
        raise EvaluationError(f"{path}: holds no question")
    if "paragraphs" in record:
        return "musique"
    if "context" in record:
        return "hotpotqa"
    raise EvaluationError(
        f'{record.place}: has neither "paragraphs", as MuSiQue, nor "context", as HotpotQA; name a file of one of them'
    )


def read_questions(path: Path, benchmark: Benchmark) -> Iterator[MultiHopQuestion]:
    """The questions that have an answer, in the file's order. Raises `EvaluationError` for a record that is not in the
    format, naming its place and field."""
    read = _musique if benchmark == "musique" else _hotpotqa
    for record in read_records(path):
        question = read(record)
        if question is not None:
            yield question


def _musique(record: Record) -> MultiHopQuestion | None:
    if "answerable" in record and not record.flag("answerable"):
        return None
    aliases = record.texts("answer_aliases") if "answer_aliases" in record else ()
    return MultiHopQuestion(
        id=record.text("id"),
        text=record.text("question"),
        answers=tuple(dict.fromkeys((record.text("answer"), *aliases))),
        paragraphs=tuple(
            _paragraph(each.text("title"), [each.text("paragraph_text")], [0] if each.flag("is_supporting") else [])
            for each in record.records("paragraphs")
        ),
        conditions={"hops": len(record.values("question_decomposition"))} if "question_decomposition" in record else {},
    )


def _hotpotqa(record: Record) -> MultiHopQuestion:
    wanted: dict[str, list[int]] = {}
    for pair in record.values("supporting_facts"):
        if not (isinstance(pair, list) and len(pair) == 2 and isinstance(pair[0], str) and isinstance(pair[1], int)):
            raise record.wrong("supporting_facts", "is no list of titles with numbers of sentences")
        wanted.setdefault(pair[0], []).append(pair[1])
    paragraphs = []
    for pair in record.values("context"):
        if not (isinstance(pair, list) and len(pair) == 2 and isinstance(pair[0], str) and _are_texts(pair[1])):
            raise record.wrong("context", "is no list of titles with lists of sentences")
        paragraphs.append(_paragraph(pair[0], pair[1], wanted.get(pair[0], [])))
    kind = {"kind": record.text("type")} if "type" in record else {}
    return MultiHopQuestion(
        record.text("_id"), record.text("question"), (record.text("answer"),), tuple(paragraphs), kind
    )


def _are_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)


def _paragraph(title: str, sentences: Sequence[str], wanted: Collection[int]) -> Paragraph:
    """The sentences as they stand, one after the other. A few of HotpotQA's facts name a sentence after the last."""
    text = f"{title.strip()}\n".lstrip()
    evidence = []
    for number, sentence in enumerate(sentences):
        shown = sentence if number else sentence.lstrip()
        if number in wanted and shown.strip():
            start = len(text) + len(shown) - len(shown.lstrip())
            evidence.append(Span(start, start + len(shown.strip())))
        text += shown
    return Paragraph(text.rstrip(), tuple(evidence))
