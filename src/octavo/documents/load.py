"""A source's bytes become a Document: the format is found, its parser called, and what comes out named.

Text formats are decoded here; all others go through a `Sandbox`. `expand` (sources), `read_bytes` (content) and
`parse` are three steps, so that one who keeps documents need not parse bytes that have not changed.
"""

from __future__ import annotations

from pathlib import Path, PurePath

from octavo.documents.content import SourceBytes, read_bytes
from octavo.documents.decoding import NotText, decode
from octavo.documents.document import Document
from octavo.documents.formats import Format, format_of, is_known
from octavo.documents.limits import DEFAULT_LIMITS, Limits
from octavo.documents.parsed import Parsed
from octavo.documents.parsers.markdown import parse_markdown
from octavo.documents.parsers.plain import parse_plain, verbatim
from octavo.documents.sandbox import Sandbox
from octavo.documents.sources import Source, source_of
from octavo.errors import EmptySource, UnsupportedSource

PARSER_VERSION = "1"
"""Changes when the same bytes would come out as another text or with other sections: what was parsed is parsed anew."""


def load(source: str | Path, *, allow_private: bool = False, limits: Limits = DEFAULT_LIMITS) -> Document:
    """The document in one file, at one http(s) URL, or on standard input (`-`).

    `allow_private` lets a URL lead to an address that is not public. Raises `SourceError` (its kind says why it cannot
    be a document) or `MissingExtra`.
    """
    origin = source_of(source)
    return parse(origin, read_bytes(origin, limits=limits, allow_private=allow_private), limits=limits)


def parse(
    source: Source, content: SourceBytes, *, sandbox: Sandbox | None = None, limits: Limits = DEFAULT_LIMITS
) -> Document:
    """The document in `content`, which was read from `source`.

    One who parses many files passes one `sandbox`, else binary formats start a process each. Raises `SourceError` or
    `MissingExtra`.
    """
    if not content.data:
        raise EmptySource(source.given, "empty: it holds no bytes", "check that it was saved or downloaded in full")
    format_ = format_of(
        content.data, name=_file_name(source, content), media_type=content.media_type, given=source.given
    )
    if format_.is_plain:
        parsed = _parse_text(source, content, format_)
    elif sandbox is not None:
        parsed = sandbox.parse(content.data, format_, given=source.given, charset=content.charset)
    else:
        with Sandbox(limits) as own:
            parsed = own.parse(content.data, format_, given=source.given, charset=content.charset)
    if not parsed.text or parsed.text.isspace():
        raise EmptySource(
            source.given, "no text inside", "if it holds images of text, run it through a text recogniser"
        )
    return Document.of(
        parsed.text,
        name=_name(source, content, parsed, format_),
        media_type=format_.value,
        sections=parsed.sections,
        pages=parsed.pages,
    )


def _parse_text(source: Source, content: SourceBytes, format_: Format) -> Parsed:
    try:
        text = decode(content.data, content.charset)
    except NotText as error:
        raise UnsupportedSource(
            source.given, "binary, whatever its name says", "octavo reads text, PDF, Office, EPUB and HTML files"
        ) from error
    if format_ is Format.MARKDOWN:
        return parse_markdown(text)
    return parse_plain(text) if format_ is Format.TEXT else verbatim(text)


def _file_name(source: Source, content: SourceBytes) -> str:
    """The name whose extension tells the format."""
    return content.file_name or PurePath(source.name).name if source.kind == "url" else PurePath(source.uri).name


def _name(source: Source, content: SourceBytes, parsed: Parsed, format_: Format) -> str:
    """A file is known by its name; what is on the web by its title, unless it is a file with a telling name."""
    if source.kind != "url":
        return source.name
    if is_known(content.file_name) and format_ not in (Format.HTML, Format.XHTML):
        return content.file_name
    return parsed.title or content.file_name or source.name
