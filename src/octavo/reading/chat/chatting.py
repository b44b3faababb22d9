"""A conversation that goes on: each question is made to stand alone, asked of the documents, and kept as a turn.

    question ── rewrite, from what was said ──► standalone question ── ask, at a level ──► answer ── a turn is kept
                        ▲                                               ▲
                        └── the latest turns, and what is found ────────┘
                            among the older ones

However long the conversation is, both prompts hold a bounded part of it. Knows how a question is asked; nothing of
terminals.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import aclosing
from dataclasses import replace
from datetime import UTC, datetime

from octavo.errors import BudgetExhausted, InvalidReply, LibraryError, ModelError
from octavo.models.chat import Request
from octavo.models.structured import parse_reply
from octavo.reading import prompts, sync
from octavo.reading.answer import Answer
from octavo.reading.chat.conversation import Conversation, Turn
from octavo.reading.chat.conversations import Conversations
from octavo.reading.chat.history import Recalled, recall, room_for_history
from octavo.reading.chat.past_turns import PastTurns
from octavo.reading.climbing import answer_question
from octavo.reading.events import Answered, Event, QuestionRewritten, Warned
from octavo.reading.options import Budget, LevelChoice
from octavo.reading.reader import Readable, Reader
from octavo.reading.session import Session

_REWRITING_TOKENS = 2048
"""Of the conversation, shown to the model that rewrites a question: every turn pays for it."""

_LONGEST_REWRITTEN = 400
"""Tokens. A longer question says itself what it is about, and copying it takes long."""

_REPLY_TOKENS = 160
_MORE_CHARACTERS = 400


class Chat:
    """A conversation over `documents`: a new one, or `conversation` going on. One question at a time.

    With a `store` every answered question is kept there before its `Answered` event; `record` keeps the events of its
    reading too, which makes the conversation fit to be trained on: only where the user has said so. `now` and
    `randbelow` give a new conversation its id and a turn its time.
    """

    def __init__(
        self,
        reader: Reader,
        documents: Readable,
        conversation: Conversation | None = None,
        *,
        store: Conversations | None = None,
        record: bool = False,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        randbelow: Callable[[int], int] = secrets.randbelow,
    ) -> None:
        self._reader = reader
        self._documents = documents
        self._conversation = conversation or Conversation.begin(now(), randbelow)
        self._past = PastTurns(self._conversation.turns)
        self._store = store
        self._record = record
        self._now = now
        self._unkept: list[tuple[Turn, Sequence[Event] | None]] = []

    @property
    def conversation(self) -> Conversation:
        """All that was said so far."""
        return self._conversation

    # --- asking -----------------------------------------------------------------------------------------------------

    async def astream(
        self, question: str, *, level: LevelChoice = "auto", budget: Budget | None = None
    ) -> AsyncGenerator[Event, None]:
        """Every event of answering; the last is `Answered`, and its answer's question is the one that stands alone.

        A question that is left before that (or fails) is no turn. A turn that cannot be kept is warned of, and tried
        again with the next. Raises what `Reader.astream` raises.
        """
        events: list[Event] = []

        async def answer(session: Session) -> Answer:
            return await self._answer(session, question, level)

        async with aclosing(self._reader.follow(self._documents, question, answer, budget=budget)) as happening:
            async for event in happening:
                if not isinstance(event, Answered):
                    events.append(event)
                    yield event
                    continue
                problem = await self._take(Turn(question, event.answer, self._now()), events)
                if problem:
                    yield Warned(problem)
                warnings = (*event.answer.warnings, *([problem] if problem else []))
                yield Answered(replace(event.answer, warnings=warnings))

    async def aask(self, question: str, *, level: LevelChoice = "auto", budget: Budget | None = None) -> Answer:
        """The answer. Raises what `astream` raises."""
        async for event in self.astream(question, level=level, budget=budget):
            if isinstance(event, Answered):
                return event.answer
        raise AssertionError("a reading ends with Answered or raises")

    def stream(self, question: str, *, level: LevelChoice = "auto", budget: Budget | None = None) -> Iterator[Event]:
        """`astream` for synchronous programs."""
        return sync.iterate(self.astream(question, level=level, budget=budget))

    def ask(self, question: str, *, level: LevelChoice = "auto", budget: Budget | None = None) -> Answer:
        """`aask` for synchronous programs."""
        return sync.call(lambda: self.aask(question, level=level, budget=budget))

    # --- inside -----------------------------------------------------------------------------------------------------

    async def _answer(self, session: Session, question: str, level: LevelChoice) -> Answer:
        if not self._conversation.turns:
            return await answer_question(session, question, level)
        standalone = await self._rewritten(session, question)
        if standalone != question:
            await session.emit(QuestionRewritten(question, standalone))
        recalled = await self._recall(session, standalone, room_for_history(session, standalone))
        with_history = replace(session, history=recalled.messages, history_documents=recalled.documents)
        return await answer_question(with_history, standalone, level)

    async def _rewritten(self, session: Session, question: str) -> str:
        """The question in words that stand alone; as it is where the model has nothing better to say, is too small to
        be asked, or the budget does not allow it."""
        tokens = session.model.tokenizer.count(question)
        if not session.options.analyse or tokens > _LONGEST_REWRITTEN:
            return question
        recalled = await self._recall(session, question, min(_REWRITING_TOKENS, room_for_history(session, question)))
        request = Request(
            prompts.rewrite(recalled.messages, question),
            max_tokens=_REPLY_TOKENS + 2 * tokens,
            schema=prompts.REWRITE_SCHEMA,
        )
        if not recalled.messages or not session.fits(request):
            return question
        try:
            completion = await session.complete(request, documents=recalled.documents)
            if completion.finish_reason == "length":
                return question
            return _usable(parse_reply(completion.text, prompts.REWRITE_SCHEMA)["question"], question)
        except (InvalidReply, ModelError) as error:
            session.raise_if_fatal(error)
        except BudgetExhausted:
            pass
        return question

    async def _recall(self, session: Session, question: str, room: int) -> Recalled:
        return await asyncio.to_thread(
            recall,
            self._conversation.turns,
            self._past,
            question,
            room=room,
            measure=session.model.measure,
            tokenizer=session.model.tokenizer,
        )

    async def _take(self, turn: Turn, events: Sequence[Event]) -> str:
        """A turn is over. Returns why it could not be kept."""
        self._conversation = self._conversation.with_turn(turn)
        self._past.add(turn)
        self._unkept.append((turn, events if self._record else None))
        return await asyncio.to_thread(self._keep)

    def _keep(self) -> str:
        while self._unkept and self._store is not None:
            try:
                self._store.keep(self._conversation, *self._unkept[0])
            except LibraryError as error:
                return str(error)
            del self._unkept[0]
        return ""


def _usable(rewritten: str, question: str) -> str:
    """What the model wrote, or the question itself where that is nothing new, nothing, or no question any more."""
    line = " ".join(rewritten.split())
    too_long = len(line) > 2 * len(question) + _MORE_CHARACTERS
    return question if not line or too_long or line == " ".join(question.split()) else line
