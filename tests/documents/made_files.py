"""Files of every format, made where they are needed: as a program would write them, or damaged in one way."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Sequence


def pdf(
    pages: Sequence[Sequence[str]],
    outline: Sequence[tuple[str, int]] = (),
    title: str | None = None,
    password: str | None = None,
) -> bytes:
    """A PDF with the lines of each page, a flat outline of (title, page from 1), and a title in its metadata."""
    catalog, tree, font, info, outlines = 1, 2, 3, 4, 5
    page_ids = [6 + 2 * index for index in range(len(pages))]
    outline_ids = [6 + 2 * len(pages) + index for index in range(len(outline))]
    encrypt = 6 + 2 * len(pages) + len(outline)
    key = _encryption_key(password) if password else None
    objects: dict[int, bytes] = {
        catalog: b"<</Type/Catalog/Pages %d 0 R" % tree + (b"/Outlines %d 0 R>>" % outlines if outline else b">>"),
        tree: b"<</Type/Pages/Kids[%s]/Count %d>>" % (b" ".join(b"%d 0 R" % i for i in page_ids), len(pages)),
        font: b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>",
        info: b"<</Title(%s)>>" % (title or "").encode("latin-1"),
        outlines: b"<<>>",
    }
    if outline:
        objects[outlines] = b"<</First %d 0 R/Last %d 0 R/Count %d>>" % (outline_ids[0], outline_ids[-1], len(outline))
    for index, (entry, page) in enumerate(outline):
        links = b"/Next %d 0 R" % outline_ids[index + 1] if index + 1 < len(outline) else b""
        objects[outline_ids[index]] = b"<</Title(%s)/Parent %d 0 R/Dest[%d 0 R/Fit]%s>>" % (
            entry.encode("latin-1"), outlines, page_ids[page - 1], links,
        )  # fmt: skip
    for page_id, lines in zip(page_ids, pages, strict=True):
        escaped = (line.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)") for line in lines)
        shown = b"".join(b"(%s) Tj T* " % line.encode("cp1252") for line in escaped)
        content = b"BT /F1 11 Tf 14 TL 72 740 Td " + shown + b"ET" if lines else b""
        if key:
            content = _rc4(_object_key(key, page_id + 1), content)
        objects[page_id] = (
            b"<</Type/Page/Parent %d 0 R/MediaBox[0 0 612 792]/Resources<</Font<</F1 %d 0 R>>>>/Contents %d 0 R>>"
            % (tree, font, page_id + 1)
        )
        objects[page_id + 1] = b"<</Length %d>>stream\n%s\nendstream" % (len(content), content)
    trailer = b"/Root %d 0 R/Info %d 0 R" % (catalog, info)
    if password:
        owner, user = _owner_entry(password), _rc4(_encryption_key(password), _PADDING)
        objects[encrypt] = b"<</Filter/Standard/V 1/R 2/O<%s>/U<%s>/P -4>>" % (
            owner.hex().encode(),
            user.hex().encode(),
        )
        trailer += b"/Encrypt %d 0 R/ID[<%s><%s>]" % (encrypt, _FILE_ID.hex().encode(), _FILE_ID.hex().encode())
    return _pdf_file(objects, trailer)


def _pdf_file(objects: dict[int, bytes], trailer: bytes) -> bytes:
    written = bytearray(b"%PDF-1.4\n")
    offsets = {}
    for number in sorted(objects):
        offsets[number] = len(written)
        written += b"%d 0 obj\n%s\nendobj\n" % (number, objects[number])
    start, size = len(written), max(objects) + 1
    written += b"xref\n0 %d\n0000000000 65535 f \n" % size
    written += b"".join(b"%010d 00000 n \n" % offsets[number] for number in range(1, size))
    written += b"trailer<</Size %d%s>>\nstartxref\n%d\n%%%%EOF\n" % (size, trailer, start)
    return bytes(written)


# The standard security handler, revision 2 (PDF 32000-1:2008, 7.6.3): enough to lock a file with a password.
_PADDING = bytes.fromhex("28BF4E5E4E758A4164004E56FFFA01082E2E00B6D0683E802F0CA9FE6453697A")
_FILE_ID = b"octavo-test-file"


def _padded(password: str) -> bytes:
    return (password.encode("latin-1") + _PADDING)[:32]


def _owner_entry(password: str) -> bytes:
    return _rc4(hashlib.md5(_padded(password)).digest()[:5], _padded(password))


def _encryption_key(password: str) -> bytes:
    permissions = (-4).to_bytes(4, "little", signed=True)
    return hashlib.md5(_padded(password) + _owner_entry(password) + permissions + _FILE_ID).digest()[:5]


def _object_key(key: bytes, number: int) -> bytes:
    return hashlib.md5(key + number.to_bytes(3, "little") + b"\0\0").digest()[:10]


def _rc4(key: bytes, data: bytes) -> bytes:
    state = list(range(256))
    j = 0
    for i in range(256):
        j = (j + state[i] + key[i % len(key)]) % 256
        state[i], state[j] = state[j], state[i]
    i = j = 0
    out = bytearray()
    for value in data:
        i = (i + 1) % 256
        j = (j + state[i]) % 256
        state[i], state[j] = state[j], state[i]
        out.append(value ^ state[(state[i] + state[j]) % 256])
    return bytes(out)


def zipped(members: dict[str, str | bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return stream.getvalue()


def docx(body: str) -> bytes:
    """A Word file whose body is this WordprocessingML; styles Heading1 and Heading2 exist."""
    word = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    math = "http://schemas.openxmlformats.org/officeDocument/2006/math"
    package = "http://schemas.openxmlformats.org/package/2006"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    main = "application/vnd.openxmlformats-officedocument.wordprocessingml"
    styles = "".join(
        f'<w:style w:type="paragraph" w:styleId="Heading{level}"><w:name w:val="heading {level}"/></w:style>'
        for level in (1, 2)
    )
    return zipped(
        {
            "[Content_Types].xml": f'<Types xmlns="{package}/content-types">'
            '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            f'<Override PartName="/word/document.xml" ContentType="{main}.document.main+xml"/>'
            f'<Override PartName="/word/styles.xml" ContentType="{main}.styles+xml"/></Types>',
            "_rels/.rels": f'<Relationships xmlns="{package}/relationships">'
            f'<Relationship Id="r1" Type="{office}/officeDocument" Target="word/document.xml"/></Relationships>',
            "word/_rels/document.xml.rels": f'<Relationships xmlns="{package}/relationships">'
            f'<Relationship Id="r1" Type="{office}/styles" Target="styles.xml"/></Relationships>',
            "word/styles.xml": f'<w:styles xmlns:w="{word}">{styles}</w:styles>',
            "word/document.xml": f'<w:document xmlns:w="{word}" xmlns:m="{math}"><w:body>{body}</w:body></w:document>',
        }
    )


def paragraph(text: str, style: str | None = None) -> str:
    properties = f'<w:pPr><w:pStyle w:val="{style}"/></w:pPr>' if style else ""
    return f'<w:p>{properties}<w:r><w:t xml:space="preserve">{text}</w:t></w:r></w:p>'


def epub(
    chapters: dict[str, str], *, contents: dict[str, str] | None = None, extra: dict[str, str] | None = None
) -> bytes:
    """An EPUB of XHTML bodies by file name, in order; `contents` names the files in its table of contents."""
    items = "".join(f'<item id="{name}" href="{name}" media-type="application/xhtml+xml"/>' for name in chapters)
    spine = "".join(f'<itemref idref="{name}"/>' for name in chapters)
    nav = "".join(f'<li><a href="{name}">{label}</a></li>' for name, label in (contents or {}).items())
    head = '<head><title/><script src="a.js"/></head>'
    page = f'<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml">{head}{{}}</html>'
    return zipped(
        {
            "mimetype": "application/epub+zip",
            "META-INF/container.xml": '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
            '<rootfile full-path="OEBPS/book.opf"/></rootfiles></container>',
            "OEBPS/book.opf": '<package xmlns="http://www.idpf.org/2007/opf" xmlns:dc="http://purl.org/dc/elements/1.1/">'
            f"<metadata><dc:title>A Small Book</dc:title></metadata><manifest>{items}"
            '<item id="nav" href="nav.xhtml" properties="nav" media-type="application/xhtml+xml"/></manifest>'
            f"<spine>{spine}</spine></package>",
            "OEBPS/nav.xhtml": page.format(f"<body><nav><ol>{nav}</ol></nav></body>"),
            **{f"OEBPS/{name}": page.format(f"<body>{body}</body>") for name, body in chapters.items()},
            **(extra or {}),
        }
    )
