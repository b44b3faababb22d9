from __future__ import annotations

from pathlib import Path

import pytest

from octavo.documents.document import Document, Section, Span
from octavo.models.chat import ToolCall
from octavo.reading.session import Session
from octavo.reading.tools.builtin import builtin_tools
from octavo.reading.tools.tool import ToolOutcome
from octavo.reading.tools.toolbox import Toolbox
from tests.reading.conftest import FACT, book
from tests.reading.summaries.summariser import Summariser

from .tool_session import session_of


async def called(session: Session, name: str, *, most_tokens: int = 1_024, **arguments: str) -> ToolOutcome:
    box = Toolbox(builtin_tools(session, most_tokens=most_tokens), session.model.tokenizer, most_tokens=most_tokens)
    return await box.run(ToolCall(name, arguments))


@pytest.fixture
def session(tmp_path: Path) -> Session:
    return session_of(tmp_path, book(400, facts={200: FACT}))


def test_all_of_them_are_harmless(session: Session) -> None:
    assert [(tool.name, tool.harmless) for tool in builtin_tools(session)] == [
        ("search", True),
        ("outline", True),
        ("summarize", True),
    ]


# search


async def test_search_shows_the_best_passages_and_gives_their_chunks_as_evidence(session: Session) -> None:
    outcome = await called(session, "search", query="silver compass")
    assert not outcome.failed
    assert FACT in outcome.text
    assert "book.txt > Chapter 6" in outcome.text
    assert any(FACT in chunk.span.of(session.corpus.document(chunk.document_id).text) for chunk in outcome.chunks)


async def test_search_is_bounded(session: Session) -> None:
    outcome = await called(session, "search", query="river stone window", most_tokens=300)
    assert outcome.chunks
    assert session.model.tokenizer.count(outcome.text) <= 300


async def test_search_for_words_that_do_not_occur_says_so(session: Session) -> None:
    outcome = await called(session, "search", query="zeppelin")
    assert (outcome.text, outcome.chunks, outcome.failed) == ("No passage has any of these words.", (), False)


# outline


def novel(name: str = "novel.txt") -> Document:
    parts = [("Part One", 1), ("Chapter 1", 2), ("A storm", 3), ("Chapter 2", 2), ("Part Two", 1)]
    text = "".join(f"{title}\n\nIt rained.\n\n" for title, _ in parts)
    starts = [text.index(title) for title, _ in parts]
    ends = [starts[4], starts[3], starts[3], starts[4], len(text)]
    sections = [
        Section(title, level, Span(start, end)) for (title, level), start, end in zip(parts, starts, ends, strict=True)
    ]
    return Document.of(text, name=name, sections=sections)


async def test_the_outline_is_the_tree_of_sections(tmp_path: Path) -> None:
    outcome = await called(session_of(tmp_path, novel()), "outline")
    assert outcome.text.splitlines() == [
        "novel.txt",
        "  Part One",
        "    Chapter 1",
        "      A storm",
        "    Chapter 2",
        "  Part Two",
    ]


async def test_what_is_too_deep_for_the_room_is_counted(tmp_path: Path) -> None:
    outcome = await called(session_of(tmp_path, novel()), "outline", most_tokens=25)
    assert outcome.text.splitlines() == [
        "novel.txt",
        "  Part One",
        "  Part Two",
        "[3 deeper sections are not shown]",
    ]


async def test_within_a_section_all_of_it_is_shown(tmp_path: Path) -> None:
    outcome = await called(session_of(tmp_path, novel()), "outline", within="chapter 1")
    assert outcome.text.splitlines() == ["    Chapter 1", "      A storm"]


async def test_a_place_that_does_not_exist_is_said_not_to(tmp_path: Path) -> None:
    outcome = await called(session_of(tmp_path, novel()), "outline", within="Chapter 99")
    assert outcome.text == "No document and no section is called 'Chapter 99'."


async def test_many_documents_are_shown_as_far_as_there_is_room(tmp_path: Path) -> None:
    documents = [Document.of(f"Text {number}.", name=f"letter-{number}.txt") for number in range(110)]
    session = session_of(tmp_path, *documents)
    outcome = await called(session, "outline", most_tokens=200)
    assert session.model.tokenizer.count(outcome.text) <= 200
    assert outcome.text.startswith("letter-0.txt\nletter-1.txt")
    assert outcome.text.endswith("[of 110 lines the first are shown]")


# summarize


@pytest.fixture
def summarising(tmp_path: Path) -> Session:
    return session_of(tmp_path, book(400, facts={200: FACT}), reply=Summariser())


async def test_summarize_tells_a_section_and_gives_what_it_cites_as_evidence(summarising: Session) -> None:
    outcome = await called(summarising, "summarize", section="chapter 6")
    assert not outcome.failed
    assert outcome.text == FACT
    text = summarising.corpus.document(summarising.corpus.documents[0].id).text
    assert [FACT in chunk.span.of(text) for chunk in outcome.chunks] == [True]


async def test_summarize_names_the_sections_where_none_is_called_that(summarising: Session) -> None:
    outcome = await called(summarising, "summarize", section="the treaty of Vienna")
    assert outcome.failed
    assert "Chapter 1, Chapter 2" in outcome.text


async def test_summarize_takes_the_time_that_the_model_does(summarising: Session) -> None:
    """A section may be many calls of the model: it is not given up as a tool that hangs is."""
    box = Toolbox(builtin_tools(summarising), summarising.model.tokenizer, timeout=0.0)
    outcome = await box.run(ToolCall("summarize", {"section": "chapter 6"}))
    assert outcome.text == FACT
