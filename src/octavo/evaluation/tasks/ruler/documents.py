"""QA: a question of SQuAD or HotpotQA among the documents of others (RULER, `data/synthetic/qa.py`)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from octavo.documents.document import Span
from octavo.documents.sentences import sentence_spans
from octavo.errors import EvaluationError
from octavo.evaluation.data_files import read_json
from octavo.evaluation.item import Evidence
from octavo.evaluation.tasks.ruler.drafts import Draft

TOKENS_TO_GENERATE = 32

# The wording is RULER's (`data/synthetic/constants.py`).
_INSTRUCTION = (
    "Answer the question based on the given documents. Only give me the answer and do not output any other words."
)
_BEFORE = f"{_INSTRUCTION}\n\nThe following are given documents.\n\n"
_DOCUMENT = "Document {number}:\n"


@dataclass(frozen=True, slots=True)
class Question:
    """`gold` are the documents that belong to it, by number; `near` those of the same article, which come before any
    others; `evidence` are places in the gold ones that hold the answer."""

    text: str
    answers: tuple[str, ...]
    gold: tuple[int, ...]
    near: tuple[int, ...]
    evidence: tuple[tuple[int, Span], ...]


@dataclass(frozen=True)
class Questions:
    """A data set: all documents, each once, and the questions in the file's order."""

    documents: tuple[str, ...]
    questions: tuple[Question, ...]


def read_squad(path: Path) -> Questions:
    """A file of SQuAD, 1.1 or 2.0; questions that have no answer are left out. Raises `EvaluationError` for any other
    file, naming the place and the field."""
    articles = _list(path, read_json(path), "data", "the file")
    placed: list[tuple[str, list[str], dict[str, Any], str]] = []
    for number, article in enumerate(articles, start=1):
        where = f"article {number}"
        paragraphs = _list(path, article, "paragraphs", where)
        texts = [_text(path, paragraph, "context", where) for paragraph in paragraphs]
        for paragraph, context in zip(paragraphs, texts, strict=True):
            placed.extend(
                (context, texts, asked, where)
                for asked in _list(path, paragraph, "qas", where)
                if isinstance(asked, dict) and not asked.get("is_impossible")
            )
    documents = tuple(sorted({text for _, texts, _, _ in placed for text in texts}))
    numbers = {text: number for number, text in enumerate(documents)}
    questions = []
    for context, texts, asked, where in placed:
        answers = [_text(path, answer, "text", where) for answer in _list(path, asked, "answers", where)]
        if not answers:
            raise EvaluationError(f'{path}, {where}: a question has nothing in the field "answers"')
        gold = numbers[context]
        near = dict.fromkeys(numbers[text] for text in texts if text != context)
        evidence = tuple((gold, span) for span in _sentences_with(context, answers[0], asked["answers"][0]))
        questions.append(
            Question(_text(path, asked, "question", where), tuple(answers), (gold,), tuple(near), evidence)
        )
    return _checked(path, documents, questions)


def read_hotpotqa(path: Path) -> Questions:
    """A file of HotpotQA with its contexts. Raises `EvaluationError` for any other file, naming the record and the
    field."""
    records = read_json(path)
    if not isinstance(records, list):
        raise EvaluationError(f"{path}: is no list of questions")
    contexts = [dict(_titled(path, record, f"record {number}")) for number, record in enumerate(records, start=1)]
    documents = tuple(sorted({_joined(title, lines) for context in contexts for title, lines in context.items()}))
    numbers = {text: number for number, text in enumerate(documents)}
    questions = []
    for place, (record, context) in enumerate(zip(records, contexts, strict=True), start=1):
        where = f"record {place}"
        evidence = []
        for title, line in _pairs(record.get("supporting_facts", [])):
            lines = context.get(title, [])
            if isinstance(line, int) and 0 <= line < len(lines):
                start = len(title) + 1 + sum(map(len, lines[:line]))
                text = lines[line]
                start += len(text) - len(text.lstrip())
                evidence.append((numbers[_joined(title, lines)], Span(start, start + len(text.strip()))))
        questions.append(
            Question(
                _text(path, record, "question", where),
                (_text(path, record, "answer", where),),
                tuple(numbers[_joined(title, lines)] for title, lines in context.items()),
                (),
                tuple(evidence),
            )
        )
    return _checked(path, documents, questions)


def document_draft(questions: Questions, question: Question, seed: str) -> Callable[[int], Draft]:
    """A draft of so many documents, at least those that belong to the question, in random order."""
    rng = Random(seed)
    near = rng.sample(question.near, len(question.near))
    taken = {*question.gold, *near}
    others = [number for number in range(len(questions.documents)) if number not in taken]
    rng.shuffle(others)
    ordered = [*question.gold, *near, *others]

    def build(count: int) -> Draft:
        shown = ordered[:count]
        Random(seed).shuffle(shown)
        parts: list[str] = []
        starts: dict[int, int] = {}
        length = 0
        for place, number in enumerate(shown, start=1):
            heading = ("\n\n" if parts else "") + _DOCUMENT.format(number=place)
            starts[number] = length + len(heading)
            length = starts[number] + len(questions.documents[number])
            parts += (heading, questions.documents[number])
        asked = f"Question: {question.text}"
        return Draft(
            context="".join(parts),
            before=_BEFORE,
            after=f"\n\n{_INSTRUCTION}\n\n{asked} Answer:",
            question=f"{_INSTRUCTION}\n\n{asked}",
            answers=question.answers,
            evidence=tuple(
                Evidence(
                    span.of(questions.documents[number]),
                    Span(starts[number] + span.start, starts[number] + span.end),
                )
                for number, span in question.evidence
            ),
        )

    return build


def _checked(path: Path, documents: Sequence[str], questions: Sequence[Question]) -> Questions:
    if not questions:
        raise EvaluationError(f"{path}: has no question that has an answer; name another file")
    return Questions(tuple(documents), tuple(questions))


def _sentences_with(context: str, answer: str, entry: dict[str, Any]) -> Iterator[Span]:
    """The sentences in which the answer stands, without the white space behind them."""
    start = entry.get("answer_start")
    if not isinstance(start, int) or not context.startswith(answer, start):
        start = context.find(answer)
    if start >= 0:
        held = Span(start, start + max(1, len(answer)))
        for span in sentence_spans(context):
            if span.overlaps(held):
                yield Span(span.start, span.start + len(span.of(context).rstrip()))


def _titled(path: Path, record: Any, where: str) -> Iterator[tuple[str, list[str]]]:
    for title, lines in _pairs(_list(path, record, "context", where)):
        if not isinstance(lines, list) or not all(isinstance(line, str) for line in lines):
            raise EvaluationError(f'{path}, {where}: the field "context" holds no titles with sentences')
        yield str(title), lines


def _pairs(held: Any) -> Iterator[tuple[Any, Any]]:
    return (tuple(pair) for pair in held if isinstance(pair, list | tuple) and len(pair) == 2)


def _joined(title: str, lines: Sequence[str]) -> str:
    return f"{title}\n{''.join(lines)}"


def _list(path: Path, held: Any, field: str, where: str) -> list[Any]:
    if not isinstance(held, dict) or not isinstance(held.get(field), list):
        raise EvaluationError(f'{path}, {where}: has no list in the field "{field}"')
    return list(held[field])


def _text(path: Path, held: Any, field: str, where: str) -> str:
    if not isinstance(held, dict) or not isinstance(held.get(field), str):
        raise EvaluationError(f'{path}, {where}: has no text in the field "{field}"')
    return str(held[field])
