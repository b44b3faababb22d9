"""How fast octavo itself is: 2,000 chunks through `Reader` at level `read`, against a fake endpoint in another
process.

Everything but the model: prompts built and measured, the ledger written, replies parsed, events emitted. The
document is in the library already; `instant_first_seconds` includes adding it. Three endpoints: one that answers at
once, one that takes 200 ms a call with the concurrency fixed at 64 (at best 6.3 s), the same with the concurrency
adapted.

What it does not measure: a model. The server shares the cores with octavo, so its work is in the figures.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import tempfile
import time
from pathlib import Path

from harness import Record
from octavo.documents.document import Document
from octavo.models.endpoint import EndpointModel
from octavo.models.tokenizer import Tokenizer
from octavo.reading.answer import Answer
from octavo.reading.options import ReadingOptions
from octavo.reading.reader import Reader
from serving import FakeServing, embedded_tokenizer

CHUNKS = 2_000
_WORDS_A_CHUNK = 345
_WORDS = (
    "the of and to in he a was that his with had it her on as at said she for not but be is they him all who from were "
    "one which by so an this what when there their into if man more up out would no are or about them old time well do "
    "could very came went now face see head eyes before over house looked room door young hand long other some only war"
)
_LATENCY = 0.2


def main() -> None:
    """Measure and record."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--concurrency", type=int, default=64, help="where it is fixed")
    arguments = parser.parse_args()
    record = Record("orchestration", chunks=CHUNKS, concurrency=arguments.concurrency, latency_ms=1000 * _LATENCY)
    tokenizer = embedded_tokenizer()
    document = many_sections()
    with tempfile.TemporaryDirectory() as home:
        add = time_reading(document, Path(home), tokenizer, latency=0.0, concurrency=None, run=-1)
        instant = [time_reading(document, Path(home), tokenizer, 0.0, None, run) for run in range(arguments.runs)]
        fixed = [
            time_reading(document, Path(home), tokenizer, _LATENCY, arguments.concurrency, run)
            for run in range(arguments.runs)
        ]
        adaptive = [time_reading(document, Path(home), tokenizer, _LATENCY, None, run) for run in range(arguments.runs)]
    record.add("instant_first_seconds", add, "s")
    for name, runs in (("instant", instant), ("fixed", fixed), ("adaptive", adaptive)):
        record.add_median(f"{name}_seconds", runs, "s")
        record.add_median(f"{name}_rate", [CHUNKS / seconds for seconds in runs], "calls/s")
    record.save()


def many_sections() -> Document:
    """A document of `CHUNKS` sections, each a chunk: common words, a seeded draw."""
    draw = random.Random(7)
    words = _WORDS.split()
    parts = []
    for number in range(CHUNKS):
        sentences = (" ".join(draw.choices(words, k=15)).capitalize() + "." for _ in range(_WORDS_A_CHUNK // 15))
        parts.append(f"## Section {number}\n\n{' '.join(sentences)}\n")
    return _markdown("\n".join(parts), name="sections.md")


def _markdown(text: str, *, name: str) -> Document:
    from octavo.documents.parsers.markdown import parse_markdown

    parsed = parse_markdown(text)
    return Document.of(parsed.text, name=name, media_type="text/markdown", sections=parsed.sections)


def time_reading(
    document: Document, home: Path, tokenizer: Tokenizer, latency: float, concurrency: int | None, run: int
) -> float:
    """Seconds of one reading, a question of its own, so that nothing comes from the ledger."""
    with FakeServing("en-shared", latency=latency) as server:
        model = EndpointModel(base_url=server.base_url, tokenizer=tokenizer)
        reader = Reader(model, home=home, options=ReadingOptions(concurrency=concurrency))

        async def read() -> tuple[Answer, float]:
            started = time.perf_counter()
            answer = await reader.aask(document, f"Which section mentions lighthouse {run}?", level="read")
            seconds = time.perf_counter() - started
            await model.aclose()
            return answer, seconds

        answer, seconds = asyncio.run(read())
    chunks, calls = answer.coverage, answer.usage.calls
    if chunks.read != CHUNKS or chunks.chunks != CHUNKS or calls < CHUNKS:
        raise RuntimeError(f"not a full reading of {CHUNKS} chunks: {chunks}, {calls} calls")
    return seconds


if __name__ == "__main__":
    main()
