"""How much of its window a model should be filled with at level `retrieve`.

The paragraphs of 100 MuSiQue questions make one document. Of the questions 60 to 99, which the small model was not
taught with, each sub-question that its paragraph answers in so many words is asked at each `fill` (tokens of passages),
with nothing else changed. Counted: the answer holds the expected one, the passages hold it (no answer can be better), a
citation is found that supports the answer.

What it does not measure: other models (name one with --model), other languages, answers in other words.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import tempfile
from pathlib import Path

from harness import Record, data_text
from octavo.documents.document import Document
from octavo.documents.parsers.markdown import parse_markdown
from octavo.library.library import Library
from octavo.models.chat import ChatModel
from octavo.models.embedded import EmbeddedModel
from octavo.models.endpoint import EndpointModel
from octavo.reading.answer import Answer
from octavo.reading.options import ReadingOptions
from octavo.reading.reader import Reader
from octavo.training.reader.musique import TAUGHT
from reader_strategies import Trial, trials


def encyclopedia() -> Document:
    """All paragraphs as one document, a section each."""
    entries = json.loads(data_text("musique-corpus"))
    text = "".join(f"# {entry['title']}\n\n{entry['text']}\n\n" for entry in entries)
    parsed = parse_markdown(text)
    return Document.of(text, name="encyclopedia.md", media_type="text/markdown", sections=parsed.sections)


def holds(text: str, answer: str | None) -> bool:
    """Whether `text` has the expected answer in it."""
    return (answer or "").casefold() in text.casefold()


async def measure(model: ChatModel, asked: list[Trial], fill: int, analyse: bool, home: Path) -> list[Answer]:
    """The answers of all trials at one fill."""
    reader = Reader(model, home=home, options=ReadingOptions(fill=fill, analyse=analyse))
    library = Library(encyclopedia(), home=home)
    return [await reader.aask(library, trial.question, level="retrieve") for trial in asked]


async def main() -> None:
    """Measure every fill and record."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=40, help="sub-questions asked")
    parser.add_argument("--fills", type=int, nargs="+", default=[600, 1200, 2400])
    parser.add_argument("--analyse", action="store_true", help="let the model write keywords too")
    parser.add_argument("--model", help="an endpoint's model (OPENAI_BASE_URL); default: the embedded model")
    parser.add_argument("--raw", action="store_true", help="the embedded model without what octavo taught it")
    parser.add_argument("--threads", type=int, help="of the embedded model; default: the physical cores")
    arguments = parser.parse_args()
    held_out = json.loads(data_text("musique"))[TAUGHT:]
    asked = [trial for trial in trials(held_out) if trial.answer][: arguments.trials]
    model: ChatModel = (
        EndpointModel(arguments.model)
        if arguments.model
        else EmbeddedModel(raw=arguments.raw, threads=arguments.threads)
    )
    name = "embedded_fill_raw" if arguments.raw else "embedded_fill"
    record = Record(name, model=model.name, trials=len(asked), analyse=arguments.analyse)
    text = encyclopedia().text
    with tempfile.TemporaryDirectory() as home:
        for fill in arguments.fills:
            answers = await measure(model, asked, fill, arguments.analyse, Path(home))
            pairs = list(zip(asked, answers, strict=True))
            row = {
                "fill": fill,
                "answers right": sum(holds(answer.text, trial.answer) for trial, answer in pairs),
                "passages hold it": sum(
                    any(holds(passage.span.of(text), trial.answer) for passage in answer.passages)
                    for trial, answer in pairs
                ),
                "cited": sum(any(c.support == "supported" for c in answer.citations) for answer in answers),
                "of": len(asked),
                "prompt tokens": round(sum(answer.usage.prompt_tokens for answer in answers) / len(answers)),
            }
            print(row, flush=True)
            record.add_row("how much to show", row)
            record.save()
    await model.aclose()


if __name__ == "__main__":
    asyncio.run(main())
