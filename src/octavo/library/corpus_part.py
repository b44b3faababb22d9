"""Some chunks of a corpus, as a corpus: for reading only where it is worth while. Knows nothing of why these."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from octavo.documents.chunks import Chunk
from octavo.documents.document import Document, DocumentRef
from octavo.library.corpus import Corpus, Hit


class CorpusPart:
    """The given chunks of `corpus`, in its order, and all of its documents."""

    def __init__(self, corpus: Corpus, chunks: Iterable[Chunk]) -> None:
        wanted = set(chunks)
        self.documents: Sequence[DocumentRef] = corpus.documents
        self.chunks: Sequence[Chunk] = tuple(chunk for chunk in corpus.chunks if chunk in wanted)
        self._corpus = corpus
        self._wanted = wanted

    def document(self, document_id: str) -> Document:
        """As the corpus has it."""
        return self._corpus.document(document_id)

    def search(self, text: str, limit: int) -> list[Hit]:
        """The best of these chunks, scored by the statistics of the whole corpus."""
        hits = self._corpus.search(text, len(self._corpus.chunks))
        return [hit for hit in hits if hit.chunk in self._wanted][:limit]
