"""The tour: a reader is asked a question about documents, and answers with citations.

    question ── analyse ── rank ── pack ── answer            level retrieve
                   └── read every chunk ── rank findings ──┘  level read

`Reader` prepares what every reading shares (the model, the ledger, the limiter), opens the documents as a corpus, runs
`levels.answer_question`, and hands out its events. `ask` and `stream` are the synchronous face of `aask` and `astream`.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncGenerator, Callable, Iterator
from dataclasses import replace
from pathlib import Path
from weakref import WeakKeyDictionary

from octavo.documents.document import Document
from octavo.errors import SourceError, UsageError, WindowTooSmall
from octavo.library.corpus import Corpus
from octavo.library.home import default_home
from octavo.library.library import Library
from octavo.models.calls import Calls
from octavo.models.chat import ChatModel
from octavo.models.ledger import Ledger
from octavo.models.limiter import Limiter
from octavo.models.retry import Retry
from octavo.reading import sync
from octavo.reading.answer import Answer
from octavo.reading.estimating import estimate_reading
from octavo.reading.events import Answered, Event
from octavo.reading.levels import answer_question
from octavo.reading.options import Budget, Estimate, LevelChoice, ReadingOptions
from octavo.reading.session import Emit, Session

Readable = Library | Document | str | Path
"""What can be asked about: a library, a document, or a path or URL."""

SMALLEST_WINDOW = 1024
"""Below this there is no room for instructions, a question and a chunk. 4,096 and more are supported."""

_EVENTS_AHEAD = 256


class Reader:
    """Asks a chat model questions about documents of any length.

    `window` limits the model's own (in tokens). `ledger` keeps every call; by default the one in `home`. `retry` says
    how often, and after which pauses, a failed call is tried again. A reader may be used for many questions, at once
    too, and from several threads.
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
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.model = model
        self.options = options or ReadingOptions()
        self._window = window
        self._home = home
        self._ledger = ledger
        self._retry = retry
        self._clock = clock
        self._opening = threading.Lock()
        self._limiters: WeakKeyDictionary[asyncio.AbstractEventLoop, Limiter] = WeakKeyDictionary()

    # --- asynchronous -----------------------------------------------------------------------------------------------

    async def astream(
        self, documents: Readable, question: str, *, level: LevelChoice = "auto", budget: Budget | None = None
    ) -> AsyncGenerator[Event, None]:
        """Every event of a reading as it happens; the last is `Answered`. Leaving the loop cancels what is in flight.

        Raises an `OctavoError` where there is no answer to give: a model that cannot be reached, nothing to read, a
        question that leaves no room in the window.
        """
        events: asyncio.Queue[Event | Exception] = asyncio.Queue(_EVENTS_AHEAD)

        async def run() -> None:
            try:
                session = await self._open(documents, question, budget, events.put)
                answer = await answer_question(session, question, level)
                for warning in self.model.warnings:  # what has shown on the way
                    await session.warn(warning)
                accounted = replace(answer, usage=session.usage(), warnings=tuple(session.warnings))
                await events.put(Answered(accounted))
            except Exception as error:  # noqa: BLE001 - raised again where the events are taken
                await events.put(error)

        reading = asyncio.create_task(run())
        try:
            while True:
                event = await events.get()
                if isinstance(event, Exception):
                    raise event
                yield event
                if isinstance(event, Answered):
                    return
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)

    async def aask(
        self, documents: Readable, question: str, *, level: LevelChoice = "auto", budget: Budget | None = None
    ) -> Answer:
        """The answer. Raises what `astream` raises."""
        async for event in self.astream(documents, question, level=level, budget=budget):
            if isinstance(event, Answered):
                return event.answer
        raise AssertionError("a reading ends with Answered or raises")

    async def aestimate(self, documents: Readable, question: str, *, level: LevelChoice = "auto") -> Estimate:
        """What the reading would cost, without a single call. For "auto" where the documents do not fit the window:
        the price of climbing to `read`."""
        session = await self._open(documents, question, None, _nobody)
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
        question: str,
        budget: Budget | None,
        emit: Emit,
    ) -> Session:
        if not question.strip():
            raise UsageError("the question is empty")
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
        for problem in problems:
            await session.warn(str(problem))
        for warning in self.model.warnings:
            await session.warn(warning)
        return session

    def _corpus(self, documents: Readable, chunk_tokens: int) -> tuple[Corpus, list[SourceError]]:
        library = documents if isinstance(documents, Library) else Library(documents, home=self._home)
        return library.corpus(self.model.tokenizer, chunk_tokens), library.problems


async def _nobody(event: Event) -> None:
    """Events of a reading that nobody watches."""
