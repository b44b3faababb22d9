"""Examples from MuSiQue's questions, whose decompositions and supporting paragraphs are known: real wording beside the
worlds' (Trivedi et al., TACL 2022, arXiv 2108.00573; CC BY 4.0).

For each step: its paragraph and others are read for it, it is answered from them, and it is planned; and passages of
several paragraphs, as long as a chunk, are read for all steps one after the other. A question with
a step whose answer does not stand in its paragraph word for word is left out. Knows the file; nothing of training.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from random import Random

from octavo.documents.document import Document, Section, Span
from octavo.documents.sentences import sentence_spans
from octavo.errors import TrainingError
from octavo.evaluation.records import Record, read_records
from octavo.library.memory_corpus import MemoryCorpus
from octavo.models.tokenizer import Tokenizer
from octavo.reading.memory import Entry, Memory
from octavo.reading.options import Strategy
from octavo.reading.packing import render
from octavo.retrieval.terms import content_terms
from octavo.training.reader import replies
from octavo.training.reader.example import Example

TAUGHT = 60
"""Questions of the file that the small model learned from: it is measured on those after them."""

_REFERENCE = re.compile(r"#(\d+)")
_RELATION = " >> "
_OTHERS = 3
"""Paragraphs that do not help, read for each step."""

_TOGETHER = 4
"""Passages of several paragraphs for each question."""
_PASSAGE_TOKENS = 440

_ANSWERED_SHARE = 0.9


@dataclass(frozen=True, slots=True)
class Step:
    """A step of a decomposition, the answers before it filled in: its question and answer, the paragraph that supports
    it and the sentence of it that does."""

    question: str
    answer: str
    paragraph: Document
    evidence: Span


@dataclass(frozen=True, slots=True)
class DecomposedQuestion:
    """A question, its steps, and the paragraphs that support none of them."""

    text: str
    steps: tuple[Step, ...]
    others: tuple[Document, ...]


def read_decomposed(path: Path, *, start: int = 0, end: int | None = None) -> list[DecomposedQuestion]:
    """The questions of a MuSiQue file (a JSON list, or JSON lines) from number `start` to below `end`, as far as all
    their steps can be shown. Raises `EvaluationError` for a file in another format."""
    found = []
    for record in islice(read_records(path), start, end):
        paragraphs = [_document(each) for each in record.records("paragraphs")]
        steps = _steps(record, paragraphs)
        if steps is not None:
            supporting = {step.paragraph.id for step in steps}
            others = tuple(document for document in paragraphs if document.id not in supporting)
            found.append(DecomposedQuestion(record.text("question"), tuple(steps), others))
    if not found:
        raise TrainingError(f"{path}: holds no question whose steps can be shown; name a file of MuSiQue")
    return found


def musique_examples(
    questions: Sequence[DecomposedQuestion], *, seed: str, tokenizer: Tokenizer, strategy: Strategy = "quote"
) -> Iterator[Example]:
    """All examples of the questions: about ten for each step."""
    for number, asked in enumerate(questions):
        rng = Random(f"{seed}/{number}")
        for index, step in enumerate(asked.steps):
            others = rng.sample(asked.others, min(_OTHERS, len(asked.others)))
            yield replies.reading(step.paragraph, step.question, [step.evidence], strategy, tokenizer, "en")
            for other in others:
                yield replies.reading(other, step.question, [], strategy, tokenizer, "en")
            yield _answering(step, others, rng, tokenizer)
            yield _planning(asked, index, tokenizer)
        elsewhere = [step for other in questions if other is not asked for step in other.steps]
        for _ in range(_TOGETHER):
            strange = rng.sample(elsewhere, min(1, len(elsewhere)))
            yield _reading_on(asked, [*asked.steps, *strange], rng, tokenizer, strategy)
        first = asked.steps[0]
        yield replies.reading(first.paragraph, asked.text, [first.evidence], strategy, tokenizer, "en")
        yield _planning(asked, len(asked.steps), tokenizer)


def _reading_on(
    asked: DecomposedQuestion, steps: Sequence[Step], rng: Random, tokenizer: Tokenizer, strategy: Strategy
) -> Example:
    """Some of the question's paragraphs, one that supports it among them, are read for steps, its own and others."""
    steps = rng.sample(steps, len(steps))
    supporting = [step.paragraph for step in asked.steps]
    every = list({each.id: each for each in (*supporting, *asked.others)}.values())
    text, starts = "", dict[str, int]()
    for paragraph in [rng.choice(supporting), *rng.sample(every, len(every))]:
        longer = f"{text}{paragraph.text.strip()}\n\n"
        if paragraph.id in starts or (starts and tokenizer.count(longer) > _PASSAGE_TOKENS):
            continue
        before = len(paragraph.text) - len(paragraph.text.lstrip())
        starts[paragraph.id] = len(text) - before
        text = longer
    document = Document.of(text.rstrip(), name="encyclopedia.md")
    sentences = sentence_spans(document.text)
    found = [
        [each for each in sentences if each.overlaps(Span(start + step.evidence.start, start + step.evidence.end))]
        if (start := starts.get(step.paragraph.id)) is not None
        else []
        for step in steps
    ]
    return replies.reading_on(document, [step.question for step in steps], found, strategy, tokenizer, "en")


def _answering(step: Step, others: Sequence[Document], rng: Random, tokenizer: Tokenizer) -> Example:
    complete = rng.random() < _ANSWERED_SHARE
    shown = [*others, step.paragraph] if complete else list(others)
    corpus = MemoryCorpus(rng.sample(shown, len(shown)), tokenizer)
    cite = rng.random() < replies.CITED_SHARE
    packing = render(corpus, corpus.chunks, numbered=cite)
    numbers = [
        passage.number
        for passage in packing.passages
        if passage.document.id == step.paragraph.id and passage.span.overlaps(step.evidence)
    ]
    right = step.answer if complete else None
    return replies.answering(packing, step.question, right, numbers, "en", cite=cite)


def _planning(asked: DecomposedQuestion, known: int, tokenizer: Tokenizer) -> Example:
    memory = Memory()
    for step in asked.steps[:known]:
        memory.add(Entry(step.question, step.answer, (step.evidence.of(step.paragraph.text).strip(),)))
    following = [step.question for step in asked.steps[known : known + 1]]
    chain = [step.answer for step in asked.steps]
    return replies.planning(asked.text, memory.told(2_000, tokenizer.count), following, chain, known, "en")


def _steps(record: Record, paragraphs: Sequence[Document]) -> list[Step] | None:
    """The steps of a question, whose `paragraphs` stand in the order of their numbers; None where one of them cannot be
    shown."""
    held = record.records("question_decomposition")
    answers = [step.text("answer") for step in held]
    steps = []
    for step, answer in zip(held, answers, strict=True):
        supporting = step.fields.get("paragraph_support_idx")
        if not isinstance(supporting, int) or not 0 <= supporting < len(paragraphs):
            raise step.wrong("paragraph_support_idx", "is no paragraph's number")
        paragraph = paragraphs[supporting]
        text = step.text("question")
        if any(not 1 <= int(number) <= len(answers) for number in _REFERENCE.findall(text)):
            raise step.wrong("question", "names a step that is not there")
        question = _in_words(_REFERENCE.sub(lambda match: answers[int(match[1]) - 1], text))
        evidence = _evidence(paragraph.text, answer, question)
        if evidence is None:
            return None
        steps.append(Step(question, answer, paragraph, evidence))
    return steps


def _in_words(question: str) -> str:
    """The step as a question: MuSiQue writes some as "subject >> relation"."""
    subject, arrow, relation = question.partition(_RELATION)
    line = f"What is the {relation.strip()} of {subject.strip()}?" if arrow else " ".join(question.split())
    line = line.replace(" ?", "?")
    return line if line.endswith("?") else f"{line}?"


def _evidence(text: str, answer: str, question: str) -> Span | None:
    """The sentence that holds the answer; of several the one with the most words of the question."""
    holding = [span for span in sentence_spans(text) if answer.casefold() in span.of(text).casefold()]
    wanted = set(content_terms(question))
    return max(holding, key=lambda span: len(wanted & set(content_terms(span.of(text)))), default=None)


def _document(paragraph: Record) -> Document:
    text = paragraph.text("paragraph_text")
    sections = [Section(paragraph.text("title"), 1, Span(0, len(text)))]
    return Document.of(text, name="encyclopedia.md", sections=sections)
