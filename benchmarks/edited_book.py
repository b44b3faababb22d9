"""What a second reading of a book costs after one sentence was put in somewhere: chunk calls that the ledger lacks.

War and Peace is chunked, and every reading call of it keyed as the ledger keys calls. Then, over and over: one
sentence of the book is put in after a random other one, the edited book is parsed and chunked anew, and its calls
are looked up among those keys. A call is paid again when its key is new: when the chunk's text, its document's name
or its section differ. `chunks` figures count the chunks whose text alone is new. The answering calls come on top.

What it does not measure: several edits at once, or edits of headings.
"""

from __future__ import annotations

import argparse
import os
import random
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from typing import get_args

from books import QUESTION
from harness import Record, data_text, percentile
from octavo.documents.document import Document, Span
from octavo.documents.parsers.markdown import parse_markdown
from octavo.documents.sentences import sentence_spans
from octavo.library.memory_corpus import MemoryCorpus
from octavo.models.call_key import call_key
from octavo.models.scripted import ScriptedModel
from octavo.reading.options import ReadingOptions, Strategy
from octavo.reading.pieces import pieces, read_request
from serving import embedded_tokenizer


@dataclass(frozen=True, slots=True)
class Reading:
    """All that a reading of a document pays for: the keys of its calls, and the texts of its chunks."""

    keys: frozenset[bytes]
    texts: frozenset[str]


@dataclass(frozen=True, slots=True)
class Edit:
    """A sentence that is put in behind the one at `after`."""

    after: Span
    sentence: str


class Book:
    """The book as it was read before, and what each edit of it costs."""

    def __init__(self, text: str, strategy: Strategy) -> None:
        self.text = text
        self.strategy = strategy
        self.tokenizer = embedded_tokenizer()
        self.model = ScriptedModel("", tokenizer=self.tokenizer)
        self.before = self.reading(text)

    def paid_again(self, edit: Edit) -> tuple[int, int]:
        """The calls of the edited book that were not made before, and its chunks whose text was not read before."""
        after = self.reading(insert(self.text, edit.after, edit.sentence))
        return len(after.keys - self.before.keys), len(after.texts - self.before.texts)

    def reading(self, text: str) -> Reading:
        """Parse and chunk the book, and key its reading calls. Its name stays, as a file's does when it is edited."""
        parsed = parse_markdown(text)
        document = Document.of(parsed.text, name="war-and-peace.md", sections=parsed.sections)
        corpus = MemoryCorpus([document], self.tokenizer)
        requests = (
            read_request(piece, [QUESTION], self.strategy)
            for piece in pieces(corpus, ReadingOptions(strategy=self.strategy))
            if piece.sentences
        )
        return Reading(
            frozenset(call_key(self.model, request) for request in requests),
            frozenset(chunk.span.of(text) for chunk in corpus.chunks),
        )


def main() -> None:
    """Measure and record."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--edits", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--strategy", choices=get_args(Strategy), default="number")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="processes")
    arguments = parser.parse_args()
    text = data_text("war-and-peace")
    record = Record("edited_book", edits=arguments.edits, seed=arguments.seed, strategy=arguments.strategy)
    edits = random_edits(text, arguments.edits, random.Random(arguments.seed))
    with ProcessPoolExecutor(
        arguments.jobs, get_context("spawn"), initializer=_open_book, initargs=(text, arguments.strategy)
    ) as pool:
        paid = list(pool.map(_paid_again, edits))
    calls, chunks = [calls for calls, _ in paid], [chunks for _, chunks in paid]
    record.add_median("calls_median", calls, "calls")
    record.add("calls_p95", percentile(calls, 95), "calls")
    record.add("calls_most", max(calls), "calls")
    record.add_median("chunks_median", chunks, "chunks")
    record.add("chunks_p95", percentile(chunks, 95), "chunks")
    record.save()


def random_edits(text: str, number: int, draw: random.Random) -> list[Edit]:
    """So many edits, anywhere in the book: a sentence of ordinary length from another place."""
    sentences = [span for span in sentence_spans(text, Span(0, len(text))) if 20 <= len(span.of(text).strip()) <= 400]
    return [Edit(draw.choice(sentences), draw.choice(sentences).of(text).strip()) for _ in range(number)]


def insert(text: str, after: Span, sentence: str) -> str:
    """`text` with one more sentence behind another one, in the same line."""
    end = after.start + len(after.of(text).rstrip())
    return f"{text[:end]} {sentence}{text[end:]}"


_book: Book | None = None
"""In a worker: the book, read once."""


def _open_book(text: str, strategy: Strategy) -> None:
    global _book  # noqa: PLW0603 - a worker process has no other place to keep what its tasks share
    _book = Book(text, strategy)


def _paid_again(edit: Edit) -> tuple[int, int]:
    assert _book is not None
    return _book.paid_again(edit)


if __name__ == "__main__":
    main()
