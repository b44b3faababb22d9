"""The tour: a reader is asked a question about documents, and answers with citations.

    question ── analyse ── rank ── pack ── answer            level retrieve
                   └── read every chunk ── rank findings ──┘  level read

`Reader` prepares what every reading shares (the model, the ledger, the limiter), opens the documents as a corpus, runs
`climbing.answer_question`, and hands out its events. `ask` and `stream` are the synchronous face of `aask` and
`astream`.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Sequence
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar
from weakref import WeakKeyDictionary

from octavo.documents.document import Document
from octavo.errors import OctavoError, SourceError, UsageError, WindowTooSmall
from octavo.library.corpus import Corpus
from octavo.library.home import default_home
from octavo.library.library import Library
from octavo.models.calls import Calls
from octavo.models.chat import ChatModel, Message
from octavo.models.ledger import Ledger
from octavo.models.limiter import Limiter
from octavo.models.retry import Retry
from octavo.reading import sync
from octavo.reading.answer import Answer
from octavo.reading.chat.history import with_history
from octavo.reading.climbing import answer_question, answer_questions
from octavo.reading.estimating import estimate_reading, estimate_summary
from octavo.reading.events import Answered, BatchFinished, Event, Failed, Summarised
from octavo.reading.following import followed
from octavo.reading.levels import only_shared
from octavo.reading.options import Budget, Estimate, LevelChoice, ReadingOptions
from octavo.reading.session import Emit, Session
from octavo.reading.summaries.summarizing import DEFAULT_WORDS, summarize
from octavo.reading.summaries.summary import Summary
from octavo.reading.tools.choice import ToolChoice

if TYPE_CHECKING:
    from octavo.reading.chat.chatting import Chat
    from octavo.reading.chat.conversation import Conversation
    from octavo.reading.chat.conversations import Conversations

Readable = Library | Document | str | Path
"""What can be asked about: a library, a document, or a path or URL."""

Told = TypeVar("Told", Answer, Summary)

SMALLEST_WINDOW = 1024
"""Below this there is no room for instructions, a question and a chunk. 4,096 and more are supported."""


class Reader:
    """Asks a chat model questions about documents of any length.

    `window` limits the model's own (in tokens). `ledger` keeps every call; by default the one in `home`. `retry` says
    how often, and after which pauses, a failed call is tried again. `tools` are what the level `reason` may call beside
    looking up. A reader may be used for many questions, at once too, and from several threads.
    """

    def __init__(
        self,
        model: ChatModel,
        *,
        window: int | None = None,
        options: ReadingOptions | None = None,
        ledger: Ledger | None = None,
        home: Path | None = None,
        retry: Retry | None = None,
        tools: ToolChoice | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.model = model
        self.options = options or ReadingOptions()
        self._window = window
        self._home = home
        self._ledger = ledger
        self._retry = retry
        self._tools = tools or ToolChoice()
        self._clock = clock
        self._opening = threading.Lock()
        self._limiters: WeakKeyDictionary[asyncio.AbstractEventLoop, Limiter] = WeakKeyDictionary()

    # --- asynchronous -----------------------------------------------------------------------------------------------

    def astream(
        self,
        documents: Readable,
        question: str,
        *,
        level: LevelChoice = "auto",
        budget: Budget | None = None,
        history: Sequence[Message] = (),
    ) -> AsyncGenerator[Event, None]:
        """Every event of a reading as it happens; the last is `Answered`, or `Failed` where it raises. Leaving the loop
        cancels what is in flight.

        `history` are messages of the user and the assistant that the answering model is shown before the passages; the
        oldest that would take more than half of the room are left out. `chat` is a conversation with all that belongs
        to it.

        Raises an `OctavoError` where there is no answer to give: a model that cannot be reached, nothing to read, a
        question that leaves no room in the window.
        """

        async def answer(session: Session) -> Answer:
            return await answer_question(with_history(session, question, history), question, level)

        return self.follow(documents, question, answer, budget=budget)

    async def follow(
        self,
        documents: Readable,
        question: str,
        work: Callable[[Session], Awaitable[Answer]],
        *,
        budget: Budget | None = None,
    ) -> AsyncGenerator[Event, None]:
        """As `astream`; the answer is what `work` finds in the session that is opened for the question."""

        async def answer(emit: Emit) -> None:
            _require_asked([question])
            session = await self._open(documents, budget, emit)
            try:
                reached = await self._accounted(session, await work(session))
            except OctavoError:
                await emit(Failed(session.usage()))
                raise
            await emit(Answered(reached))

        async with aclosing(followed(answer)) as events:
            async for event in events:
                yield event

    async def aask(
        self,
        documents: Readable,
        question: str,
        *,
        level: LevelChoice = "auto",
        budget: Budget | None = None,
        history: Sequence[Message] = (),
    ) -> Answer:
        """The answer. Takes and raises what `astream` does."""
        async for event in self.astream(documents, question, level=level, budget=budget, history=history):
            if isinstance(event, Answered):
                return event.answer
        raise AssertionError("a reading ends with Answered or raises")

    async def astream_batch(
        self,
        documents: Readable,
        questions: Sequence[str],
        *,
        level: LevelChoice = "auto",
        budget: Budget | None = None,
    ) -> AsyncGenerator[Event, None]:
        """Every event while several questions are answered together: those that need a full reading share one. At the
        end an `Answered` for each, in order, and `BatchFinished`. An answer's account is of the calls for it alone;
        those of the shared reading are in the account of the whole. Raises as `astream` does."""

        async def answer(emit: Emit) -> None:
            _require_asked(questions)
            session = await self._open(documents, budget, emit)
            own = {
                question: session.aside(emit=only_shared(emit), calls=session.calls.apart()) for question in questions
            }
            answers = dict(zip(own, await answer_questions(session, own, level), strict=True))
            for question in questions:
                said = (*session.warnings, *own[question].warnings)
                usage = own[question].usage()
                await emit(Answered(replace(answers[question], usage=usage, warnings=tuple(dict.fromkeys(said)))))
            for warning in self.model.warnings:
                await session.warn(warning)
            await emit(BatchFinished(session.usage(), tuple(session.warnings)))

        async with aclosing(followed(answer)) as events:
            async for event in events:
                yield event

    async def abatch(
        self,
        documents: Readable,
        questions: Sequence[str],
        *,
        level: LevelChoice = "auto",
        budget: Budget | None = None,
    ) -> list[Answer]:
        """The answers to several questions, in order. Raises what `astream` raises."""
        events = self.astream_batch(documents, questions, level=level, budget=budget)
        return [event.answer async for event in events if isinstance(event, Answered)]

    async def astream_summary(
        self,
        documents: Readable,
        *,
        focus: str | None = None,
        words: int | None = DEFAULT_WORDS,
        budget: Budget | None = None,
    ) -> AsyncGenerator[Event, None]:
        """Every event while documents are summarised in about so many words, on a `focus` where one is given; the last
        is `Summarised`. Without `words` only the tree of summaries is made, which another length does not change.
        Raises as `astream` does."""

        async def summarise(emit: Emit) -> None:
            session = await self._open(documents, budget, emit)
            await emit(Summarised(await self._accounted(session, await summarize(session, focus, words))))

        async with aclosing(followed(summarise)) as events:
            async for event in events:
                yield event

    async def asummarize(
        self,
        documents: Readable,
        focus: str | None = None,
        words: int | None = DEFAULT_WORDS,
        *,
        budget: Budget | None = None,
    ) -> Summary:
        """The summary. Takes and raises what `astream_summary` does."""
        async for event in self.astream_summary(documents, focus=focus, words=words, budget=budget):
            if isinstance(event, Summarised):
                return event.summary
        raise AssertionError("a summary ends with Summarised or raises")

    async def aestimate_summary(
        self, documents: Readable, focus: str | None = None, words: int | None = DEFAULT_WORDS
    ) -> Estimate:
        """What the summary would cost, without a single call."""
        session = await self._open(documents, None, _nobody)
        return await estimate_summary(session, focus, words, self.ledger)

    async def aestimate(self, documents: Readable, question: str, *, level: LevelChoice = "auto") -> Estimate:
        """What the reading would cost, without a single call. For "auto" where the documents do not fit the window:
        the price of climbing to `read`."""
        _require_asked([question])
        session = await self._open(documents, None, _nobody)
        return await estimate_reading(session, question, level, self.ledger)

    # --- synchronous ------------------------------------------------------------------------------------------------

    def stream(
        self, documents: Readable, question: str, *, level: LevelChoice = "auto", budget: Budget | None = None
    ) -> Iterator[Event]:
        """`astream` for synchronous programs."""
        return sync.iterate(self.astream(documents, question, level=level, budget=budget))

    def ask(
        self, documents: Readable, question: str, *, level: LevelChoice = "auto", budget: Budget | None = None
    ) -> Answer:
        """`aask` for synchronous programs."""
        return sync.call(lambda: self.aask(documents, question, level=level, budget=budget))

    def batch(
        self,
        documents: Readable,
        questions: Sequence[str],
        *,
        level: LevelChoice = "auto",
        budget: Budget | None = None,
    ) -> list[Answer]:
        """`abatch` for synchronous programs."""
        return sync.call(lambda: self.abatch(documents, questions, level=level, budget=budget))

    def stream_summary(
        self,
        documents: Readable,
        *,
        focus: str | None = None,
        words: int | None = DEFAULT_WORDS,
        budget: Budget | None = None,
    ) -> Iterator[Event]:
        """`astream_summary` for synchronous programs."""
        return sync.iterate(self.astream_summary(documents, focus=focus, words=words, budget=budget))

    def summarize(
        self,
        documents: Readable,
        focus: str | None = None,
        words: int | None = DEFAULT_WORDS,
        *,
        budget: Budget | None = None,
    ) -> Summary:
        """`asummarize` for synchronous programs."""
        return sync.call(lambda: self.asummarize(documents, focus, words, budget=budget))

    def estimate_summary(
        self, documents: Readable, focus: str | None = None, words: int | None = DEFAULT_WORDS
    ) -> Estimate:
        """`aestimate_summary` for synchronous programs."""
        return sync.call(lambda: self.aestimate_summary(documents, focus, words))

    def chat(
        self,
        documents: Readable,
        conversation: Conversation | None = None,
        *,
        store: Conversations | None = None,
        record: bool = False,
    ) -> Chat:
        """A conversation about documents: a new one, or one that goes on. With a `store` every turn is kept, with the
        events of its reading where the user wants to `record` them."""
        from octavo.reading.chat.chatting import Chat

        return Chat(self, documents, conversation, store=store, record=record)

    def estimate(self, documents: Readable, question: str, *, level: LevelChoice = "auto") -> Estimate:
        """`aestimate` for synchronous programs."""
        return sync.call(lambda: self.aestimate(documents, question, level=level))

    # --- inside -----------------------------------------------------------------------------------------------------

    @property
    def ledger(self) -> Ledger:
        """Where the calls are kept."""
        with self._opening:
            if self._ledger is None:
                self._ledger = Ledger((self._home or default_home()) / "ledger.sqlite")
            return self._ledger

    def close(self) -> None:
        """Commit what is waiting and close the ledger. The model is its owner's to close."""
        if self._ledger is not None:
            self._ledger.close()

    async def _open(
        self,
        documents: Readable,
        budget: Budget | None,
        emit: Emit,
    ) -> Session:
        started = self._clock()
        await self.model.ready()
        window = min(self.model.window, self._window or self.model.window)
        if window < SMALLEST_WINDOW:
            raise WindowTooSmall(
                f"a window of {window:,} tokens is too small to read in: {SMALLEST_WINDOW:,} is the least, 4,096 and "
                "more are supported; pass a larger --window",
                missing=SMALLEST_WINDOW - window,
            )
        options = self.options.for_model(self.model, window)
        # Slots are given out within one event loop; programs with several threads have several.
        limiter = self._limiters.setdefault(
            asyncio.get_running_loop(), Limiter.of(self.model, fixed=options.concurrency)
        )
        corpus, problems = await asyncio.to_thread(self._corpus, documents, options.chunk_tokens)
        if problems and not corpus.chunks:
            raise problems[0]
        session = Session(
            corpus=corpus,
            calls=Calls(self.model, self.ledger, limiter=limiter, retry=self._retry, fresh=options.fresh),
            options=options,
            window=window,
            budget=budget or Budget(),
            emit=emit,
            clock=self._clock,
            unreadable=tuple(problems),
            started=started,
        )
        session.toolbox = self._tools.toolbox(session)
        for problem in problems:
            await session.warn(str(problem))
        for warning in self.model.warnings:
            await session.warn(warning)
        return session

    async def _accounted(self, session: Session, answer: Told) -> Told:
        """The answer with its account and all warnings."""
        for warning in self.model.warnings:  # what has shown on the way
            await session.warn(warning)
        return replace(answer, usage=session.usage(), warnings=tuple(session.warnings))

    def _corpus(self, documents: Readable, chunk_tokens: int) -> tuple[Corpus, list[SourceError]]:
        library = documents if isinstance(documents, Library) else Library(documents, home=self._home)
        return library.corpus(self.model.tokenizer, chunk_tokens), library.problems


def _require_asked(questions: Sequence[str]) -> None:
    if not questions:
        raise UsageError("there is no question")
    if not all(question.strip() for question in questions):
        raise UsageError("the question is empty")


async def _nobody(event: Event) -> None:
    """Events of a reading that nobody watches."""
