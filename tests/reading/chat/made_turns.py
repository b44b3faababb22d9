"""Turns and conversations to talk about."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from octavo.documents.document import DocumentRef, Span
from octavo.reading.answer import Answer, Citation, Coverage, Passage, Step, Usage
from octavo.reading.chat.conversation import Conversation, Turn

START = datetime(2026, 3, 14, 9, 15, 30, tzinfo=UTC)
BOOK = DocumentRef("0123456789abcdef0123456789abcdef", "война и мир.md")
CITATION = Citation("[1]", BOOK, Span(10, 26), "«Eh bien, mon\nprince»", 3, ("BOOK ONE", "I"), "supported")


def turn(number: int = 0, *, asked: str = "", said: str = "", standalone: str = "") -> Turn:
    """The `number`-th turn of a conversation, with everything that an answer may have."""
    asked = asked or f"Question {number}?"
    answer = Answer(
        question=standalone or asked,
        text=said or f"Answer {number} [1].",
        found=True,
        level="read",
        citations=(CITATION,),
        passages=(Passage(1, BOOK, Span(0, 900)),),
        coverage=Coverage(chunks=20, read=18, relevant=3, failed=2),
        usage=Usage(calls=3, reused_calls=2, prompt_tokens=100, cached_tokens=50, completion_tokens=10, seconds=0.5),
        steps=(Step("who?", "he", (CITATION,)),),
        warnings=("a warning",),
        budget_exhausted=True,
    )
    return Turn(asked, answer, START + timedelta(minutes=number))


def conversation(turns: int = 0, *, digit: int = 0, sources: tuple[str, ...] = ("/books",)) -> Conversation:
    """A conversation of so many turns; `digit` tells those of the same second apart."""
    begun = Conversation.begin(START, lambda below: digit, sources)
    return Conversation(begun.id, begun.started, begun.sources, tuple(turn(number) for number in range(turns)))
