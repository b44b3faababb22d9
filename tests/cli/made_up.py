"""Answers and events to show."""

from __future__ import annotations

from octavo.documents.document import DocumentRef, Span
from octavo.reading.answer import Answer, Citation, Coverage, Usage
from octavo.reading.events import (
    AnswerDelta,
    Answered,
    ChunkFailed,
    ChunkRead,
    Event,
    LevelStarted,
    PassagesPacked,
    Warned,
)

BOOK = DocumentRef("0123456789abcdef0123456789abcdef", "war-and-peace.md")

ANSWER = Answer(
    question="Who is Prince Andrew's sister?",
    text="Princess Mary is his sister [1].",
    found=True,
    level="read",
    citations=(
        Citation(
            "[1]", BOOK, Span(120_000, 120_036), "his sister,\n  Princess  Mary", None, ("BOOK ONE", "XXV"), "supported"
        ),
    ),
    coverage=Coverage(chunks=20, read=18, relevant=3, failed=2),
    usage=Usage(
        calls=20, reused_calls=2, prompt_tokens=12_345, cached_tokens=400, completion_tokens=678, seconds=12.34
    ),
)


def chunk_read(index: int, chunks: int = 1_000, *, tokens: int = 500, reused: bool = False) -> ChunkRead:
    """The `index`-th of so many chunks, read in their order."""
    return ChunkRead(BOOK, index, tokens, (), Coverage(chunks, index + 1), reused=reused)


def chunk_failed(index: int, reason: str) -> ChunkFailed:
    """The `index`-th of 1,000 chunks, all of which failed."""
    return ChunkFailed(BOOK, index, reason, Coverage(1_000, failed=index + 1))


def reading(chunks: int = 20) -> list[Event]:
    """A whole reading."""
    return [
        LevelStarted("read", "asked for"),
        *(chunk_read(index, chunks) for index in range(chunks)),
        Warned("one \x1b[31mfile\n could not be read"),
        PassagesPacked((), 1_480, 8_192),
        AnswerDelta("Princess Mary"),
        Answered(ANSWER),
    ]
