"""Which chunks are covered when leaves of a division are summarised. Knows parts and chunks; nothing of calls."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

from octavo.documents.chunks import Chunk
from octavo.library.corpus import Corpus
from octavo.reading.answer import Coverage
from octavo.reading.summaries.parts import Part


class LeafCoverage:
    """Which chunks are covered: one is read when all leaves that show it are summarised."""

    def __init__(self, corpus: Corpus, root: Part) -> None:
        self._waiting = Counter(_key(chunk) for leaf in root.leaves() for chunk in leaf.chunks)
        self._failed: set[tuple[str, int]] = set()
        self._relevant: set[tuple[str, int]] = set()
        total = len(corpus.chunks) if root.kind in {"whole", "document"} else len(self._waiting)
        # White space alone is in no leaf.
        self.coverage = Coverage(total, read=total - len(self._waiting))

    def read(self, leaf: Part, *, relevant: bool) -> None:
        """This leaf is summarised; `relevant` says that the summary is not empty."""
        for chunk in leaf.chunks:
            key = _key(chunk)
            self._waiting[key] -= 1
            if relevant:
                self._relevant.add(key)
            if not self._waiting[key] and key not in self._failed:
                self.coverage = replace(
                    self.coverage,
                    read=self.coverage.read + 1,
                    relevant=self.coverage.relevant + (key in self._relevant),
                )

    def failed(self, leaf: Part) -> Iterator[Chunk]:
        """The chunks that are lost with this leaf, each when it is counted."""
        for chunk in leaf.chunks:
            key = _key(chunk)
            self._waiting[key] -= 1
            if key not in self._failed:
                self._failed.add(key)
                self.coverage = replace(self.coverage, failed=self.coverage.failed + 1)
                yield chunk

    def finish(self) -> None:
        """What no leaf has come back with is skipped."""
        done = self.coverage
        self.coverage = replace(done, skipped=done.chunks - done.read - done.failed)


def _key(chunk: Chunk) -> tuple[str, int]:
    return chunk.document_id, chunk.index
