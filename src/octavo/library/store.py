"""What is on disk: documents, the sources that they came from, and chunks with their BM25 index, in LanceDB tables.

Each tokenizer and limit has a chunk table of its own. Writers of all processes take turns by a file lock, which a
killed one lets go; a table's commit is atomic, so a reader sees a document's chunks all or not at all. Chunks are
written before the document's row, in one hold of the lock, and the source's row last: without the document nothing is
there, and what a killed writer left is swept. Knows nothing of files, parsers or models.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from octavo.documents.chunks import CHUNKING
from octavo.documents.document import Document, DocumentRef
from octavo.errors import LibraryError, LibraryTooNew, SourceChanged
from octavo.library.chunk_table import ChunkTable
from octavo.library.rows import (
    SourceRow,
    document_of,
    document_rows,
    documents_schema,
    former_rows,
    former_schema,
    source_rows,
    sources_schema,
)
from octavo.library.table import Table, quoted, said_plainly
from octavo.retrieval.terms import TERMS

VERSION = 1
"""Of the layout on disk. A library of a higher version is refused, never damaged."""

_SOURCE = [field.name for field in fields(SourceRow)]


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
        with said_plainly(self.folder):
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
            written = file.read_text().strip() if file.exists() else ""
            found = int(written or VERSION)
        except ValueError as error:
            raise LibraryError(f"{file}: no version number: the library is damaged; move the folder away") from error
        if found > VERSION:
            raise LibraryTooNew(
                f"{self.folder}: made by a newer octavo (layout {found}, this one reads {VERSION}); update octavo, or "
                "use another OCTAVO_HOME"
            )
        if not written:  # a new library, or one whose maker was killed before the number was in the file
            unfinished = file.with_name(f"version.{os.getpid()}")
            unfinished.write_text(f"{VERSION}\n")
            unfinished.replace(file)

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Take turns with the writers of all processes. May be nested."""
        with said_plainly(self.folder):
            self._lock.acquire()
        try:
            yield
        finally:
            self._lock.release()

    def tidy(self) -> None:
        """Where something was written: sweep, put together what many commits left, and bring indices up to date."""
        opened: list[Table | ChunkTable] = [self._documents, self._sources, self._former]
        opened += self._chunk_tables.values()
        if not any(table.changed for table in opened):
            return
        with self.writing():
            self.sweep()
            for table in opened:
                table.tidy()

    def sweep(self) -> None:
        """Drop the chunks whose document is not there: what a killed writer left behind."""
        with self.writing():
            kept = set(self._documents.rows(["id"])["id"].to_pylist())
            for table in self._all_chunk_tables():
                table.remove(table.documents() - kept)

    # --- documents --------------------------------------------------------------------------------------------------

    def put_documents(self, documents: Collection[Document]) -> None:
        """Keep documents, in one commit; those that are there already stay as they are."""
        with self.writing():
            held = self.holds([document.id for document in documents])
            new = {document.id: document for document in documents if document.id not in held}
            self._documents.add(document_rows(new.values()))

    def holds(self, document_ids: Collection[str]) -> set[str]:
        """Those of `document_ids` that are kept."""
        return set(self.lengths(document_ids))

    def lengths(self, document_ids: Collection[str]) -> dict[str, int]:
        """How many characters those of `document_ids` have that are kept."""
        rows = self._documents.rows_of("id", document_ids, ["id", "characters"])
        return dict(zip(rows["id"].to_pylist(), rows["characters"].to_pylist(), strict=True))

    def documents(self, document_ids: Collection[str]) -> list[Document]:
        """Those of the documents that are kept, with their texts."""
        columns = ["id", "name", "media_type", "text", "sections", "pages"]
        return [document_of(row) for row in self._documents.rows_of("id", document_ids, columns).to_pylist()]

    def document(self, document_id: str) -> Document:
        """A document with its text. Raises `SourceChanged` where it is not kept."""
        for document in self.documents([document_id]):
            return document
        raise SourceChanged(document_id, "no such document in the library", "see: octavo list")

    def find(self, prefix: str) -> list[DocumentRef]:
        """The documents whose id starts with `prefix`."""
        return self._references(f"starts_with(id, {quoted(prefix)})")

    def _references(self, where: str) -> list[DocumentRef]:
        rows = self._documents.rows(["id", "name"], where).to_pylist()
        return sorted((DocumentRef(row["id"], row["name"]) for row in rows), key=lambda reference: reference.id)

    def forget(self, *, uris: Collection[str] = (), document_ids: Collection[str] = ()) -> list[DocumentRef]:
        """Forget sources, and of `document_ids` and of all that these sources ever held what no other source holds.

        Returns what is held no more, with what the sources held before and was forgotten then: whatever else was made
        of it may go too.
        """
        with self.writing():
            leaving = self.sources_of(uris)
            former = self._former.rows_of("uri", list(leaving), ["uri", "document_id"]).to_pylist()
            names = dict.fromkeys(document_ids, "")
            names |= {row["document_id"]: leaving[row["uri"]].name for row in former}
            names |= {row.document_id: row.name for row in leaving.values()}
            holding = self._sources.rows_of("document_id", list(names), ["uri", "document_id"]).to_pylist()
            gone = names.keys() - {row["document_id"] for row in holding if row["uri"] not in leaving}
            kept = self._documents.rows_of("id", list(gone), ["id", "name"]).to_pylist()
            # The texts go first: a row of a source without its document is passed over, chunks without it are swept.
            self._documents.delete("id", [row["id"] for row in kept])
            self._sources.delete("uri", list(leaving))
            self._former.delete("uri", list({row["uri"] for row in former}))
            for table in self._all_chunk_tables():
                table.remove(table.documents() & gone)
        names |= {row["id"]: names[row["id"]] or row["name"] for row in kept}
        return [DocumentRef(document_id, names[document_id]) for document_id in sorted(gone)]

    # --- sources ----------------------------------------------------------------------------------------------------

    def sources(self, where: str | None = None) -> list[SourceRow]:
        """The sources that `where` (SQL) selects, in order of their uris."""
        rows = [SourceRow(**row) for row in self._sources.rows(_SOURCE, where).to_pylist()]
        return sorted(rows, key=lambda row: row.uri)

    def sources_of(self, uris: Collection[str]) -> dict[str, SourceRow]:
        """What is known of sources, by uri."""
        rows = self._sources.rows_of("uri", uris, _SOURCE).to_pylist()
        return {row["uri"]: SourceRow(**row) for row in rows}

    def put_sources(self, rows: Sequence[SourceRow]) -> dict[str, str]:
        """Keep sources in place of what was known of them; one on the list stays there. Returns, by uri, the ids of the
        documents that they held before and hold no more."""
        with self.writing():
            known = self.sources_of([row.uri for row in rows])
            former = {
                row.uri: known[row.uri].document_id
                for row in rows
                if row.uri in known and known[row.uri].document_id != row.document_id
            }
            self._former.add(former_rows(former))
            listed = {uri for uri, row in known.items() if row.listed}
            self._sources.put(source_rows(replace(row, listed=row.listed or row.uri in listed) for row in rows), "uri")
        return former

    def listings(self) -> list[Listing]:
        """The documents on the user's list, by name."""
        sources: dict[str, list[SourceRow]] = {}
        for row in self.sources(where="listed"):
            sources.setdefault(row.document_id, []).append(row)
        columns = ["id", "media_type", "characters", "page_count", "added"]
        listings = [
            Listing(
                document=DocumentRef(row["id"], sources[row["id"]][0].name),
                uris=tuple(source.uri for source in sources[row["id"]]),
                media_type=row["media_type"],
                characters=row["characters"],
                pages=row["page_count"],
                added=row["added"],
            )
            for row in self._documents.rows_of("id", list(sources), columns).to_pylist()
        ]
        return sorted(listings, key=lambda listing: (listing.document.name, listing.document.id))

    # --- tables -----------------------------------------------------------------------------------------------------

    def chunk_table(self, tokenizer_id: str, limit: int) -> ChunkTable:
        """The chunks of this tokenizer and limit; made where there are none yet."""
        # With the versions of the rules: a chunk of older ones is never taken for one of today's.
        return self._chunk_table(f"chunks_{tokenizer_id}_{limit}_{CHUNKING}_{TERMS}")

    def _chunk_table(self, name: str) -> ChunkTable:
        if name not in self._chunk_tables:
            with self.writing():
                self._chunk_tables[name] = ChunkTable(self._database, name, self.folder)
        return self._chunk_tables[name]

    def _all_chunk_tables(self) -> list[ChunkTable]:
        with said_plainly(self.folder):
            names = self._database.list_tables().tables
        return [self._chunk_table(name) for name in names if name.startswith("chunks_")]

    @cached_property
    def _documents(self) -> Table:
        return self._open("documents", documents_schema())

    @cached_property
    def _sources(self) -> Table:
        return self._open("sources", sources_schema())

    @cached_property
    def _former(self) -> Table:
        return self._open("former", former_schema())

    def _open(self, name: str, schema: Any) -> Table:
        with self.writing():
            return Table(self._database, name, schema, self.folder)
