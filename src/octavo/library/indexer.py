"""Documents become chunks with terms, in the table of one tokenizer and limit.

Knows nothing of sources or of how the chunks are searched.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from octavo.documents.chunks import chunk_document
from octavo.documents.document import Document
from octavo.library.chunk_table import ChunkTerms
from octavo.library.store import Store
from octavo.models.tokenizer import Tokenizer
from octavo.retrieval.terms import terms

Prepared = dict[str, list[ChunkTerms]]
"""By the id of their document."""


class Indexer:
    """Makes and keeps chunks of at most `limit` tokens."""

    def __init__(self, store: Store, tokenizer: Tokenizer, limit: int) -> None:
        self.table = store.chunk_table(tokenizer.id, limit)
        self._store = store
        self._tokenizer = tokenizer
        self._limit = limit

    def prepare(self, documents: Iterable[Document], but: Collection[str] = ()) -> Prepared:
        """The chunks of `documents`, `but` those with these ids. This is the long work; it needs no lock."""
        return {
            document.id: [
                ChunkTerms(chunk, " ".join(terms(chunk.span.of(document.text))))
                for chunk in chunk_document(document, self._tokenizer, limit=self._limit)
            ]
            for document in documents
            if document.id not in but
        }

    def add(self, prepared: Prepared, document_ids: Collection[str]) -> None:
        """Keep what was prepared for `document_ids`; what another process has kept meanwhile is left as it is.

        In a hold of the writers' lock that ends with all of these documents kept: chunks of others are swept.
        """
        held = self.table.documents()
        self.table.add(row for document_id in document_ids if document_id not in held for row in prepared[document_id])

    def index(self, document_ids: Collection[str]) -> None:
        """Chunk documents that are kept; those that are not (any longer) are passed over."""
        prepared = self.prepare(self._store.documents(document_ids))
        with self._store.writing():
            self.add(prepared, self._store.holds(prepared))
