"""Word (DOCX): headings as sections, lists, tables, footnotes; equations as LaTeX.

mammoth reads the file as the HTML that it means, and that is read as any page is. It leaves equations out, so these are
made text first.
"""

from __future__ import annotations

import io
import zipfile

from octavo.documents.parsed import Parsed
from octavo.documents.parsers.equations import equations_as_text
from octavo.documents.parsers.html import parse_markup
from octavo.errors import MissingExtra

_STYLES = "p[style-name='Title'] => h1:fresh\np[style-name='Subtitle'] => p:fresh"
_WITH_EQUATIONS = ("word/document.xml", "word/footnotes.xml", "word/endnotes.xml")


def parse_docx(archive: zipfile.ZipFile) -> Parsed:
    """The document in `archive`. Raises `MissingExtra`."""
    try:
        import mammoth
    except ImportError as error:
        raise MissingExtra("reading DOCX", "office") from error
    # Images would come as long data addresses; a document's text has no use for them.
    result = mammoth.convert_to_html(_prepared(archive), style_map=_STYLES, convert_image=lambda image: [])
    return parse_markup(f"<body>{result.value}</body>")


def _prepared(archive: zipfile.ZipFile) -> io.BytesIO:
    """The file anew with its equations as text."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as prepared:
        for member in archive.infolist():
            content = b"" if member.filename.startswith("word/media/") else archive.read(member)
            if member.filename in _WITH_EQUATIONS and b"oMath" in content:
                content = equations_as_text(content)
            prepared.writestr(member.filename, content)
    stream.seek(0)
    return stream
