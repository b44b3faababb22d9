"""Documents and sources as rows of Arrow tables, and back. Knows nothing of where the tables are."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from octavo.documents.document import Document, Page, Section, Span
from octavo.errors import CorruptSource


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


def documents_schema() -> Any:
    """A row per document; `sections` and `pages` are JSON."""
    import pyarrow as pa

    return pa.schema(
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
    )


def sources_schema() -> Any:
    """A row per source: the fields of `SourceRow`."""
    import pyarrow as pa

    strings = ("uri", "name", "document_id", "bytes_sha256", "parser_version")
    numbers = ("size", "modified", "checked")
    return pa.schema(
        {name: pa.string() for name in strings} | {name: pa.int64() for name in numbers} | {"listed": pa.bool_()}
    )


def former_schema() -> Any:
    """A row per document that a source held before."""
    import pyarrow as pa

    return pa.schema({"uri": pa.string(), "document_id": pa.string()})


def document_rows(documents: Iterable[Document]) -> Any:
    """`documents` as an Arrow table."""
    import pyarrow as pa

    return pa.Table.from_pylist([_document_row(document) for document in documents], schema=documents_schema())


def source_rows(rows: Iterable[SourceRow]) -> Any:
    """`rows` as an Arrow table."""
    import pyarrow as pa

    return pa.Table.from_pylist([asdict(row) for row in rows], schema=sources_schema())


def former_rows(former: Mapping[str, str]) -> Any:
    """Ids of documents by the uri that held them, as an Arrow table."""
    import pyarrow as pa

    return pa.table({"uri": list(former), "document_id": list(former.values())}, schema=former_schema())


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


def document_of(row: dict[str, Any]) -> Document:
    """The document that a row of the documents' table holds."""
    return Document(
        row["id"],
        row["name"],
        row["media_type"],
        row["text"],
        tuple(Section(title, level, Span(start, end)) for title, level, start, end in json.loads(row["sections"])),
        tuple(Page(number, Span(start, end)) for number, start, end in json.loads(row["pages"])),
    )


def check_storable(document: Document) -> None:
    """Raises `CorruptSource` for a text or name that is not Unicode: half of a surrogate pair stands in it."""
    for what, text in (("text", document.text), ("name", document.name)):
        try:
            text.encode("utf-8")
        except UnicodeEncodeError as error:
            raise CorruptSource(
                document.name.encode("utf-8", "replace").decode(),
                f"character {error.start:,} of its {what} is half of a surrogate pair, which is no text",
                "decode it anew, with errors='replace'",
            ) from error
