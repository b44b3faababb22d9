"""The chunks of one tokenizer and limit, with their BM25 index: a LanceDB table.

The `terms` column holds octavo's own terms, joined by spaces; the database's whitespace tokenizer takes them as they
are. Knows nothing of texts or of what else is kept.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from octavo.documents.chunks import Chunk
from octavo.documents.document import Span
from octavo.library.table import Table, one_of

_UNINDEXED = 1_000
"""New rows are found without being in the index, at some cost; at so many they are taken into it."""

_CHUNK = ("document_id", "index", "start", "end", "tokens")
_MATCH = ("document_id", "index", "terms", "_score")


@dataclass(frozen=True, slots=True)
class ChunkTerms:
    """A chunk and its terms, joined by spaces."""

    chunk: Chunk
    terms: str


class ChunkTable:
    """Writers must hold the store's lock, to open it as well. Rows are shown as of the latest commit of any process."""

    def __init__(self, database: Any, name: str, folder: Path) -> None:
        import pyarrow as pa

        self._schema = pa.schema(
            {
                "document_id": pa.string(),
                "index": pa.int32(),
                "start": pa.int64(),
                "end": pa.int64(),
                "tokens": pa.int32(),
                "terms": pa.large_string(),
            }
        )
        self._table = Table(database, name, self._schema, folder)
        self._table.read(_make_index)

    @property
    def changed(self) -> bool:
        """Whether something was written since it was last tidied."""
        return self._table.changed

    def documents(self) -> set[str]:
        """The ids of all documents that have chunks here."""
        return set(self._table.rows(["document_id"], "index = 0")["document_id"].to_pylist())

    def chunks(self, document_ids: Collection[str]) -> dict[str, list[Chunk]]:
        """The chunks of the documents that have some, each document's in order."""
        if not document_ids:
            return {}
        rows = self._table.rows_of("document_id", document_ids, _CHUNK)
        found: dict[str, list[Chunk]] = {}
        for document_id, index, start, end, tokens in zip(*(rows[name].to_pylist() for name in _CHUNK), strict=True):
            found.setdefault(document_id, []).append(Chunk(document_id, index, Span(start, end), tokens))
        for chunks in found.values():
            chunks.sort(key=lambda chunk: chunk.index)
        return found

    def add(self, rows: Iterable[ChunkTerms]) -> None:
        """Add whole documents' chunks, in one commit."""
        import pyarrow as pa

        rows = list(rows)
        self._table.add(
            pa.table(
                {
                    "document_id": [row.chunk.document_id for row in rows],
                    "index": [row.chunk.index for row in rows],
                    "start": [row.chunk.span.start for row in rows],
                    "end": [row.chunk.span.end for row in rows],
                    "tokens": [row.chunk.tokens for row in rows],
                    "terms": [row.terms for row in rows],
                },
                schema=self._schema,
            )
        )

    def remove(self, document_ids: Collection[str]) -> None:
        """Drop the chunks of documents."""
        self._table.delete("document_id", document_ids)

    def tidy(self) -> None:
        """Put what many commits left together and bring the index up to date, where it is worth it."""
        self._table.tidy(unindexed=_UNINDEXED)

    def matches(self, terms: Sequence[str], document_ids: Collection[str], limit: int, *, with_terms: bool) -> Any:
        """The chunks of these documents that hold any of the terms; at most `limit`, the best by the BM25 of the whole
        table. An Arrow table of `document_id`, `index`, `_score` and, where asked for, `terms`."""
        import pyarrow as pa
        import pyarrow.compute as pc
        from lancedb.query import MatchQuery

        words = MatchQuery(" ".join(terms), "terms")  # type: ignore[call-arg] # its defaults stand in __init__
        selection = self._selection(document_ids)
        columns = [column for column in _MATCH if with_terms or column != "terms"]

        def query(table: Any) -> Any:
            found = table.search(words, query_type="fts").select(columns).limit(limit)
            return (found.where(selection, prefilter=True) if selection else found).to_arrow()

        # Another process may have added documents since the selection was worked out.
        rows = self._table.read(query)
        return rows.filter(pc.is_in(rows["document_id"], value_set=pa.array(document_ids, pa.string())))

    def _selection(self, document_ids: Collection[str]) -> str | None:
        """What keeps to these documents, as SQL; None where they are all that there are."""
        wanted = set(document_ids)
        others = self.documents() - wanted
        if not others:
            return None
        column = "document_id"
        return one_of(column, wanted) if len(wanted) <= len(others) else f"NOT {one_of(column, others)}"


def _make_index(table: Any) -> None:
    """From the beginning: without it the database would search by terms of its own making."""
    from lancedb.index import FTS

    if not table.list_indices():
        # Everything the database's tokenizer would do to a term is switched off: the terms are octavo's own.
        config = FTS(
            base_tokenizer="whitespace",
            lower_case=False,
            stem=False,
            remove_stop_words=False,
            ascii_folding=False,
            max_token_length=None,
        )
        table.create_index("terms", config=config)
