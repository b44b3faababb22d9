"""What the library's verbs do: add, list, show and remove, as text or as JSON.

Knows the library; nothing of models but that their ledger forgets what a removed document was part of.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from octavo.cli.progress import progress_for
from octavo.cli.terminal import one_line, say, write, write_json, write_line
from octavo.documents.document import Document, DocumentRef, Span
from octavo.errors import UsageError
from octavo.library.library import Library
from octavo.library.store import Listing
from octavo.models.ledger import Ledger
from octavo.settings import Settings, load_settings

_ID_SHOWN = 12


def add_sources(sources: Sequence[str], flags: Mapping[str, object], *, as_json: bool, quiet: bool) -> int:
    """Put sources on the list. Returns 1 where one of them could not be read."""
    settings = load_settings(flags)
    with progress_for(quiet=quiet) as progress:
        library = Library(home=settings.home_folder, allow_private=settings.allow_private, progress=progress.step)
        added = library.add(*sources)
        progress.pause()
        for problem in library.problems:
            say(str(problem))
    if as_json:
        failed = [{"source": problem.source, "reason": problem.reason} for problem in library.problems]
        write_json({"added": [_json(reference) for reference in added], "failed": failed})
    else:
        for reference in added:
            write_line(f"{reference.id[:_ID_SHOWN]}  {one_line(reference.name)}")
    return 1 if library.problems else 0


def list_entries(flags: Mapping[str, object], *, as_json: bool) -> int:
    """Print the documents on the list."""
    library = Library(home=load_settings(flags).home_folder)
    listings = library.listed()
    if as_json:
        write_json([_listing_json(listing) for listing in listings])
    elif not listings:
        say("the library is empty; to fill it: octavo add SOURCE")
    else:
        width = max(len(f"{listing.characters:,}") for listing in listings)
        for listing in listings:
            pages = f", {listing.pages:,} pages" if listing.pages else ""
            write_line(
                f"{listing.document.id[:_ID_SHOWN]}  {listing.characters:>{width},} characters{pages}  "
                f"{listing.added:%Y-%m-%d}  {one_line(listing.document.name)}"
            )
    return 0


def show_place(
    name: str,
    start: int | None,
    end: int | None,
    surroundings: int,
    flags: Mapping[str, object],
    *,
    as_json: bool,
) -> int:
    """Print a document, or a place in it between [[ and ]] with its surroundings."""
    library = Library(home=load_settings(flags).home_folder)
    document = _document(library, name)
    if start is None and end is None:
        span, surroundings = Span(0, len(document.text)), 0
    else:
        span = _span(document, start, end, surroundings)
    before, text, after = library.show(document.id, span, context=surroundings)
    section, page = document.section_path(span.start), document.page_at(span.start)
    if as_json:
        write_json(
            {
                "document": _json(document.ref),
                "start": span.start,
                "end": span.end,
                "page": page,
                "section": list(section),
                "before": before,
                "text": text,
                "after": after,
            }
        )
        return 0
    if len(text) == len(document.text):
        write(text if text.endswith("\n") else f"{text}\n")
        return 0
    where = [
        document.name,
        *([f"page {page}"] if page is not None else []),
        *([" > ".join(section)] if section else []),
    ]
    say(", ".join(where))
    write_line(f"{before}[[{text}]]{after}")
    return 0


def remove_documents(names: Sequence[str], flags: Mapping[str, object], *, as_json: bool) -> int:
    """Take documents out of the library, and every call that their text was part of out of the ledger."""
    settings = load_settings(flags)
    library = Library(home=settings.home_folder)
    removed = library.remove(*names)
    forgotten = _purge(settings, removed)
    if as_json:
        write_json({"removed": [_json(reference) for reference in removed], "forgotten_calls": forgotten})
    else:
        for reference in removed:
            write_line(f"{reference.id[:_ID_SHOWN]}  {one_line(reference.name)}")
        if removed:
            say(f"removed: {len(removed):,}; calls forgotten: {forgotten:,}")
        else:
            say("taken off the list; another source still holds the same text, so nothing else was removed")
    return 0


def _purge(settings: Settings, removed: Sequence[DocumentRef]) -> int:
    path = settings.home_folder / "ledger.sqlite"
    if not path.exists():
        return 0
    ledger = Ledger(path)
    try:
        return sum(ledger.purge(reference.id) for reference in removed)
    finally:
        ledger.close()


def _span(document: Document, start: int | None, end: int | None, surroundings: int) -> Span:
    """The place asked for; an end that is not given leaves a place of no length, for its surroundings."""
    first = start if start is not None else max(0, (end or 0) - surroundings)
    last = end if end is not None else first
    length = len(document.text)
    if not first <= last <= length:
        raise UsageError(
            f"{document.name}: no characters {first:,} to {last:,}; it has {length:,}, and --start comes before --end"
        )
    return Span(first, last)


def _document(library: Library, name: str) -> Document:
    return library.document(_id_of_name(library, name) or name)


def _id_of_name(library: Library, name: str) -> str | None:
    """The id of the one listed document of this name. Raises `UsageError` where there are several."""
    found = {listing.document.id for listing in library.listed() if listing.document.name == name}
    if len(found) > 1:
        ids = ", ".join(document_id[:_ID_SHOWN] for document_id in sorted(found))
        raise UsageError(f"{name}: {len(found)} documents have this name; say which by its id: {ids}")
    return next(iter(found), None)


def _json(reference: DocumentRef) -> dict[str, str]:
    return {"id": reference.id, "name": reference.name}


def _listing_json(listing: Listing) -> dict[str, object]:
    return {
        **_json(listing.document),
        "sources": list(listing.uris),
        "media_type": listing.media_type,
        "characters": listing.characters,
        "pages": listing.pages,
        "added": listing.added.isoformat(),
    }
