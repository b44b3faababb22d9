"""The chunks of one tokenizer and limit, with their BM25 index: a LanceDB table.

The `terms` column holds octavo's own terms, joined by spaces; the database's whitespace tokenizer takes them as they
are. Knows nothing of texts or of what else is kept.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from octavo.documents.chunks import Chunk
from octavo.documents.document import Span

_UNINDEXED = 1_000
"""New rows are found without being in the index, at some cost; at so many they are taken into it."""


class ChunkTable:
    """Writers must hold the store's lock. Rows are shown as of the latest commit of any process."""

    def __init__(self, database: Any, name: str) -> None:
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
        self._table = database.create_table(name, schema=self._schema, exist_ok=True)

    def documents(self) -> set[str]:
        """The ids of all documents that have chunks here."""
        column = self._latest().search().select(["document_id"]).where("index = 0").to_arrow()
        return set(column["document_id"].to_pylist())

    def chunks(self, document_ids: Collection[str]) -> dict[str, list[Chunk]]:
        """The chunks of the documents that have some, each document's in order."""
        if not document_ids:
            return {}
        columns = ["document_id", "index", "start", "end", "tokens"]
        query = self._latest().search().select(columns)
        selected = self.selection(document_ids)
        rows = (query.where(selected) if selected else query).to_arrow()
        found: dict[str, list[Chunk]] = {}
        wanted = set(document_ids)
        for document_id, index, start, end, tokens in zip(
            *(rows[column].to_pylist() for column in columns), strict=True
        ):
            if document_id in wanted:
                found.setdefault(document_id, []).append(Chunk(document_id, index, Span(start, end), tokens))
        for chunks in found.values():
            chunks.sort(key=lambda chunk: chunk.index)
        return found

    def add(self, chunks: Iterable[Chunk], terms: Iterable[Sequence[str]]) -> None:
        """Add whole documents' chunks with the terms of each, in one commit."""
        import pyarrow as pa

        rows = list(chunks)
        if not rows:
            return
        self._latest().add(
            pa.table(
                {
                    "document_id": [chunk.document_id for chunk in rows],
                    "index": [chunk.index for chunk in rows],
                    "start": [chunk.span.start for chunk in rows],
                    "end": [chunk.span.end for chunk in rows],
                    "tokens": [chunk.tokens for chunk in rows],
                    "terms": [" ".join(words) for words in terms],
                },
                schema=self._schema,
            )
        )

    def remove(self, document_ids: Collection[str]) -> None:
        """Drop the chunks of documents."""
        self._latest().delete(_one_of(document_ids))

    def index(self) -> None:
        """Bring the BM25 index up to date, where it is worth it."""
        from lancedb.index import FTS

        table = self._latest()
        indices = table.list_indices()
        if not indices:
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
        elif (table.index_stats(indices[0].name).num_unindexed_rows or 0) >= _UNINDEXED:
            table.optimize()

    def search(self, terms: Sequence[str], selection: str | None, limit: int) -> list[tuple[str, int, float]]:
        """Document id, chunk index and BM25 score of the best chunks of a `selection`, best first."""
        from lancedb.query import MatchQuery

        words = MatchQuery(" ".join(terms), "terms")  # type: ignore[call-arg] # its defaults stand in __init__
        query = self._latest().search(words, query_type="fts")
        query = query.select(["document_id", "index", "_score"]).limit(limit)
        if selection:
            query = query.where(selection, prefilter=True)
        rows = query.to_arrow()
        hits = zip(rows["document_id"].to_pylist(), rows["index"].to_pylist(), rows["_score"].to_pylist(), strict=True)
        # Equal scores come in any order: the same question must give the same ranking.
        return sorted(hits, key=lambda hit: (-hit[2], hit[0], hit[1]))

    def selection(self, document_ids: Collection[str]) -> str | None:
        """What keeps to these documents, as SQL; None where they are all that there are."""
        everything = self.documents()
        wanted = set(document_ids)
        others = everything - wanted
        if not others:
            return None
        return _one_of(wanted) if len(wanted) <= len(others) else f"NOT {_one_of(others)}"

    def _latest(self) -> Any:
        # An open table shows the state in which it was opened: another process may have written since.
        self._table.checkout_latest()
        return self._table


def _one_of(document_ids: Collection[str]) -> str:
    return "(document_id IN ({}))".format(", ".join(f"'{document_id}'" for document_id in document_ids))
