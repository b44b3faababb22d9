"""The outline of documents: their sections, each with one line that says what stands there.

A rendering of the tree of summaries. Knows nodes; nothing of how they are shown.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from octavo.documents.document import DocumentRef, Span
from octavo.reading.summaries.summary import Node


@dataclass(frozen=True, slots=True)
class OutlineEntry:
    """A document, a section, or a part where there are no sections; `line` is the first sentence of its summary, empty
    where it has none."""

    document: DocumentRef | None
    span: Span | None
    title: str
    line: str
    entries: tuple[OutlineEntry, ...] = ()


def outline_of(root: Node) -> tuple[OutlineEntry, ...]:
    """The entries of a tree: of its documents, or of the only one's sections. What only puts neighbours together shows
    what it holds; parts of a section are not shown."""
    if not root.children:
        return (_entry(root),)
    return tuple(_entry(node) for node in _shown(root))


def _entry(node: Node) -> OutlineEntry:
    statements = node.statements
    line = statements[0].text if statements else ""
    return OutlineEntry(node.document, node.span, node.title, line, tuple(_entry(inner) for inner in _shown(node)))


def _shown(node: Node) -> Iterator[Node]:
    inside = list(_opened(node))
    titled = [inner for inner in inside if inner.kind != "part"]
    # Parts stand for sections only where there are none.
    if titled or node.kind not in {"section", "excerpt"}:
        yield from titled or inside


def _opened(node: Node) -> Iterator[Node]:
    for child in node.children:
        if child.kind == "group" and child.children:
            yield from _opened(child)
        else:
            yield child
