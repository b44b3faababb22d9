"""How well a model points at the sentence that helps, by number, by quote and by opening words.

Each sub-question of the first MuSiQue questions is put to the paragraph that answers it (a hit: a sentence pointed at
holds the answer) and to another paragraph of the same question that does not (right: "none"). The ranking figure is
the probability that a helpful paragraph has a higher confidence than an unhelpful one (0.5: a coin).

What it does not measure: whole documents, other languages, or what the final answer makes of the findings.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, get_args

from harness import Record, data_text
from octavo.documents.chunks import Chunk
from octavo.documents.document import Document, Span
from octavo.documents.sentences import sentence_spans
from octavo.errors import InvalidReply
from octavo.models.chat import ChatModel
from octavo.models.embedded import EmbeddedModel
from octavo.models.endpoint import EndpointModel
from octavo.reading import pointing
from octavo.reading.options import Strategy
from octavo.reading.pieces import Piece, read_request


@dataclass(frozen=True)
class Trial:
    """A question, a paragraph, and the answer that the paragraph holds (None: it does not help)."""

    question: str
    document: Document
    answer: str | None


def trials(questions: list[dict[str, Any]]) -> Iterator[Trial]:
    """Two trials a usable sub-question: one paragraph that helps, one that does not."""
    for number, question in enumerate(questions):
        paragraphs = {paragraph["idx"]: paragraph for paragraph in question["paragraphs"]}
        answers: list[str] = []
        for hop in question["question_decomposition"]:
            asked = hop["question"]
            for index, earlier in enumerate(answers, start=1):
                asked = asked.replace(f"#{index}", earlier)
            answers.append(hop["answer"])
            helpful = paragraphs[hop["paragraph_support_idx"]]
            # "Hello Love >> performer" is a relation, not a question.
            if ">>" in asked or hop["answer"].casefold() not in helpful["paragraph_text"].casefold():
                continue
            others = [p for p in question["paragraphs"] if not p["is_supporting"]]
            yield Trial(asked, _document(helpful), hop["answer"])
            yield Trial(asked, _document(others[number % len(others)]), None)


def _document(paragraph: dict[str, Any]) -> Document:
    return Document.of(paragraph["paragraph_text"], name=paragraph["title"])


async def measure(model: ChatModel, strategy: Strategy, asked: list[Trial]) -> dict[str, float]:
    """Put every trial to the model and count."""
    hits = nones = invalid = 0
    prompt_tokens = reply_tokens = 0
    confidences: dict[bool, list[float]] = {True: [], False: []}
    for trial in asked:
        text = trial.document.text
        chunk = Chunk(trial.document.id, 0, Span(0, len(text)), 0)
        sentences = tuple(span for span in sentence_spans(text, chunk.span) if span.of(text).strip())
        request = read_request(Piece(trial.document, (chunk,), sentences), [trial.question], strategy)
        completion = await model.complete(request)
        prompt_tokens += completion.usage.prompt
        reply_tokens += completion.usage.completion
        try:
            pointed = pointing.understand(strategy, completion, text, sentences)
        except InvalidReply:
            invalid += 1
            continue
        if pointed.confidence is not None:
            confidences[trial.answer is not None].append(pointed.confidence)
        if trial.answer is None:
            nones += not pointed.sentences
        else:
            hits += any(trial.answer.casefold() in span.of(text).casefold() for span in pointed.sentences)
    helpful = sum(trial.answer is not None for trial in asked)
    pairs = [(a > b) + 0.5 * (a == b) for a in confidences[True] for b in confidences[False]]
    return {
        "trials": len(asked),
        "hits": hits / helpful,
        "right nones": nones / (len(asked) - helpful),
        "invalid replies": invalid / len(asked),
        "ranking by confidence": statistics.fmean(pairs) if pairs else float("nan"),
        "prompt tokens": prompt_tokens / len(asked),
        "reply tokens": reply_tokens / len(asked),
    }


async def main() -> None:
    """Measure every strategy on one model."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--questions", type=int, default=60, help="MuSiQue questions used, from the first")
    parser.add_argument("--model", help="an endpoint's model (OPENAI_BASE_URL); default: the embedded model")
    arguments = parser.parse_args()
    asked = list(trials(json.loads(data_text("musique"))[: arguments.questions]))
    model: ChatModel = EndpointModel(arguments.model) if arguments.model else EmbeddedModel(raw=True)
    await model.ready()
    record = Record("reader_strategies", model=model.name, questions=arguments.questions)
    for strategy in get_args(Strategy):
        figures = await measure(model, strategy, asked)
        rounded = {name: round(value, 3) for name, value in figures.items()}
        record.add_row("how well the reader points", {"strategy": strategy, **rounded})
    await model.aclose()
    record.save()


if __name__ == "__main__":
    asyncio.run(main())
