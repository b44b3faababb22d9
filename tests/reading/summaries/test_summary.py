"""The tree of summaries, and its renderings."""

from __future__ import annotations

from octavo.documents.document import DocumentRef, Span
from octavo.reading.answer import Citation, Coverage
from octavo.reading.summaries.outline import OutlineEntry, outline_of
from octavo.reading.summaries.parts import Kind
from octavo.reading.summaries.summary import Node, Tree

BOOK = DocumentRef("0" * 32, "book.txt")
CITATION = Citation("[1]", BOOK, Span(0, 4), "text", None, (), "supported")


def node(title: str, *children: Node, kind: Kind = "section", text: str | None = None) -> Node:
    text = f"{title} begins [1]. It goes on." if text is None else text
    return Node(BOOK, Span(0, 4), title, text, (CITATION,) if text else (), children, kind)


TREE = Tree(
    node(
        "book.txt",
        node("One", node("One A"), node("One B", node("a small section", kind="excerpt"))),
        node("Two", text=""),
        node("Three"),
        kind="document",
        text="",
    ),
    Coverage(10, 10),
)


def finest(room: int) -> list[str]:
    return [found.title for found in TREE.finest(room, lambda found: len(found.statements))]


def test_the_finest_level_is_the_lowest_that_there_is_room_for() -> None:
    assert finest(6) == ["One A", "One B", "Three"]
    assert finest(5) == ["One", "Three"]
    assert finest(4) == ["One", "Three"]


def test_where_no_level_fits_the_highest_is_told_shortly() -> None:
    told = TREE.finest(2, lambda found: len(found.statements))
    assert [found.text for found in told] == ["One begins. [1]", "Three begins. [1]"]
    assert all(found.citations == (CITATION,) for found in told)


def test_an_outline_has_a_line_for_every_section_and_document() -> None:
    entry, *_ = outline_of(TREE.root)
    assert entry.line == "One begins."
    assert [inner.title for inner in entry.entries] == ["One A", "One B"]
    assert [inner.title for inner in entry.entries[1].entries] == ["a small section"]
    assert [entry.line for entry in outline_of(TREE.root)[1:]] == ["", "Three begins."]


def test_an_outline_looks_through_what_only_puts_neighbours_together() -> None:
    root = node(
        "book.txt",
        node("A … B", node("A", kind="excerpt"), node("B", kind="excerpt"), kind="group"),
        node(
            "C … D",
            node("C"),
            node("D", node("part 1 of 2", kind="part"), node("part 2 of 2", kind="part")),
            kind="group",
        ),
        kind="document",
    )
    assert [(entry.title, entry.entries) for entry in outline_of(root)] == [(title, ()) for title in "ABCD"]


def test_parts_stand_in_the_outline_of_a_document_without_sections() -> None:
    parts = [node(f"part {number} of 2", kind="part") for number in (1, 2)]
    assert [entry.title for entry in outline_of(node("book.txt", *parts, kind="document"))] == [
        "part 1 of 2",
        "part 2 of 2",
    ]


def test_a_document_without_any_parts_is_a_line_of_its_own() -> None:
    (entry,) = outline_of(node("book.txt", kind="document"))
    assert entry == OutlineEntry(BOOK, Span(0, 4), "book.txt", "book.txt begins.")
