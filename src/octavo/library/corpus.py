"""A corpus: some of a library's documents, chunked for one tokenizer, in order and searchable.

This is what the reading method works on. It knows chunks, texts and a ranking by BM25; nothing of sources or models.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from octavo.documents.chunks import Chunk
from octavo.documents.document import Document, DocumentRef


@dataclass(frozen=True, slots=True)
class Hit:
    """A chunk that a search found; `score` is BM25's, comparable within one search only."""

    chunk: Chunk
    score: float


class Corpus(Protocol):
    """Documents in the order they were given, and their chunks in document order."""

    @property
    def documents(self) -> Sequence[DocumentRef]:
        """The documents, in order."""
        ...

    @property
    def chunks(self) -> Sequence[Chunk]:
        """All chunks: the documents' in order, and within a document by index."""
        ...

    def document(self, document_id: str) -> Document:
        """The document with its text. Raises `SourceChanged` for an id that is not (or no longer) held."""
        ...

    def search(self, text: str, limit: int) -> list[Hit]:
        """The at most `limit` best chunks for the terms of `text` (any language), best first; empty where nothing
        matches."""
        ...
