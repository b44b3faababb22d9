"""What reading makes of the embedded model's speed: tokens per second while chunks are read ÷ the raw prefill rate.

Raw: prompts of the book's text, as long and as many at once as the reading's, one token of reply, straight to the same
server. Reading: level `read` through `Reader`, from the first reading call to the last chunk's event, so that prompts,
replies, parsing, the ledger and events are all in. Both are measured in turns, a part of the excerpt at a time, because
the machine's speed drifts; a share is of neighbours in time, and the figure is the median of shares.

`prompt_share` counts the uncached tokens of reading prompts, `document_share` the tokens of the chunks read. The calls
that analyse the question and write the answer are apart. What it does not measure: another model or another machine.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from books import QUESTION
from harness import Record, data_text
from octavo.documents.document import Document
from octavo.documents.parsers.markdown import parse_markdown
from octavo.models.chat import Completion, Message, Request
from octavo.models.embedded import EmbeddedModel
from octavo.models.ledger import Ledger
from octavo.reading.events import Answered, ChunkRead
from octavo.reading.options import ReadingOptions
from octavo.reading.reader import Reader

_START = 200_000
"""The excerpt begins here in the book; raw prompts are taken from the book's other half."""


@dataclass(frozen=True, slots=True)
class Call:
    """A call that was made: when, and what of its prompt was not in the server's cache."""

    started: float
    ended: float
    prompt_tokens: int
    uncached_tokens: int
    completion_tokens: int


@dataclass
class Noted:
    """The reading calls of one reading."""

    calls: list[Call] = field(default_factory=list)


class NotingModel(EmbeddedModel):
    """The embedded model, noting its reading calls (those that ask for logprobs)."""

    noted = Noted()

    async def complete(self, request: Request) -> Completion:
        """As the embedded model does."""
        started = time.perf_counter()
        completion = await super().complete(request)
        usage = completion.usage
        if request.logprobs:
            self.noted.calls.append(
                Call(started, time.perf_counter(), usage.prompt, usage.prompt - usage.cached, usage.completion)
            )
        return completion


async def main() -> None:
    """Measure and record."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tokens", type=int, default=15_000, help="of the book, read in all")
    parser.add_argument("--turns", type=int, default=6, help="parts of the excerpt, each read between raw prompts")
    parser.add_argument("--strategy", default=None, help="number, quote or opening; default: the reader's own")
    arguments = parser.parse_args()
    text = data_text("war-and-peace")
    record = Record("embedded_throughput", tokens=arguments.tokens, turns=arguments.turns, question=QUESTION)
    model = NotingModel()
    await model.ready()
    other = text[len(text) // 2 :]
    parts = excerpts(text, model, arguments.tokens // arguments.turns, arguments.turns + 1)
    prompt_shares, document_shares, raws, prompts, documents, completions = [], [], [], [], [], []
    # The first part is read once unmeasured: it warms the server up and gives the raw prompts their sizes.
    calls, _, _ = await read(model, parts.pop(), ReadingOptions(strategy=arguments.strategy))
    raws.append(await raw_rate(model, other, [call.prompt_tokens for call in calls], salt="first"))
    for turn, part in enumerate(parts):
        calls, document_tokens, seconds = await read(model, part, ReadingOptions(strategy=arguments.strategy))
        raws.append(await raw_rate(model, other, [call.prompt_tokens for call in calls], salt=f"turn {turn}"))
        raw = statistics.fmean(raws[-2:])
        prompts.append(sum(call.uncached_tokens for call in calls) / seconds)
        documents.append(document_tokens / seconds)
        completions.append(sum(call.completion_tokens for call in calls) / len(calls))
        prompt_shares.append(prompts[-1] / raw)
        document_shares.append(documents[-1] / raw)
    await model.aclose()
    record.add_median("raw_rate", raws, "tokens/s")
    record.add_median("prompt_rate", prompts, "tokens/s")
    record.add_median("document_rate", documents, "tokens/s")
    record.add_median("reply_tokens", completions, "tokens a call")
    record.add_median("prompt_share", prompt_shares, "ratio")
    record.add_median("document_share", document_shares, "ratio")
    record.save()


def excerpts(text: str, model: EmbeddedModel, tokens: int, number: int) -> list[Document]:
    """So many documents, one after the other from the book, each of about so many tokens, cut between paragraphs."""
    documents: list[Document] = []
    start = text.index("\n\n", _START)
    while len(documents) < number:
        end = start + 3 * tokens
        while (longer := text.index("\n\n", end + 2)) and model.tokenizer.count(text[start:longer]) <= tokens:
            end = longer
        parsed = parse_markdown(text[start:end].strip() + "\n")
        documents.append(Document.of(parsed.text, name="war-and-peace.md", sections=parsed.sections))
        start = end
    return documents


async def read(model: NotingModel, document: Document, options: ReadingOptions) -> tuple[list[Call], int, float]:
    """Read one document: its reading calls, its chunks' tokens, and the seconds from the first call to the last
    chunk's event."""
    model.noted.calls.clear()
    tokens, last = 0, 0.0
    with tempfile.TemporaryDirectory() as home:
        reader = Reader(model, home=Path(home), ledger=Ledger(), options=options)
        async for event in reader.astream(document, QUESTION, level="read"):
            if isinstance(event, ChunkRead):
                tokens += event.tokens
                last = time.perf_counter()
            if isinstance(event, Answered) and not event.answer.coverage.full:
                raise RuntimeError(f"not all was read: {event.answer.coverage}")
    calls = list(model.noted.calls)
    return calls, tokens, last - min(call.started for call in calls)


async def raw_rate(model: EmbeddedModel, text: str, sizes: list[int], *, salt: str) -> float:
    """Uncached prompt tokens per second on prompts of these sizes, as many at once as the server has slots."""
    waiting = [raw_prompt(model, text, size, f"{salt} {number}") for number, size in enumerate(sizes)]
    tokens = 0

    async def work() -> None:
        nonlocal tokens
        while waiting:
            usage = (await EmbeddedModel.complete(model, Request((waiting.pop(),), max_tokens=1))).usage
            tokens += usage.prompt - usage.cached

    started = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for _ in range(model.parallel or 1):
            group.create_task(work())
    return tokens / (time.perf_counter() - started)


def raw_prompt(model: EmbeddedModel, text: str, size: int, salt: str) -> Message:
    """A prompt of about `size` tokens that no earlier one begins like."""
    start = hash_of(salt) % (len(text) - 10 * size)
    content = f"{salt}: {text[start : start + 8 * size]}"
    (starts,) = model.tokenizer.token_starts([content])
    room = size - model.measure([Message("user", "")])
    return Message("user", content[: starts[room]])


def hash_of(salt: str) -> int:
    """A number for a text, the same in every process."""
    return int.from_bytes(salt.encode("utf-8"), "big") % 1_000_003


if __name__ == "__main__":
    asyncio.run(main())
