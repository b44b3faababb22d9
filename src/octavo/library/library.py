"""A library: documents kept on disk under OCTAVO_HOME, with their chunks and index.

`Library("contracts/")` is a view of what was named; `Library()` of all that was added. What is named is parsed once and
kept as a cache; only `add` puts it on the list. A source is known by the hash of its bytes: an edited file is seen at
once, an unchanged one is not parsed again.
"""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path

from octavo.documents.chunks import chunk_document
from octavo.documents.content import read_bytes
from octavo.documents.document import Document, DocumentRef, Span
from octavo.documents.limits import DEFAULT_LIMITS, Limits
from octavo.documents.load import PARSER_VERSION, parse
from octavo.documents.sandbox import Sandbox
from octavo.documents.sources import Source, expand
from octavo.errors import MissingExtra, SourceChanged, SourceError, SourceNotFound, UsageError
from octavo.library.corpus import StoredCorpus
from octavo.library.home import default_home
from octavo.library.store import Listing, SourceRow, Store
from octavo.models.tokenizer import Tokenizer
from octavo.retrieval.terms import terms

_ID = re.compile(r"[0-9a-f]{8,32}")
_RACY = 2_000_000_000
"""Nanoseconds: a file modified so shortly before it was read may have changed since without another time stamp."""

_TOGETHER = 4_000_000
"""Characters of documents that are chunked and committed together."""

Progress = Callable[[str, int, int], None]
"""Hears of long work: what is being done, how much is done, of how much."""


class Library:
    """Documents from `sources`: files, folders, globs, http(s) URLs, "-", document ids or `Document`s; without any, all
    that were added.

    `home` is where they are kept; by default OCTAVO_HOME. `allow_private` lets a URL lead to a private address.
    `problems` are the sources of the latest `refresh` that could not be read. Raises `LibraryError` where the folder
    cannot be used.
    """

    def __init__(
        self,
        *sources: str | Path | Document,
        home: Path | None = None,
        allow_private: bool = False,
        limits: Limits = DEFAULT_LIMITS,
        progress: Progress | None = None,
    ) -> None:
        self.home = home or default_home()
        self.problems: list[SourceError] = []
        self._sources = sources
        self._allow_private = allow_private
        self._limits = limits
        self._progress = progress or (lambda what, done, total: None)
        self._selected: list[DocumentRef] | None = None

    @cached_property
    def _store(self) -> Store:
        return Store(self.home)

    # --- what is in it ----------------------------------------------------------------------------------------------

    @property
    def documents(self) -> list[DocumentRef]:
        """The documents of this library, in order; sources are looked at on first use."""
        if self._selected is None:
            self.refresh()
        return list(self._selected or ())

    def document(self, document_id: str) -> Document:
        """A document with its text, by its id or the beginning of it. Raises `SourceChanged` where there is none and
        `UsageError` where there are several."""
        return self._store.document(self._whole_id(document_id))

    def refresh(self) -> list[DocumentRef]:
        """Look at every source again: what changed is parsed anew, what cannot be read is in `problems`."""
        self.problems = []
        if self._sources:
            found = list(self._named())
        else:
            found = [DocumentRef(row.document_id, row.name) for row in self._looked_up()]
        self._selected = _told_apart(list({reference.id: reference for reference in found}.values()))
        return list(self._selected)

    def corpus(self, tokenizer: Tokenizer, limit: int = 512) -> StoredCorpus:
        """The documents as of now, in chunks of at most `limit` tokens of `tokenizer`, searchable. Chunks that are kept
        are used; others are made."""
        references = self.refresh()
        table = self._store.chunk_table(tokenizer.id, limit)
        ids = [reference.id for reference in references]
        chunks = table.chunks(ids)
        missing = [document_id for document_id in ids if document_id not in chunks]
        if missing:
            self._chunk(missing, tokenizer, limit)
            chunks = table.chunks(ids)
        return StoredCorpus(self._store, table, references, chunks)

    # --- the list ---------------------------------------------------------------------------------------------------

    def add(self, *sources: str | Path, tokenizer: Tokenizer | None = None, limit: int = 512) -> list[DocumentRef]:
        """Put sources on the list; with a `tokenizer` they are chunked and indexed now, else when they are first asked.
        Sources that cannot be read are in `problems`."""
        self.problems = []
        added = [reference for reference, _ in self._parsed(sources, listed=True, tokenizer=tokenizer, limit=limit)]
        self._selected = None
        return added

    def listed(self) -> list[Listing]:
        """The documents on the list, by name."""
        return self._store.listings()

    def remove(self, *names: str) -> list[DocumentRef]:
        """Forget documents, given by id (or its beginning), path or URL, with all that was made of them. Who keeps a
        ledger purges it of their ids. Raises `SourceNotFound` for a name that is nothing here; then nothing is
        removed."""
        removed = [reference for name in names for reference in self._known_as(name)]
        self._store.remove({reference.id for reference in removed})
        self._store.sweep()
        self._selected = None
        return list({reference.id: reference for reference in removed}.values())

    def show(self, document_id: str, span: Span, *, context: int = 200) -> tuple[str, str, str]:
        """The text before a span (at most `context` characters), in it, and after it."""
        text = self.document(document_id).text
        start, end = max(0, min(span.start, len(text))), max(0, min(span.end, len(text)))
        return text[max(0, start - context) : start], text[start:end], text[end : end + context]

    # --- inside -----------------------------------------------------------------------------------------------------

    def _whole_id(self, prefix: str) -> str:
        found = self._store.find(prefix.lower()) if prefix else []
        if not found:
            raise SourceChanged(prefix, "no such document in the library", "see: octavo list")
        if len(found) > 1:
            raise UsageError(f"{prefix}: {len(found)} documents begin with this id; give more of it")
        return found[0]

    def _known_as(self, name: str) -> list[DocumentRef]:
        rows = self._store.sources()
        absolute = str(Path(name).expanduser().absolute())
        matching = [row for row in rows if row.uri in (name, absolute) or row.uri.startswith(absolute + "/")]
        if matching:
            return [DocumentRef(row.document_id, row.name) for row in matching]
        if _ID.fullmatch(name.lower()):
            document = self.document(name)
            return [document.ref]
        raise SourceNotFound(name, "nothing in the library has this id, path or URL", "see: octavo list")

    def _named(self) -> Iterator[DocumentRef]:
        """The documents of the sources that this library was made with, in their order."""
        arguments: list[str | Path] = []
        for source in self._sources:
            if isinstance(source, Document):
                yield from self._read_now(arguments)
                self._store.put_document(source)
                yield source.ref
            elif isinstance(source, str) and _ID.fullmatch(source) and not Path(source).exists():
                yield from self._read_now(arguments)
                try:
                    yield self.document(source).ref
                except SourceError as error:
                    self.problems.append(error)
            else:
                arguments.append(source)
        yield from self._read_now(arguments)

    def _read_now(self, arguments: list[str | Path]) -> Iterator[DocumentRef]:
        waiting, arguments[:] = list(arguments), []
        for reference, _ in self._parsed(waiting, listed=False):
            yield reference

    def _looked_up(self) -> Iterator[SourceRow]:
        """The sources on the list, those that changed parsed anew. One that is gone is answered from what was kept."""
        with Sandbox(self._limits) as sandbox:
            for row in self._store.sources(where="listed"):
                path = Path(row.uri)
                if path.is_absolute() and path.exists():
                    source = Source(row.uri, row.uri, row.name)
                    try:
                        yield self._up_to_date(source, row, sandbox, listed=True, keep=self._store.put_document)
                        continue
                    except (SourceError, MissingExtra) as error:
                        self.problems.append(_as_source_error(error, source))
                yield row

    def _parsed(
        self,
        arguments: Sequence[str | Path],
        *,
        listed: bool,
        tokenizer: Tokenizer | None = None,
        limit: int = 512,
    ) -> Iterator[tuple[DocumentRef, SourceRow]]:
        def keep(document: Document) -> None:
            # Chunks first, the document's row last: without it nothing is there.
            if tokenizer is not None:
                self._add_chunks([document], tokenizer, limit)
            self._store.put_document(document)

        sources = list(expand(arguments))
        with Sandbox(self._limits) as sandbox:
            for done, source in enumerate(sources):
                if isinstance(source, SourceError):
                    self.problems.append(source)
                    continue
                self._progress(source.given, done, len(sources))
                try:
                    known = self._store.source(source.uri)
                    row = self._up_to_date(source, known, sandbox, listed=listed, keep=keep)
                except (SourceError, MissingExtra) as error:
                    self.problems.append(_as_source_error(error, source))
                    continue
                yield DocumentRef(row.document_id, row.name), row
        if tokenizer is not None and sources:
            with self._store.writing():
                self._store.chunk_table(tokenizer.id, limit).index()

    def _up_to_date(
        self,
        source: Source,
        known: SourceRow | None,
        sandbox: Sandbox,
        *,
        listed: bool,
        keep: Callable[[Document], None],
    ) -> SourceRow:
        """What the source holds now: as kept where its bytes are the same, else parsed. A document that its last source
        no longer holds is forgotten, unless it was put on the list by another."""
        checked = time.time_ns()
        size, modified = _stat(source)
        same_stat = known and (known.size, known.modified) == (size, modified) and known.checked - modified > _RACY
        if (
            known
            and source.kind == "file"
            and same_stat
            and known.parser_version == PARSER_VERSION
            and self._store.holds([known.document_id])
        ):
            return self._put(known, replace(known, listed=known.listed or listed, name=source.name))
        content = read_bytes(source, limits=self._limits, allow_private=self._allow_private)
        if (
            known
            and known.bytes_sha256 == content.sha256
            and known.parser_version == PARSER_VERSION
            and self._store.holds([known.document_id])
        ):
            name = source.name if source.kind != "url" else known.name
            row = replace(known, size=size, modified=modified, checked=checked, name=name)
            return self._put(known, replace(row, listed=known.listed or listed))
        document = parse(source, content, sandbox=sandbox, limits=self._limits)
        keep(document)
        return self._put(
            known,
            SourceRow(
                uri=source.uri,
                name=document.name,
                document_id=document.id,
                bytes_sha256=content.sha256,
                parser_version=PARSER_VERSION,
                size=size,
                modified=modified,
                checked=checked,
                listed=listed or bool(known and known.listed),
            ),
        )

    def _put(self, known: SourceRow | None, row: SourceRow) -> SourceRow:
        if row != known:
            self._store.put_source(row)
        return row

    def _chunk(self, document_ids: Sequence[str], tokenizer: Tokenizer, limit: int) -> None:
        """Make the chunks of documents that have none, some at a time."""
        waiting: list[Document] = []
        for done, document_id in enumerate(document_ids):
            self._progress("indexing", done, len(document_ids))
            waiting.append(self._store.document(document_id))
            if sum(len(document.text) for document in waiting) >= _TOGETHER:
                self._add_chunks(waiting, tokenizer, limit)
                waiting = []
        self._add_chunks(waiting, tokenizer, limit)
        with self._store.writing():
            self._store.chunk_table(tokenizer.id, limit).index()
        self._progress("indexing", len(document_ids), len(document_ids))

    def _add_chunks(self, documents: Sequence[Document], tokenizer: Tokenizer, limit: int) -> None:
        table = self._store.chunk_table(tokenizer.id, limit)
        held = table.chunks([document.id for document in documents])
        new = [document for document in documents if document.id not in held]
        chunks = {document.id: chunk_document(document, tokenizer, limit=limit) for document in new}
        words = {
            document.id: [terms(chunk.span.of(document.text)) for chunk in chunks[document.id]] for document in new
        }
        with self._store.writing():
            # Another process may have made the same chunks meanwhile.
            held = table.chunks(list(chunks))
            ids = [document_id for document_id in chunks if document_id not in held]
            table.add(
                (chunk for document_id in ids for chunk in chunks[document_id]),
                (found for document_id in ids for found in words[document_id]),
            )


def _stat(source: Source) -> tuple[int, int]:
    """Size in bytes and time of modification in nanoseconds of a file; zeros where there is none to look at."""
    if source.kind != "file":
        return 0, 0
    try:
        found = source.path.stat()
    except (OSError, ValueError):
        return 0, 0  # reading it says what is wrong
    return found.st_size, found.st_mtime_ns


def _as_source_error(error: SourceError | MissingExtra, source: Source) -> SourceError:
    return error if isinstance(error, SourceError) else SourceError(source.given, str(error))


def _told_apart(references: Sequence[DocumentRef]) -> list[DocumentRef]:
    """The documents with names that differ: where several have one name, each has the beginning of its id added."""
    counts = Counter(reference.name for reference in references)
    return [
        reference
        if counts[reference.name] == 1
        else DocumentRef(reference.id, f"{reference.name} ({reference.id[:6]})")
        for reference in references
    ]
