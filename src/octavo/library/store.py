"""What is on disk: documents, the sources that they came from, and chunks with their BM25 index, in LanceDB tables.

Each tokenizer and limit has a chunk table of its own, so BM25's statistics are those of one chunking. Writers of all
processes take turns by a file lock, which a killed one lets go; a table's commit is atomic, so a reader sees a
document's chunks all or not at all. Chunks are written before the document's row: without it nothing is there, and what
a killed writer left is swept. Knows nothing of files, parsers or models.
"""

from __future__ import annotations

import errno
import json
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from octavo.documents.chunks import CHUNKING
from octavo.documents.document import Document, DocumentRef, Page, Section, Span
from octavo.errors import LibraryError, LibraryFull, LibraryTooNew, SourceChanged
from octavo.library.chunk_table import ChunkTable
from octavo.retrieval.terms import TERMS

VERSION = 1
"""Of the layout on disk. A library of a higher version is refused, never damaged."""


@dataclass(frozen=True, slots=True)
class SourceRow:
    """A source that was parsed: where, what its bytes were, and what they became.

    `size` (bytes) and `modified` (nanoseconds) are the file's when it was read, at `checked` (nanoseconds); 0 for what
    is not a file. `listed` says that the user added it; else it is kept as a cache.
    """

    uri: str
    name: str
    document_id: str
    bytes_sha256: str
    parser_version: str
    size: int
    modified: int
    checked: int
    listed: bool


@dataclass(frozen=True, slots=True)
class Listing:
    """A document on the user's list."""

    document: DocumentRef
    uris: tuple[str, ...]
    media_type: str
    characters: int
    pages: int
    added: datetime


class Store:
    """The tables under `home`. Opening makes the folder; it raises `LibraryTooNew` for a newer layout, `LibraryFull`
    where nothing can be written, and `LibraryError` where it is damaged."""

    def __init__(self, home: Path) -> None:
        self.folder = home / "library"
        with _said_plainly(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
            self._check_version()
            import lancedb
            from filelock import FileLock

            self._database = lancedb.connect(self.folder)
            self._lock = FileLock(self.folder / "writers.lock")
        self._chunk_tables: dict[str, ChunkTable] = {}

    def _check_version(self) -> None:
        file = self.folder / "version"
        try:
            found = int(file.read_text())
        except FileNotFoundError:
            file.write_text(f"{VERSION}\n")
            return
        except ValueError as error:
            raise LibraryError(f"{file}: no version number: the library is damaged; move the folder away") from error
        if found > VERSION:
            raise LibraryTooNew(
                f"{self.folder}: made by a newer octavo (layout {found}, this one reads {VERSION}); update octavo, or "
                "use another OCTAVO_HOME"
            )

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Take turns with the writers of all processes. May be nested."""
        with _said_plainly(self.folder), self._lock:
            yield

    # --- documents --------------------------------------------------------------------------------------------------

    def put_document(self, document: Document) -> None:
        """Keep a document; one that is there already stays as it is."""
        with self.writing():
            if not self.holds([document.id]):
                self._add(self._documents, [_document_row(document)])

    def holds(self, document_ids: Collection[str]) -> set[str]:
        """Those of `document_ids` that are kept."""
        if not document_ids:
            return set()
        rows = self._rows(self._documents, ["id"], where=_one_of("id", document_ids))
        return {row["id"] for row in rows}

    def document(self, document_id: str) -> Document:
        """A document with its text. Raises `SourceChanged` where it is not kept."""
        for row in self._rows(self._documents, None, where=f"id = {_quoted(document_id)}"):
            return _document(row)
        raise SourceChanged(document_id, "no such document in the library", "see: octavo list")

    def find(self, prefix: str) -> list[str]:
        """The ids of the documents whose id starts with `prefix`."""
        rows = self._rows(self._documents, ["id"], where=f"starts_with(id, {_quoted(prefix)})")
        return sorted({row["id"] for row in rows})

    def remove(self, document_ids: Collection[str]) -> None:
        """Forget documents, their sources and their chunks."""
        if not document_ids:
            return
        with self.writing():
            # The document's row goes first: what is left without one is swept.
            self._table_of(self._documents).delete(_one_of("id", document_ids))
            self._table_of(self._sources).delete(_one_of("document_id", document_ids))
            for table in self._all_chunk_tables():
                table.remove(document_ids)

    # --- sources ----------------------------------------------------------------------------------------------------

    def source(self, uri: str) -> SourceRow | None:
        """What is known of a source."""
        found = self.sources(where=f"uri = {_quoted(uri)}")
        return found[0] if found else None

    def sources(self, where: str | None = None) -> list[SourceRow]:
        """The sources that `where` (SQL) selects, in order of their uris."""
        rows = [SourceRow(**row) for row in self._rows(self._sources, None, where=where)]
        return sorted(rows, key=lambda row: row.uri)

    def put_source(self, row: SourceRow) -> None:
        """Keep a source in place of what was known of it."""
        with self.writing():
            merge = self._table_of(self._sources).merge_insert("uri")
            merge.when_matched_update_all().when_not_matched_insert_all().execute(
                _arrow([asdict(row)], self._sources.schema)
            )

    def forget_source(self, uri: str) -> None:
        """Forget a source; its document stays."""
        with self.writing():
            self._table_of(self._sources).delete(f"uri = {_quoted(uri)}")

    def listings(self) -> list[Listing]:
        """The documents on the user's list, by name."""
        uris: dict[str, list[SourceRow]] = {}
        for row in self.sources(where="listed"):
            uris.setdefault(row.document_id, []).append(row)
        columns = ["id", "media_type", "characters", "page_count", "added"]
        rows = self._rows(self._documents, columns, where=_one_of("id", uris)) if uris else []
        listings = [
            Listing(
                document=DocumentRef(row["id"], uris[row["id"]][0].name),
                uris=tuple(source.uri for source in uris[row["id"]]),
                media_type=row["media_type"],
                characters=row["characters"],
                pages=row["page_count"],
                added=row["added"],
            )
            for row in rows
        ]
        return sorted(listings, key=lambda listing: (listing.document.name, listing.document.id))

    # --- chunks -----------------------------------------------------------------------------------------------------

    def chunk_table(self, tokenizer_id: str, limit: int) -> ChunkTable:
        """The chunks of this tokenizer and limit; made where there are none yet."""
        # With the versions of the rules: a chunk of older ones is never taken for one of today's.
        name = f"chunks_{tokenizer_id}_{limit}_{CHUNKING}_{TERMS}"
        if name not in self._chunk_tables:
            with self.writing():
                self._chunk_tables[name] = ChunkTable(self._database, name)
        return self._chunk_tables[name]

    def sweep(self) -> None:
        """Drop the chunks whose document is not there: what a killed writer left behind."""
        with self.writing():
            kept = {row["id"] for row in self._rows(self._documents, ["id"])}
            for table in self._all_chunk_tables():
                orphans = table.documents() - kept
                if orphans:
                    table.remove(orphans)

    def _all_chunk_tables(self) -> list[ChunkTable]:
        names = self._database.list_tables().tables
        return [ChunkTable(self._database, name) for name in names if name.startswith("chunks_")]

    # --- tables -----------------------------------------------------------------------------------------------------

    @cached_property
    def _documents(self) -> Any:
        import pyarrow as pa

        return self._open(
            "documents",
            pa.schema(
                {
                    "id": pa.string(),
                    "name": pa.string(),
                    "media_type": pa.string(),
                    "text": pa.large_string(),
                    "sections": pa.large_string(),
                    "pages": pa.large_string(),
                    "characters": pa.int64(),
                    "page_count": pa.int32(),
                    "added": pa.timestamp("us", tz="UTC"),
                }
            ),
        )

    @cached_property
    def _sources(self) -> Any:
        import pyarrow as pa

        strings = ("uri", "name", "document_id", "bytes_sha256", "parser_version")
        numbers = ("size", "modified", "checked")
        return self._open(
            "sources",
            pa.schema(
                {name: pa.string() for name in strings}
                | {name: pa.int64() for name in numbers}
                | {"listed": pa.bool_()}
            ),
        )

    def _open(self, name: str, schema: Any) -> Any:
        with self.writing():
            return self._database.create_table(name, schema=schema, exist_ok=True)

    def _table_of(self, table: Any) -> Any:
        # An open table shows the state in which it was opened: another process may have written since.
        table.checkout_latest()
        return table

    def _rows(self, table: Any, columns: list[str] | None, *, where: str | None = None) -> list[dict[str, Any]]:
        with _said_plainly(self.folder):
            query = self._table_of(table).search()
            if columns is not None:
                query = query.select(columns)
            if where is not None:
                query = query.where(where)
            rows: list[dict[str, Any]] = query.to_arrow().to_pylist()
            return rows

    def _add(self, table: Any, rows: list[dict[str, Any]]) -> None:
        self._table_of(table).add(_arrow(rows, table.schema))


def _arrow(rows: list[dict[str, Any]], schema: Any) -> Any:
    import pyarrow as pa

    return pa.Table.from_pylist(rows, schema=schema)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _one_of(column: str, values: Collection[str]) -> str:
    return f"{column} IN ({', '.join(_quoted(value) for value in values)})"


@contextmanager
def _said_plainly(folder: Path) -> Iterator[None]:
    """The system's and the database's own errors become octavo's."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT) or "no space left" in str(error).lower():
            raise LibraryFull(f"{folder}: the disk is full; free some space, or use another OCTAVO_HOME") from error
        raise LibraryError(f"{folder}: the library cannot be used ({error}); check OCTAVO_HOME") from error
    except (RuntimeError, ValueError) as error:  # what the database raises
        if "no space left" in str(error).lower():
            raise LibraryFull(f"{folder}: the disk is full; free some space, or use another OCTAVO_HOME") from error
        raise LibraryError(
            f"{folder}: the library is damaged ({str(error).splitlines()[0][:200]}); move the folder away and add the "
            "documents again"
        ) from error


def _document_row(document: Document) -> dict[str, Any]:
    return {
        "id": document.id,
        "name": document.name,
        "media_type": document.media_type,
        "text": document.text,
        "sections": json.dumps([[s.title, s.level, s.span.start, s.span.end] for s in document.sections]),
        "pages": json.dumps([[p.number, p.span.start, p.span.end] for p in document.pages]),
        "characters": len(document.text),
        "page_count": len(document.pages),
        "added": datetime.now(UTC),
    }


def _document(row: dict[str, Any]) -> Document:
    sections: Sequence[Any] = json.loads(row["sections"])
    return Document(
        row["id"],
        row["name"],
        row["media_type"],
        row["text"],
        tuple(Section(title, level, Span(start, end)) for title, level, start, end in sections),
        tuple(Page(number, Span(start, end)) for number, start, end in json.loads(row["pages"])),
    )
