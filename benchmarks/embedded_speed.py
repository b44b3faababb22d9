"""How fast the embedded model reads and writes: its file as it comes (4 bits), and at 8 bits, as octavo runs it.

Both engines are loaded, and asked in turns: octavo's own reading prompts over chunks of War and Peace (512 tokens, one
token written), then a free text of 64 tokens. `same` is the share of readings of 16 tokens that both reply alike to;
where they differ, rounding decided between two tokens that were about as likely.

What it does not measure: several calls at once, or other processors.
"""

from __future__ import annotations

import argparse
import asyncio

from books import QUESTION
from harness import Record, data_file
from octavo.documents.load import load
from octavo.library.memory_corpus import MemoryCorpus
from octavo.models.chat import Message, Request
from octavo.models.embedded import EmbeddedModel
from octavo.models.install import weights_of
from octavo.reading.options import ReadingOptions
from octavo.reading.pieces import pieces, read_request

_WRITTEN = 64
_REPLY = 16


async def main() -> None:
    """Measure and record."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--prompts", type=int, default=20)
    prompts: int = parser.parse_args().prompts
    record = Record("embedded_speed", prompts=prompts)
    models = {
        "as it comes": EmbeddedModel(weights_of("smollm2"), parallel=1),
        "8 bits": EmbeddedModel(raw=True, parallel=1),
    }
    for model in models.values():
        await model.ready()
        await model.complete(Request((Message("user", "Hello"),), 1))
    corpus = MemoryCorpus([load(data_file("war-and-peace"))], models["8 bits"].tokenizer)
    every = list(pieces(corpus, ReadingOptions(strategy="quote")))
    asked = [read_request(piece, [QUESTION], "quote").messages for piece in every[:: len(every) // prompts]][:prompts]
    read: dict[str, list[float]] = {name: [] for name in models}
    wrote: dict[str, list[float]] = {name: [] for name in models}
    alike = 0
    for number, messages in enumerate(asked):
        replies = []
        for name, model in models.items():
            first = await model.complete(Request(messages, 1))
            read[name].append((first.usage.prompt - first.usage.cached) / first.seconds)
            replies.append((await model.complete(Request(messages, _REPLY))).text)
            story = Request((Message("user", f"Write a long story about the number {number}."),), _WRITTEN)
            last = await model.complete(story)
            wrote[name].append(last.usage.completion / last.seconds)
        alike += replies[0] == replies[1]
    for name, key in (("as it comes", "4_bits"), ("8 bits", "8_bits")):
        record.add_median(f"read_{key}", read[name], "tokens/s")
        record.add_median(f"written_{key}", wrote[name], "tokens/s")
    ratios = [fast / slow for fast, slow in zip(read["8 bits"], read["as it comes"], strict=True)]
    record.add_median("read_ratio", ratios, "ratio")
    record.add("same", 100 * alike / len(asked), "%")
    for model in models.values():
        await model.aclose()
    record.save()


if __name__ == "__main__":
    asyncio.run(main())
