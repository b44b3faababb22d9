"""What one reading call is shown (a chunk, or neighbouring ones, as sentences) and the request that shows it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from octavo.documents.chunks import Chunk
from octavo.documents.document import Document, Span
from octavo.documents.sentences import sentence_spans
from octavo.library.corpus import Corpus
from octavo.models.chat import Request
from octavo.reading import pointing, pointing_many, prompts
from octavo.reading.options import ReadingOptions, Strategy
from octavo.reading.packing import runs


@dataclass(frozen=True, slots=True)
class Piece:
    """Neighbouring chunks of a document, as the sentences that are not white space alone."""

    document: Document
    chunks: tuple[Chunk, ...]
    sentences: tuple[Span, ...]

    @classmethod
    def of(cls, document: Document, chunks: Sequence[Chunk]) -> Piece:
        """The piece that neighbouring chunks of a document make."""
        sentences = (sentence for chunk in chunks for sentence in sentence_spans(document.text, chunk.span))
        return cls(document, tuple(chunks), tuple(s for s in sentences if s.of(document.text).strip()))


def pieces(corpus: Corpus, options: ReadingOptions, first: Mapping[Chunk, int] | None = None) -> Iterator[Piece]:
    """The pieces that a full reading consists of, made one by one: in document order, or, where ranks are given, those
    with the chunks that rank `first` before the others. The pieces themselves are the same in any order, so that a
    reply that is recorded is found again."""
    groups = runs(corpus.chunks, options.read_tokens or 0)
    if first is not None:
        last = len(first)
        groups.sort(key=lambda group: min(first.get(chunk, last) for chunk in group))
    for group in groups:
        yield Piece.of(corpus.document(group[0].document_id), group)


def read_request(
    piece: Piece, questions: Sequence[str], strategy: Strategy, *, notes: str = "", reply_tokens: int | None = None
) -> Request:
    """The call that reads `piece` for `questions`, with `notes` from other passages; `reply_tokens` is the longest
    reply about one of them, by default the strategy's."""
    document = piece.document
    middle = (piece.sentences[0].start + piece.sentences[-1].end) // 2
    place = prompts.place(document.name, document.section_path(middle))
    passage = pointing.show(strategy, document.text, piece.sentences)
    return Request(
        prompts.read(strategy, place, passage, questions, notes),
        max_tokens=pointing_many.reply_tokens(strategy, len(questions), each=reply_tokens),
        schema=pointing_many.reply_schema(strategy, len(piece.sentences), len(questions)),
        logprobs=True,
    )
