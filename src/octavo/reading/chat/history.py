"""What of a conversation a model is shown beside a new question, however long the conversation is.

The latest turns as they were, and before them those of the older ones that a search for the question finds, marked as
such; all within a given room. Knows turns and how prompts are measured; nothing of calls.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from octavo.errors import UsageError
from octavo.models.chat import Message
from octavo.models.tokenizer import Tokenizer
from octavo.reading import prompts
from octavo.reading.answering import answer_room
from octavo.reading.chat.conversation import Turn
from octavo.reading.chat.past_turns import PastTurns
from octavo.reading.question import QuestionAnalysis
from octavo.reading.session import Session

Measure = Callable[[Sequence[Message]], int]
"""Tokens of a prompt of these messages, as `ChatModel.measure` tells them."""

_MOST_TOKENS = 4096
"""Of a history, however large the window: every call that answers pays for it, and the older turns are searched."""

_SHARE_OF_LATEST = 0.75
"""Of the room: what the latest turns may take. The rest is for what is found among the older ones."""

_SHARE_OF_ONE_FOUND = 0.125
_MOST_FOUND = 4
_LEAST_TOKENS = 16


@dataclass(frozen=True, slots=True)
class Recalled:
    """A part of a conversation as `messages` in the order of its turns; the `documents` (ids) are those that the
    answers in it cite."""

    messages: tuple[Message, ...] = ()
    documents: tuple[str, ...] = ()


def recall(
    turns: Sequence[Turn], past: PastTurns, question: str, *, room: int, measure: Measure, tokenizer: Tokenizer
) -> Recalled:
    """The part of a conversation that `room` tokens hold.

    `past` holds all of `turns`. The latest turn is always there, shortened where it is too long, unless there is no
    room at all. Looks at as many turns as it returns, and a few more.
    """
    shown: dict[int, tuple[Message, Message]] = {}
    left = room * _SHARE_OF_LATEST
    for number in range(len(turns) - 1, -1, -1):
        pair = prompts.turn(turns[number].asked, turns[number].said)
        fitting = pair if shown else _shortened(pair, int(left), measure, tokenizer)
        if fitting is None or (tokens := measure(fitting)) > left:
            break
        shown[number] = fitting
        left -= tokens
    left += room * (1 - _SHARE_OF_LATEST)
    for number in past.search(question, _MOST_FOUND, before=len(turns) - len(shown)):
        pair = prompts.turn(turns[number].standalone, turns[number].said, earlier=True)
        fitting = _shortened(pair, int(room * _SHARE_OF_ONE_FOUND), measure, tokenizer)
        if fitting is not None and (tokens := measure(fitting)) <= left:
            shown[number] = fitting
            left -= tokens
    cited = (citation.document.id for number in sorted(shown) for citation in turns[number].answer.citations)
    return Recalled(
        tuple(message for _, pair in sorted(shown.items()) for message in pair), tuple(dict.fromkeys(cited))
    )


def room_for_history(session: Session, question: str) -> int:
    """Tokens: half of the room for passages beside `question`, and no more than a model reads with profit. Raises
    `WindowTooSmall` where the question leaves no room at all."""
    return min(answer_room(session, QuestionAnalysis.plain(question)) // 2, _MOST_TOKENS)


def with_history(session: Session, question: str, history: Sequence[Message]) -> Session:
    """The same reading with the latest of `history` that there is room for, beginning with a message of the user.
    Raises `UsageError` for a system message."""
    if any(message.role not in ("user", "assistant") for message in history):
        raise UsageError("a history holds messages of the user and the assistant only")
    room = room_for_history(session, question) if history else 0
    kept: list[Message] = []
    for message in reversed(history):
        kept.insert(0, Message(message.role, prompts.without_control_tokens(message.content)))
        if session.model.measure(kept) > room:
            del kept[0]
            break
    while kept and kept[0].role != "user":
        del kept[0]
    return replace(session, history=tuple(kept))


def _shortened(
    pair: tuple[Message, Message], room: int, measure: Measure, tokenizer: Tokenizer
) -> tuple[Message, Message] | None:
    """A question and its answer, their ends left out until `room` tokens hold them; None where hardly a word would be
    left."""
    (question, answer), left = pair, room
    while measure(pair) > room:
        if left < _LEAST_TOKENS:
            return None
        asked = _beginning(question.content, left // 2, tokenizer)
        said = _beginning(answer.content, left - tokenizer.count(asked), tokenizer)
        pair = (Message(question.role, asked), Message(answer.role, said))
        left = int(left * 0.9)
    return pair


def _beginning(text: str, tokens: int, tokenizer: Tokenizer) -> str:
    (starts,) = tokenizer.token_starts([text])
    return text if len(starts) <= tokens else f"{text[: starts[max(0, tokens - 1)]].rstrip()}…"
