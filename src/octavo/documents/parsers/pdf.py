"""PDF: the text of every page in order, pages as spans, the outline as sections.

A scanned file without a text layer is `EmptySource`: octavo reads text, it does not recognise characters in images.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from octavo.documents.decoding import normalise_line_ends
from octavo.documents.document import Page, Section, Span
from octavo.documents.headings import Heading, sections_of
from octavo.documents.parsed import Parsed, one_line
from octavo.errors import CorruptSource, EmptySource, EncryptedSource

if TYPE_CHECKING:
    from pypdfium2 import PdfDocument

_PASSWORD_NEEDED, _SECURITY_UNKNOWN = 4, 5  # FPDF_ERR_PASSWORD and FPDF_ERR_SECURITY of PDFium's fpdfview.h
_TAIL_BYTES = 8192

# PDFium leaves one of these where a line ended in a hyphen, and drops the line's end.
_BROKEN_WORD = re.compile(r"(\w*)[\ufffe\x02](\w*)")
_HYPHENATED = re.compile(r"\w+-\w+")
_STOPS = ".!?:;。！？：；…\"'”’」』)）"


def parse_pdf(data: bytes, *, given: str) -> Parsed:
    """The document in `data`; `given` is what errors call it. Raises `CorruptSource`, `EncryptedSource` and, where no
    page has text, `EmptySource`."""
    import pypdfium2

    try:
        document = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        if error.err_code in (_PASSWORD_NEEDED, _SECURITY_UNKNOWN):
            raise EncryptedSource(
                given, "a PDF encrypted with a password", "save a copy without the password"
            ) from error
        raise _damaged(data, given) from error
    with document:
        if not _has_end(data):
            # PDFium would rebuild what it can and silently lose the rest.
            raise _damaged(data, given)
        texts = _mend_words([_page_text(document, index, given) for index in range(len(document))])
        if not any(text.strip() for text in texts):
            raise EmptySource(
                given,
                f"no text on its {len(texts)} page(s): it seems to be scanned",
                "run it through a text recogniser first (ocrmypdf, for one)",
            )
        text, pages = _join(texts)
        return Parsed(text, title=_title(document), sections=_sections(document, text, pages), pages=pages)


def _damaged(data: bytes, given: str) -> CorruptSource:
    if b"%PDF-" not in data[:1024]:
        return CorruptSource(given, "not a PDF, whatever its name says", "open it in a text editor to see what it is")
    how = "damaged" if _has_end(data) else "truncated: the end of the PDF is missing"
    return CorruptSource(given, how, "get the file again")


def _has_end(data: bytes) -> bool:
    tail = data[-_TAIL_BYTES:]
    return b"%%EOF" in tail or b"startxref" in tail


def _page_text(document: PdfDocument, index: int, given: str) -> str:
    import pypdfium2

    try:
        page = document[index]
        text: str = page.get_textpage().get_text_range()
        page.close()
    except pypdfium2.PdfiumError as error:
        raise CorruptSource(
            given, f"damaged: page {index + 1} of {len(document)} cannot be read", "get the file again"
        ) from error
    return normalise_line_ends(text)


def _mend_words(texts: list[str]) -> list[str]:
    """Words that were broken over two lines made whole: with their hyphen if the document writes them so elsewhere."""
    hyphenated: set[str] = set()
    if any("\ufffe" in text or "\x02" in text for text in texts):
        for text in texts:
            hyphenated.update(word.lower() for word in _HYPHENATED.findall(text))

    def mend(match: re.Match[str]) -> str:
        first, second = match[1], match[2]
        keeps = f"{first}-{second}".lower() in hyphenated or first[-1:].isdigit() or second[:1].isupper()
        return f"{first}-{second}" if keeps or not first or not second else first + second

    return [_BROKEN_WORD.sub(mend, text) for text in texts]


def _join(texts: list[str]) -> tuple[str, tuple[Page, ...]]:
    """One text, and the pages as spans of it. A page that ends inside a sentence is not cut off by an empty line."""
    pieces: list[str] = []
    pages: list[Page] = []
    start = 0
    for number, text in enumerate(texts, start=1):
        body = text.rstrip()
        piece = body + ("\n\n" if not body or body[-1] in _STOPS else "\n")
        pieces.append(piece)
        pages.append(Page(number, Span(start, start + len(piece))))
        start += len(piece)
    return "".join(pieces), tuple(pages)


def _sections(document: PdfDocument, text: str, pages: tuple[Page, ...]) -> tuple[Section, ...]:
    headings: list[Heading] = []
    last = 0
    for bookmark in document.get_toc():
        title = one_line(bookmark.get_title().replace("\x00", ""))
        destination = bookmark.get_dest()
        index = destination.get_index() if destination is not None else None
        if not title or index is None or index >= len(pages):
            continue
        span = pages[index].span
        # Several headings may stand on one page, and a title may be spoken of before it stands as one.
        begin = last if span.start <= last < span.end else span.start
        start = _find_title(text, title, begin, span.end)
        headings.append(Heading(begin if start is None else start, bookmark.level + 1, title))
        last = headings[-1].start + 1
    headings.sort(key=lambda heading: heading.start)
    return sections_of(headings, len(text))


def _find_title(text: str, title: str, start: int, end: int) -> int | None:
    """Where `title` stands between `start` and `end`, spaced in any way; at a line's start if it does so anywhere."""
    spaced = r"\s*".join(re.escape(character) for character in title if not character.isspace())
    area = text[start:end]
    found = re.search(rf"^[ \t]*{spaced}", area, re.IGNORECASE | re.MULTILINE) or re.search(spaced, area, re.IGNORECASE)
    return start + found.start() if found else None


def _title(document: PdfDocument) -> str | None:
    """The title in the file's metadata, unless a program put its own name or a file's name there."""
    title = one_line(document.get_metadata_value("Title").replace("\x00", ""))
    if not title or re.search(r"\.\w{2,5}$|^untitled|^microsoft word", title, re.IGNORECASE):
        return None
    return title
