"""A library: documents kept on disk under OCTAVO_HOME, with their chunks and index.

`Library("contracts/")` is a view of what was named; `Library()` of all that was added. What is named is parsed once and
kept as a cache; only `add` puts it on the list. A source is known by the hash of its bytes: an edited file is seen at
once, an unchanged one is not parsed again.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import cached_property
from itertools import groupby
from pathlib import Path
from typing import cast

from octavo.documents.document import Document, DocumentRef, Span
from octavo.documents.limits import DEFAULT_LIMITS, Limits
from octavo.documents.sources import Source, expand
from octavo.errors import SourceChanged, SourceError, SourceNotFound, UsageError
from octavo.library.corpus import StoredCorpus
from octavo.library.home import default_home
from octavo.library.indexer import Indexer
from octavo.library.intake import Intake, Progress
from octavo.library.rows import SourceRow, check_storable
from octavo.library.store import Listing, Store
from octavo.models.tokenizer import Tokenizer

_ID = re.compile(r"[0-9a-f]{8,32}")
_CHARACTERS_TOGETHER = 4_000_000
_DOCUMENTS_TOGETHER = 1_000
"""What is read from the store, chunked and committed together at most."""


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
        return self._store.document(self._reference(document_id).id)

    def refresh(self) -> list[DocumentRef]:
        """Look at every source again: what changed is parsed anew, what cannot be read is in `problems`. A document
        that its last source no longer holds is forgotten."""
        self.problems = []
        intake = self._intake()
        found = list(self._named(intake) if self._sources else self._on_the_list(intake))
        self._selected = _told_apart(list({reference.id: reference for reference in found}.values()))
        self._finish(intake, self._selected)
        return list(self._selected)

    def corpus(self, tokenizer: Tokenizer, limit: int = 512) -> StoredCorpus:
        """The documents as of now, in chunks of at most `limit` tokens of `tokenizer`, searchable. Chunks that are kept
        are used; others are made."""
        references = self.refresh()
        indexer = Indexer(self._store, tokenizer, limit)
        chunks = indexer.table.chunks([reference.id for reference in references])
        missing = [reference for reference in references if reference.id not in chunks]
        if missing:
            self._index(missing, indexer)
            chunks |= indexer.table.chunks([reference.id for reference in missing])
            kept = self._store.holds([reference.id for reference in missing])
            gone = [reference for reference in missing if reference.id not in kept]
            self.problems += [SourceChanged(reference.name, "removed while it was being read") for reference in gone]
            references = [reference for reference in references if reference not in gone]
        return StoredCorpus(self._store, indexer.table, references, chunks)

    # --- the list ---------------------------------------------------------------------------------------------------

    def add(self, *sources: str | Path, tokenizer: Tokenizer | None = None, limit: int = 512) -> list[DocumentRef]:
        """Put sources on the list; with a `tokenizer` they are chunked and indexed now, else when they are first asked.
        Sources that cannot be read are in `problems`."""
        self.problems = []
        intake = self._intake(listed=True, indexer=Indexer(self._store, tokenizer, limit) if tokenizer else None)
        added = [DocumentRef(row.document_id, row.name) for row in intake.take(expand(sources))]
        self._selected = None
        self._finish(intake, added)
        return added

    def listed(self) -> list[Listing]:
        """The documents on the list, by name."""
        return self._store.listings()

    def remove(self, *names: str) -> list[DocumentRef]:
        """Forget sources, given by path (a folder's stands for all in it) or URL, and documents, given by the name of
        one source or by an id (or its beginning), with all that was made of them.

        Returns what no source holds any more, with what the removed sources held before they were edited: who keeps a
        ledger purges it of these ids. A document that another source holds stays, and is not returned. Raises
        `SourceNotFound` for a name that is nothing here and `UsageError` for one that is empty or may mean several;
        then nothing is removed.
        """
        uris: set[str] = set()
        document_ids: set[str] = set()
        rows = self._store.sources()
        for name in names:
            matching = _sources_at(name, rows) or _sources_called(name, rows)
            if not matching and _ID.fullmatch(name.lower()):
                document_id = self._reference(name).id
                document_ids.add(document_id)
                matching = [row for row in rows if row.document_id == document_id]
            elif not matching:
                raise SourceNotFound(name, "nothing in the library has this id, path or URL", "see: octavo list")
            uris |= {row.uri for row in matching}
        removed = self._store.forget(uris=uris, document_ids=document_ids)
        self._store.tidy()
        self._selected = None
        return removed

    def show(self, document_id: str, span: Span, *, context: int = 200) -> tuple[str, str, str]:
        """The text before a span (at most `context` characters), in it, and after it."""
        text = self.document(document_id).text
        start, end = max(0, min(span.start, len(text))), max(0, min(span.end, len(text)))
        return text[max(0, start - context) : start], text[start:end], text[end : end + context]

    # --- inside -----------------------------------------------------------------------------------------------------

    def _reference(self, prefix: str) -> DocumentRef:
        found = self._store.find(prefix.lower()) if re.fullmatch("[0-9a-fA-F]+", prefix) else []
        if not found:
            raise SourceChanged(prefix, "no such document in the library", "see: octavo list")
        if len(found) > 1:
            raise UsageError(f"{prefix}: {len(found)} documents begin with this id; give more of it")
        return found[0]

    def _intake(self, *, listed: bool = False, indexer: Indexer | None = None) -> Intake:
        return Intake(
            self._store,
            limits=self._limits,
            allow_private=self._allow_private,
            progress=self._progress,
            listed=listed,
            indexer=indexer,
        )

    def _finish(self, intake: Intake, selected: Sequence[DocumentRef]) -> None:
        self.problems += intake.problems
        superseded = intake.superseded - {reference.id for reference in selected}
        if superseded:
            self._store.forget(document_ids=superseded)
        self._store.tidy()

    def _named(self, intake: Intake) -> Iterator[DocumentRef]:
        """The documents of the sources that this library was made with, in their order."""
        for kind, group in groupby(self._sources, _kind):
            sources = list(group)
            if kind is Document:
                yield from self._given(cast("list[Document]", sources))
            elif kind is DocumentRef:
                yield from self._kept(cast("list[str]", sources))
            else:
                for row in intake.take(expand(cast("list[str | Path]", sources))):
                    yield DocumentRef(row.document_id, row.name)

    def _given(self, documents: Sequence[Document]) -> Iterator[DocumentRef]:
        good: list[Document] = []
        for document in documents:
            try:
                check_storable(document)
            except SourceError as error:
                self.problems.append(error)
            else:
                good.append(document)
        self._store.put_documents(good)
        yield from (document.ref for document in good)

    def _kept(self, ids: Sequence[str]) -> Iterator[DocumentRef]:
        for prefix in ids:
            try:
                yield self._reference(prefix)
            except SourceError as error:
                self.problems.append(error)

    def _on_the_list(self, intake: Intake) -> Iterator[DocumentRef]:
        """What the sources on the list hold. One that is gone, or cannot be read, is answered from what was kept."""
        rows = self._store.sources(where="listed")
        there = [Source(row.uri, row.uri, row.name) for row in rows if _is_file(row.uri)]
        current = {row.uri: row for row in intake.take(there)}
        held = self._store.holds({row.document_id for row in rows})
        failed = {problem.source for problem in intake.problems}
        for kept in rows:
            row = current.get(kept.uri, kept)
            if row is not kept or row.document_id in held:
                yield DocumentRef(row.document_id, row.name)
            elif row.uri not in failed:  # what a removal left behind that was killed on its way
                self.problems.append(
                    SourceChanged(row.uri, "it is gone, and its text is no longer kept", "add it again")
                )

    def _index(self, references: Sequence[DocumentRef], indexer: Indexer) -> None:
        """Make the chunks of documents, some at a time."""
        lengths = self._store.lengths([reference.id for reference in references])
        waiting: list[str] = []
        characters = 0
        for done, (document_id, length) in enumerate(lengths.items()):
            waiting.append(document_id)
            characters += length
            if characters >= _CHARACTERS_TOGETHER or len(waiting) >= _DOCUMENTS_TOGETHER:
                self._progress("indexing", done, len(lengths))
                indexer.index(waiting)
                waiting, characters = [], 0
        indexer.index(waiting)
        self._store.tidy()
        self._progress("indexing", len(lengths), len(lengths))


def _kind(source: str | Path | Document) -> type:
    """What a source is given as: a `Document`, a `DocumentRef` (by its id), or a `Source`."""
    if isinstance(source, Document):
        return Document
    return DocumentRef if isinstance(source, str) and is_document_id(source) else Source


def is_document_id(source: str) -> bool:
    """Whether a source is the id of a document (or the beginning of one), not a path."""
    return _ID.fullmatch(source) is not None and not Path(source).exists()


def _is_file(uri: str) -> bool:
    path = Path(uri)
    return path.is_absolute() and path.exists()


def _sources_at(name: str, rows: Sequence[SourceRow]) -> list[SourceRow]:
    """The sources that `name` is the path or URL of, or the path of a folder of. Raises `UsageError` for no name."""
    if not name.strip():
        raise UsageError("an empty name is no document; see: octavo list")
    path = Path(name)
    with suppress(RuntimeError):  # a name that starts with a tilde and is not a user's home
        path = path.expanduser()
    absolute = os.path.abspath(path)  # noqa: PTH100 - `resolve` would follow links
    return [row for row in rows if row.uri in (name, absolute) or row.uri.startswith(absolute + os.sep)]


def _sources_called(name: str, rows: Sequence[SourceRow]) -> list[SourceRow]:
    """The sources of this name. Raises `UsageError` where they hold several documents."""
    found = [row for row in rows if row.name == name]
    ids = {row.document_id for row in found}
    if len(ids) > 1:
        raise UsageError(f"{name}: {len(ids)} documents have this name; say which by its id, path or URL")
    return found


def _told_apart(references: Sequence[DocumentRef]) -> list[DocumentRef]:
    """The documents with names that differ: where several have one name, each has the beginning of its id added."""
    counts = Counter(reference.name for reference in references)
    return [
        reference
        if counts[reference.name] == 1
        else DocumentRef(reference.id, f"{reference.name} ({reference.id[:6]})")
        for reference in references
    ]
