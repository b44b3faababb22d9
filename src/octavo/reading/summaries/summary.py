"""What a summary is: a text about the whole, and the tree of summaries that it was made from.

Plain frozen data, every part of it with citations. `Summary.as_json()` is the command line's `--json` contract.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from octavo.documents.document import DocumentRef, Span
from octavo.reading.answer import (
    Citation,
    Coverage,
    Level,
    Outcome,
    Usage,
    citation_json,
    coverage_json,
    document_json,
    usage_json,
)
from octavo.reading.statements import Statement, cited_text, statements_of
from octavo.reading.summaries.parts import Kind


@dataclass(frozen=True, slots=True)
class Node:
    """A part of the documents and its summary.

    `text` points at `citations` by their markers; it is empty where the part could not be summarised, or says nothing
    on the focus. `document` and `span` are None for what stands above documents. The children of a node that one call
    was shown are excerpts of its own text: the sentences on each section inside it.
    """

    document: DocumentRef | None
    span: Span | None
    title: str
    text: str = ""
    citations: tuple[Citation, ...] = ()
    children: tuple[Node, ...] = ()
    kind: Kind = "section"

    @property
    def parts(self) -> tuple[Node, ...]:
        """The children that have a summary of their own."""
        return tuple(child for child in self.children if child.kind != "excerpt")

    @property
    def statements(self) -> list[Statement]:
        """The sentences of the summary, each with what it cites."""
        return statements_of(self.text, self.citations)

    def nodes(self) -> Iterator[Node]:
        """This node and all below it, each before its children."""
        yield self
        for child in self.children:
            yield from child.nodes()


@dataclass(frozen=True, slots=True)
class Tree:
    """The summaries of all parts of some documents. The root's own text is there only where a single call was shown
    everything: what is said of the whole is written from the nodes below it."""

    root: Node
    coverage: Coverage

    def finest(self, room: int, cost: Callable[[Node], int]) -> list[Node]:
        """The nodes with text of the lowest level that `room` holds together, in document order; `cost` says what each
        takes. Where no level fits, the highest, of each node as many first sentences as an equal share holds, but
        one."""
        level = _with_text([self.root] if self.root.text else self.root.parts)
        if sum(map(cost, level)) > room:
            return [_shortened(node, room // len(level), cost) for node in level]
        while True:
            finer = [part for node in level for part in _with_text(node.parts) or (node,)]
            if finer == level or sum(map(cost, finer)) > room:
                return level
            level = finer


def _shortened(node: Node, room: int, cost: Callable[[Node], int]) -> Node:
    statements = node.statements
    while len(statements) > 1 and cost(node) > room:
        statements.pop()
        text, citations = cited_text(statements)
        node = replace(node, text=text, citations=citations)
    return node


def _with_text(nodes: Iterable[Node]) -> list[Node]:
    return [node for node in nodes if node.text]


@dataclass(frozen=True, slots=True)
class Summary:
    """A summary of documents, on `focus` where there is one, of about `words` words.

    `found` is True; False: the documents, all of them, say nothing on the focus; None: nothing could be said, and not
    all was read. `words` is None and `text` empty where only the tree was asked for. `citations` are verified: each
    quote stands where its span says.
    """

    text: str
    focus: str | None
    words: int | None
    found: bool | None
    root: Node
    citations: tuple[Citation, ...] = ()
    coverage: Coverage = field(default_factory=Coverage)
    usage: Usage = field(default_factory=Usage)
    warnings: tuple[str, ...] = ()
    budget_exhausted: bool = False

    @property
    def level(self) -> Level:
        """As for an answer."""
        return "summarize"

    @property
    def outcome(self) -> Outcome:
        """How the reading ended."""
        if self.budget_exhausted:
            return Outcome.BUDGET_EXHAUSTED
        if self.found:
            return Outcome.ANSWERED
        return Outcome.NOT_IN_DOCUMENTS if self.found is False else Outcome.NOT_FOUND

    def as_json(self) -> dict[str, Any]:
        """The object that `octavo summarize --json` prints."""
        return {
            "summary": self.text,
            "focus": self.focus,
            "words": self.words,
            "found": self.found,
            "citations": [citation_json(citation) for citation in self.citations],
            "sections": [_node_json(child) for child in self.root.children],
            "coverage": coverage_json(self.coverage),
            "usage": usage_json(self.usage),
            "warnings": list(self.warnings),
        }


def _node_json(node: Node) -> dict[str, Any]:
    return {
        "title": node.title,
        "kind": node.kind,
        "document": document_json(node.document) if node.document else None,
        "start": node.span.start if node.span else None,
        "end": node.span.end if node.span else None,
        "summary": node.text,
        "citations": [citation_json(citation) for citation in node.citations],
        "sections": [_node_json(child) for child in node.children],
    }
