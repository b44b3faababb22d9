"""What reading a book costs in prompts: tokens of all chunk-reading prompts ÷ tokens of the document, for each way
in which the reader can point at sentences; and how full the chunks are.

All of War and Peace, 512-token chunks, every prompt measured with the embedded model's own tokenizer and chat
template; no call is made. The answering calls are apart. `fill` is the mean of tokens ÷ 512 over all chunks, those
that end a section included.

What it does not measure: replies, or the fill of other books.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
from typing import get_args

from books import QUESTION
from harness import Record, data_file
from octavo.documents.load import load
from octavo.library.corpus import Corpus
from octavo.library.memory_corpus import MemoryCorpus
from octavo.models.chat import ChatModel
from octavo.models.embedded import EmbeddedModel
from octavo.reading.options import ReadingOptions, Strategy
from octavo.reading.pieces import pieces, read_request


async def main() -> None:
    """Measure and record."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--chunk-tokens", type=int, default=512)
    parser.add_argument("--read-tokens", type=int, nargs="*", default=[1024, 2048, 4096], help="larger pieces as well")
    arguments = parser.parse_args()
    path = data_file("war-and-peace")
    record = Record("prompt_overhead", chunk_tokens=arguments.chunk_tokens, question=QUESTION)
    model = EmbeddedModel(raw=True)
    await model.ready()
    document = load(path)
    corpus = MemoryCorpus([document], model.tokenizer, limit=arguments.chunk_tokens)
    lengths = [chunk.tokens for chunk in corpus.chunks]
    document_tokens = model.tokenizer.count(document.text)
    record.add("document_tokens", document_tokens, "tokens")
    record.add("chunks", len(lengths), "chunks")
    record.add("fill", 100 * statistics.fmean(lengths) / arguments.chunk_tokens, "%")
    for strategy in get_args(Strategy):
        tokens = prompt_tokens(corpus, model, strategy, None)
        record.add(f"ratio_{strategy}", tokens / document_tokens, "ratio")
        for read_tokens in arguments.read_tokens:
            tokens = prompt_tokens(corpus, model, strategy, read_tokens)
            record.add(f"ratio_{strategy}_read_{read_tokens}", tokens / document_tokens, "ratio")
    await model.aclose()
    record.save()


def prompt_tokens(corpus: Corpus, model: ChatModel, strategy: Strategy, read_tokens: int | None) -> int:
    """Tokens of all prompts of one reading of the corpus."""
    options = ReadingOptions(strategy=strategy, read_tokens=read_tokens)
    return sum(
        model.measure(read_request(piece, [QUESTION], strategy).messages)
        for piece in pieces(corpus, options)
        if piece.sentences
    )


if __name__ == "__main__":
    asyncio.run(main())
