"""A corpus: some of a library's documents, chunked for one tokenizer, in order and searchable.

This is what the reading method works on. It knows chunks, texts and a ranking by BM25; nothing of sources or models.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from threading import Lock
from typing import Protocol

from octavo.documents.chunks import Chunk
from octavo.documents.document import Document, DocumentRef
from octavo.library.chunk_table import ChunkTable
from octavo.library.ranking import bm25
from octavo.library.store import Store
from octavo.retrieval.terms import content_terms, terms

_CHARACTERS_IN_MEMORY = 32_000_000
_MOST_TERMS = 512
"""Of a query: the findings of a whole reading may be searched for."""

_RESCORED = 2_000
"""Chunks up to which hits are scored by the corpus's own statistics, so that no other document changes a ranking; in a
larger corpus the whole table's differ little, and scoring all that match would take longer than 50 ms."""


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


class StoredCorpus:
    """A corpus of a store. Texts are read when they are wanted; the latest stay in memory. Threads may share it."""

    def __init__(
        self, store: Store, table: ChunkTable, documents: Sequence[DocumentRef], chunks: dict[str, list[Chunk]]
    ) -> None:
        self.documents: Sequence[DocumentRef] = tuple(documents)
        self.chunks: Sequence[Chunk] = tuple(chunk for reference in documents for chunk in chunks.get(reference.id, ()))
        self._store = store
        self._table = table
        self._chunks = chunks
        self._names = {reference.id: reference.name for reference in documents}
        self._mean_tokens = sum(chunk.tokens for chunk in self.chunks) / max(1, len(self.chunks))
        self._texts: OrderedDict[str, Document] = OrderedDict()
        self._characters = 0
        self._lock = Lock()

    def document(self, document_id: str) -> Document:
        """The document with its text, under the name that it has in this corpus. Raises `SourceChanged` for an id that
        is not (or no longer) held."""
        with self._lock:
            if document_id not in self._texts:
                document = self._store.document(document_id)
                self._texts[document_id] = replace(document, name=self._names.get(document_id, document.name))
                self._characters += len(document.text)
                while self._characters > _CHARACTERS_IN_MEMORY and len(self._texts) > 1:
                    _, forgotten = self._texts.popitem(last=False)
                    self._characters -= len(forgotten.text)
            self._texts.move_to_end(document_id)
            return self._texts[document_id]

    def search(self, text: str, limit: int) -> list[Hit]:
        """The at most `limit` best chunks for the content words of `text` (for all its words where it has no others),
        best first; empty where nothing matches. Equal scores are in the order of document id and index."""
        wanted = list(dict.fromkeys(content_terms(text) or terms(text)))[:_MOST_TERMS]
        if not wanted or limit < 1 or not self.chunks:
            return []
        rescored = len(self.chunks) <= _RESCORED
        most = len(self.chunks) if rescored else 2 * limit
        rows = self._table.matches(wanted, self._names, most, with_terms=rescored)
        found = [
            self._chunks[document_id][index]
            for document_id, index in zip(rows["document_id"].to_pylist(), rows["index"].to_pylist(), strict=True)
        ]
        if rescored:
            lengths = [chunk.tokens for chunk in found]
            scores = bm25(wanted, rows["terms"], lengths, chunks=len(self.chunks), mean_length=self._mean_tokens)
        else:
            scores = rows["_score"].to_pylist()
        hits = map(Hit, found, scores)
        return sorted(hits, key=lambda hit: (-hit.score, hit.chunk.document_id, hit.chunk.index))[:limit]
