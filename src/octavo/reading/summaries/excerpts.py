"""What a summary says of the sections inside what it was made from: the sentences that cite them.

Knows nodes and sections; nothing of models.
"""

from __future__ import annotations

from collections.abc import Sequence

from octavo.documents.document import Document, Span
from octavo.library.corpus import Corpus
from octavo.reading.answer import Citation
from octavo.reading.statements import Statement, cited_text
from octavo.reading.summaries.parts import Nested, sections_within
from octavo.reading.summaries.summary import Node


def excerpts(corpus: Corpus, node: Node) -> list[Node]:
    """What a summary made by one call says of each document or section that the call was shown: the sentences that cite
    it."""
    statements = node.statements
    if node.document is None or node.span is None:
        return [_excerpt_of_document(corpus.document(reference.id), statements) for reference in corpus.documents]
    document = corpus.document(node.document.id)
    return [_excerpt(document, nested, statements) for nested in sections_within(document, node.span)]


def _excerpt_of_document(document: Document, statements: Sequence[Statement]) -> Node:
    span = Span(0, len(document.text))
    children = tuple(_excerpt(document, nested, statements) for nested in sections_within(document, span))
    return Node(document.ref, span, document.name, *_about(statements, document, span), children, "excerpt")


def _excerpt(document: Document, nested: Nested, statements: Sequence[Statement]) -> Node:
    section = nested.section
    children = tuple(_excerpt(document, inner, statements) for inner in nested.inner)
    about = _about(statements, document, section.span)
    return Node(document.ref, section.span, section.title, *about, children, "excerpt")


def first_sentences(nodes: Sequence[Node]) -> tuple[str, tuple[Citation, ...]]:
    """The first sentence of each summary, as one text with its citations."""
    return cited_text(node.statements[0] for node in nodes if node.statements)


def _about(statements: Sequence[Statement], document: Document, span: Span) -> tuple[str, tuple[Citation, ...]]:
    about = []
    for statement in statements:
        inside = [c for c in statement.citations if c.document.id == document.id and c.span.overlaps(span)]
        if inside:
            about.append(Statement(statement.text, tuple(inside)))
    return cited_text(about)
