"""One section is summarised by its title, with what the tree has of it."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from octavo.documents.document import Document, Section, Span
from octavo.errors import UsageError
from octavo.reading.session import Session
from octavo.reading.summaries.summarizing import summarize_section
from octavo.reading.summaries.tree import summary_tree
from tests.reading.conftest import FACT, book
from tests.reading.tools.tool_session import session_of

from .summariser import Summariser


@pytest.fixture
def session(tmp_path: Path) -> Session:
    return session_of(tmp_path, book(400, facts={200: FACT}), reply=Summariser())


async def test_a_section_that_is_a_part_of_the_tree_costs_nothing_after_it(session: Session) -> None:
    narrow = replace(session, window=1_800)
    tree = await summary_tree(narrow)
    (chapter,) = [node for node in tree.root.nodes() if node.title == "Chapter 6"]
    assert chapter.kind == "section"
    paid = narrow.calls.account.calls
    assert await summarize_section(narrow, "chapter 6") == chapter
    assert narrow.calls.account.calls == paid


async def test_a_section_that_shares_a_call_is_summarised_alone(session: Session) -> None:
    tree = await summary_tree(session)
    (chapter,) = [node for node in tree.root.nodes() if node.title == "Chapter 6"]
    assert chapter.kind == "excerpt"
    paid = session.calls.account.calls
    node = await summarize_section(session, "chapter 6")
    assert session.calls.account.calls == paid + 1
    assert (node.title, node.span) == (chapter.title, chapter.span)
    assert node.citations[0].quote == FACT


async def test_a_document_is_summarised_by_its_name(session: Session) -> None:
    await summary_tree(session)
    paid = session.calls.account.calls
    node = await summarize_section(session, "book.txt")
    assert node.kind == "document"
    assert node.text
    assert session.calls.account.calls == paid + 1


async def test_an_unknown_title_costs_nothing(session: Session) -> None:
    with pytest.raises(UsageError, match="no section is called"):
        await summarize_section(session, "the treaty of Vienna")
    assert session.calls.account.calls == 0


async def test_an_empty_section_says_so_and_costs_nothing(tmp_path: Path) -> None:
    """The others are summarised all the same."""
    text = "The garden is closed.\n\n   \n\nThe river is high."
    ends = [0, text.index("   "), text.index("The river"), len(text)]
    titles = ("Garden", "Nothing", "River")
    sections = [Section(title, 1, Span(*span)) for title, span in zip(titles, pairwise(ends), strict=True)]
    session = session_of(tmp_path, Document.of(text, name="places.txt", sections=sections), reply=Summariser())
    with pytest.raises(UsageError, match="'Nothing' holds no text"):
        await summarize_section(session, "nothing")
    assert session.calls.account.calls == 0
    assert (await summarize_section(session, "river")).text
