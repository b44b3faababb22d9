"""A conversation as text: as a Markdown file, and as a line of a list.

Knows conversations; nothing of where they are kept.
"""

from __future__ import annotations

from collections.abc import Sequence

from octavo.cli.pace import spoken_count
from octavo.cli.rendering import cited_place, usage_words
from octavo.cli.terminal import harmless, one_line
from octavo.reading.chat.conversation import Conversation, Turn

_QUESTION_SHOWN = 60


def markdown(conversation: Conversation, documents: Sequence[str]) -> str:
    """Questions, answers and citations; `documents` are their names."""
    head = [
        f"# Conversation {conversation.id}",
        f"{conversation.started:%Y-%m-%d %H:%M} UTC, about {', '.join(map(one_line, documents))}",
    ]
    parts = [part for number, turn in enumerate(conversation.turns, start=1) for part in _turn(number, turn)]
    return "\n\n".join((*head, *parts, f"---\n\n{usage_words(conversation.usage)}")) + "\n"


def _turn(number: int, turn: Turn) -> list[str]:
    parts = [f"## {number}. {one_line(turn.asked)}"]
    if turn.standalone != turn.asked:
        parts.append(f"*Asked as: {one_line(turn.standalone)}*")
    parts.append(harmless(turn.answer.text))
    cited = [f"- {cited_place(citation)}\n  > {one_line(citation.quote)}" for citation in turn.answer.citations]
    return [*parts, "\n".join(cited)] if cited else parts


def listing(conversation: Conversation) -> str:
    """Id, day, number of questions and the first of them, on a line."""
    questions = len(conversation.turns)
    first = one_line(conversation.turns[0].asked) if conversation.turns else ""
    shown = first if len(first) <= _QUESTION_SHOWN else f"{first[: _QUESTION_SHOWN - 1]}…"
    count = spoken_count(questions, "question")
    return f"{conversation.id}  {conversation.latest:%Y-%m-%d %H:%M}  {count}  {shown}"
