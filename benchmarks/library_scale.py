"""A library of 10 million tokens: how fast text is added (read, parsed, chunked, indexed), and how fast it is
searched.

Books of War and Peace's paragraphs, each in another order, are added as files to a new library and chunked for the
embedded model's tokenizer. Then sentences of the book, some words of each, are searched for one after another, as
level `retrieve` does, in the same process; the first search, which opens the index, is apart.

What it does not measure: other formats than Markdown, several processes, searches while something is added.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from pathlib import Path

from books import paragraphs, write_shuffled
from harness import Record, data_text, percentile
from octavo.library.library import Library
from serving import embedded_tokenizer

_LIMIT = 400
"""As many chunks as level `retrieve` asks for."""


def main() -> None:
    """Measure and record."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tokens", type=int, default=10_000_000)
    parser.add_argument("--queries", type=int, default=300)
    parser.add_argument("--chunk-tokens", type=int, default=512)
    arguments = parser.parse_args()
    text = data_text("war-and-peace")
    tokenizer = embedded_tokenizer()
    bytes_per_token = len(text.encode("utf-8")) / tokenizer.count(text)
    record = Record("library_scale", queries=arguments.queries, hits=_LIMIT, chunk_tokens=arguments.chunk_tokens)
    with tempfile.TemporaryDirectory() as folder:
        books = Path(folder) / "books"
        files = list(write_shuffled(text, books, int(arguments.tokens * bytes_per_token)))
        started = time.perf_counter()
        library = Library(home=Path(folder) / "home")
        library.add(books, tokenizer=tokenizer, limit=arguments.chunk_tokens)
        seconds = time.perf_counter() - started
        corpus = library.corpus(tokenizer, arguments.chunk_tokens)
        tokens = sum(chunk.tokens for chunk in corpus.chunks)
        record.add("files", len(files), "files")
        record.add("tokens", tokens, "tokens")
        record.add("chunks", len(corpus.chunks), "chunks")
        record.add("add_seconds", seconds, "s")
        record.add("tokens_per_second", tokens / seconds, "tokens/s")
        started = time.perf_counter()
        again = Library(home=Path(folder) / "home").corpus(tokenizer, arguments.chunk_tokens)
        record.add("open_again_seconds", time.perf_counter() - started, "s")
        timed = []
        for query in queries(text, arguments.queries + 1):
            started = time.perf_counter()
            again.search(query, _LIMIT)
            timed.append(1000 * (time.perf_counter() - started))
        record.add("first_search_ms", timed[0], "ms")
        record.add("search_p50_ms", percentile(timed[1:], 50), "ms")
        record.add("search_p95_ms", percentile(timed[1:], 95), "ms")
    record.save()


def queries(text: str, number: int) -> list[str]:
    """Questions' worth of words: four to twelve words in a row from random places."""
    draw = random.Random(3)
    long_enough = [paragraph.split() for paragraph in paragraphs(text) if len(paragraph.split()) > 20]
    drawn = []
    for words in draw.choices(long_enough, k=number):
        length = draw.randint(4, 12)
        start = draw.randrange(len(words) - length)
        drawn.append(" ".join(words[start : start + length]))
    return drawn


if __name__ == "__main__":
    main()
