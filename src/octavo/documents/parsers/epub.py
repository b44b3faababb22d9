"""EPUB: the chapters in reading order; their headings, or the names in the book's table of contents, as sections.

After EPUB 3.3 (https://www.w3.org/TR/epub-33/) and the NCX of EPUB 2.
"""

from __future__ import annotations

import posixpath
import re
import zipfile
from urllib.parse import unquote, urldefrag
from xml.etree import ElementTree

from octavo.documents.headings import Heading, sections_of
from octavo.documents.parsed import Parsed, one_line
from octavo.documents.parsers.html import decode_html, page_of
from octavo.errors import CorruptSource, EncryptedSource

# Scrambled fonts are no protection of the text.
_FONT_SCRAMBLING = {"http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC"}


def parse_epub(archive: zipfile.ZipFile, *, given: str) -> Parsed:
    """The book in `archive`; `given` is what errors call it. Raises `CorruptSource`, `EncryptedSource`."""
    return _Book(archive, given).parsed()


class _Book:
    def __init__(self, archive: zipfile.ZipFile, given: str) -> None:
        self._archive = archive
        self._given = given
        self._names = set(archive.namelist())

    def parsed(self) -> Parsed:
        self._refuse_protected()
        container = self._xml("META-INF/container.xml")
        root = next((node.get("full-path") for node in container.iter() if _local(node) == "rootfile"), None)
        if not root:
            raise self._corrupt("names no package")
        package = self._xml(root)
        items = {node.get("id"): node for node in package.iter() if _local(node) == "item"}
        chapters = [
            posixpath.normpath(
                posixpath.join(posixpath.dirname(root), unquote(items[node.get("idref")].get("href", "")))
            )
            for node in package.iter()
            if _local(node) == "itemref" and node.get("idref") in items
        ]
        if not chapters:
            raise self._corrupt("names no chapters")
        labels = self._labels(root, items)
        title = next((one_line("".join(node.itertext())) for node in package.iter() if _local(node) == "title"), None)
        return self._join(chapters, labels, title or None)

    def _join(self, chapters: list[str], labels: dict[str, str], title: str | None) -> Parsed:
        pieces: list[str] = []
        headings: list[Heading] = []
        start = 0
        for chapter in chapters:
            text, own, _ = page_of(decode_html(self._read(chapter)), xml=True)
            if not text:
                continue
            if not own and chapter in labels:
                own = [Heading(0, 1, labels[chapter])]
            headings += [Heading(start + heading.start, heading.level, heading.title) for heading in own]
            pieces.append(text + "\n")
            start += len(text) + 1
        whole = "".join(pieces)
        return Parsed(whole, title=title, sections=sections_of(headings, len(whole)))

    def _labels(self, root: str, items: dict[str | None, ElementTree.Element]) -> dict[str, str]:
        """What the table of contents (`nav` of EPUB 3, else the NCX) calls each file; its first entry for it."""
        labels: dict[str, str] = {}
        for node in items.values():
            is_nav = "nav" in (node.get("properties") or "").split()
            if not is_nav and node.get("media-type") != "application/x-dtbncx+xml":
                continue
            name = posixpath.normpath(posixpath.join(posixpath.dirname(root), unquote(node.get("href", ""))))
            if name not in self._names:
                continue
            for href, label in _nav_entries(self._xml(name)) if is_nav else _ncx_entries(self._xml(name)):
                target = posixpath.normpath(posixpath.join(posixpath.dirname(name), unquote(urldefrag(href).url)))
                if one_line(label):
                    labels.setdefault(target, one_line(label))
        return labels

    def _refuse_protected(self) -> None:
        if "META-INF/encryption.xml" not in self._names:
            return
        for node in self._xml("META-INF/encryption.xml").iter():
            if _local(node) == "EncryptionMethod" and node.get("Algorithm") not in _FONT_SCRAMBLING:
                raise EncryptedSource(self._given, "a book under copy protection (DRM)", "octavo cannot open it")

    def _xml(self, name: str) -> ElementTree.Element:
        try:
            return ElementTree.fromstring(_without_entities(self._read(name)))
        except ElementTree.ParseError as error:
            raise self._corrupt(f"{name} is no XML ({error})") from error

    def _read(self, name: str) -> bytes:
        if name not in self._names:
            raise self._corrupt(f"{name} is missing")
        return self._archive.read(name)

    def _corrupt(self, reason: str) -> CorruptSource:
        return CorruptSource(self._given, f"no EPUB that can be read: {reason}", "get the file again")


def _local(node: ElementTree.Element) -> str:
    return node.tag.rpartition("}")[2] if isinstance(node.tag, str) else ""


def _nav_entries(root: ElementTree.Element) -> list[tuple[str, str]]:
    return [(node.get("href", ""), "".join(node.itertext())) for node in root.iter() if _local(node) == "a"]


def _ncx_entries(root: ElementTree.Element) -> list[tuple[str, str]]:
    entries = []
    for point in root.iter():
        if _local(point) == "navPoint":
            label = next((node.text or "" for node in point.iter() if _local(node) == "text"), "")
            target = next((node.get("src", "") for node in point.iter() if _local(node) == "content"), "")
            entries.append((target, label))
    return entries


def _without_entities(xml: bytes) -> bytes:
    """`xml` with HTML's named entities, which XML does not know, as spaces."""
    return re.sub(rb"&(?!(?:amp|lt|gt|quot|apos|#\w+);)\w+;", b" ", xml)
