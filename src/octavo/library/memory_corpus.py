"""Documents chunked in memory: a corpus for whoever reads a text once and searches nothing.

Knows chunks and texts; nothing of stores.
"""

from __future__ import annotations

from collections.abc import Sequence

from octavo.documents.chunks import Chunk, chunk_document
from octavo.documents.document import Document, DocumentRef
from octavo.library.corpus import Hit
from octavo.models.tokenizer import Tokenizer


class MemoryCorpus:
    """The chunks of `documents`, each of at most `limit` tokens of `tokenizer`."""

    def __init__(self, documents: Sequence[Document], tokenizer: Tokenizer, *, limit: int = 512) -> None:
        self._documents = {document.id: document for document in documents}
        self._chunks = [chunk for document in documents for chunk in chunk_document(document, tokenizer, limit=limit)]

    @property
    def documents(self) -> Sequence[DocumentRef]:
        """As given."""
        return [document.ref for document in self._documents.values()]

    @property
    def chunks(self) -> Sequence[Chunk]:
        """All chunks, in order."""
        return self._chunks

    def document(self, document_id: str) -> Document:
        """The document with this id."""
        return self._documents[document_id]

    def search(self, text: str, limit: int) -> list[Hit]:
        """Nothing: there is no index."""
        return []
