"""Sources are taken in: read, parsed where their bytes are new, and kept, some at a time.

What was known of all of them is asked once. An unchanged file is known by its size and time stamp, a touched one by the
hash of its bytes. Knows nothing of lists or of what is asked.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any
from weakref import WeakKeyDictionary

from octavo.documents.content import SourceBytes, read_bytes
from octavo.documents.document import Document
from octavo.documents.limits import Limits
from octavo.documents.load import PARSER_VERSION, parse
from octavo.documents.sandbox import Sandbox
from octavo.documents.sources import STANDARD_INPUT, Source
from octavo.errors import MissingExtra, SourceError
from octavo.library.indexer import Indexer
from octavo.library.rows import SourceRow, check_storable
from octavo.library.store import Store

_RACY = 2_000_000_000
"""Nanoseconds: a file modified so shortly before it was read may have changed since without another time stamp."""

_CHARACTERS_TOGETHER = 4_000_000
_DOCUMENTS_TOGETHER = 100
"""What is committed together at most, and so what a kill loses at most."""

Progress = Callable[[str, int, int], None]
"""Hears of long work: what is being done, how much is done, of how much."""

_STANDARD_INPUT: WeakKeyDictionary[Any, SourceBytes] = WeakKeyDictionary()
"""What was read of it: a stream can be read once only, and may be asked about again."""


class Intake:
    """Takes sources into `store`; with an `indexer` their documents are chunked too, `listed` puts them on the list.

    `problems` are the sources that could not be read, `superseded` the ids of documents that a source held before.
    """

    def __init__(
        self,
        store: Store,
        *,
        limits: Limits,
        allow_private: bool,
        progress: Progress,
        listed: bool = False,
        indexer: Indexer | None = None,
    ) -> None:
        self.problems: list[SourceError] = []
        self.superseded: set[str] = set()
        self._store = store
        self._limits = limits
        self._allow_private = allow_private
        self._progress = progress
        self._listed = listed
        self._indexer = indexer
        self._indexed = indexer.table.documents() if indexer else set()
        self._documents: dict[str, Document] = {}
        self._characters = 0
        self._rows: list[SourceRow] = []

    def take(self, sources: Iterable[Source | SourceError]) -> list[SourceRow]:
        """What the sources hold now, in their order, without those that could not be read; all of it kept."""
        given = list(sources)
        known = self._store.sources_of([source.uri for source in given if isinstance(source, Source)])
        held = self._store.holds({row.document_id for row in known.values()})
        taken: list[SourceRow] = []
        with Sandbox(self._limits) as sandbox:
            for done, source in enumerate(given):
                if isinstance(source, SourceError):
                    self.problems.append(source)
                    continue
                self._progress(source.given, done, len(given))
                before = known.get(source.uri)
                usable = before and before.document_id in held and before.parser_version == PARSER_VERSION
                try:
                    row = self._current(source, before if usable else None, sandbox)
                except (SourceError, MissingExtra) as error:
                    self.problems.append(_as_source_error(error, source))
                    continue
                taken.append(row)
                if row != before:
                    self._rows.append(row)
                if self._is_full():
                    self._flush()
        self._flush()
        return taken

    def _current(self, source: Source, known: SourceRow | None, sandbox: Sandbox) -> SourceRow:
        """What the source holds now: what is known of it where its bytes are the same, else parsed."""
        checked = time.time_ns()
        size, modified = _stat(source)
        if known:
            name = known.name if source.kind == "url" else source.name
            known = replace(known, name=name, listed=known.listed or self._listed)
            same_stat = (known.size, known.modified) == (size, modified) and known.checked - modified > _RACY
            if source.kind == "file" and same_stat:
                return known
        content = self._read(source)
        if known and known.bytes_sha256 == content.sha256:
            return replace(known, size=size, modified=modified, checked=checked)
        document = parse(source, content, sandbox=sandbox, limits=self._limits)
        check_storable(document)
        self._documents[document.id] = document
        self._characters += len(document.text)
        return SourceRow(
            uri=source.uri,
            name=document.name,
            document_id=document.id,
            bytes_sha256=content.sha256,
            parser_version=PARSER_VERSION,
            size=size,
            modified=modified,
            checked=checked,
            listed=self._listed,
        )

    def _read(self, source: Source) -> SourceBytes:
        if source.kind != "stdin":
            return read_bytes(source, limits=self._limits, allow_private=self._allow_private)
        stream = sys.stdin.buffer
        if stream not in _STANDARD_INPUT:
            _STANDARD_INPUT[stream] = read_bytes(source, limits=self._limits)
        return _STANDARD_INPUT[stream]

    def _is_full(self) -> bool:
        return len(self._documents) >= _DOCUMENTS_TOGETHER or self._characters >= _CHARACTERS_TOGETHER

    def _flush(self) -> None:
        """Keep what was taken since the last time: chunks first, then documents, then what the sources hold."""
        documents = list(self._documents.values())
        if self._rows:
            prepared = self._indexer.prepare(documents, but=self._indexed) if self._indexer else {}
            with self._store.writing():
                if self._indexer:
                    self._indexer.add(prepared, list(prepared))
                self._store.put_documents(documents)
                former = self._store.put_sources(self._rows)
            # Standard input is another in every process, each of which may be at work on what it held.
            self.superseded |= {document_id for uri, document_id in former.items() if uri != STANDARD_INPUT}
        self._documents.clear()
        self._rows.clear()
        self._characters = 0


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
