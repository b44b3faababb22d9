"""The main path: questions are answered at the level given, or, with "auto", at the cheapest that suffices.

    whole ── does not fit ──► retrieve ── falls short ──► read ── falls short ──► reason

What "falls short" means is measured: no word of the question occurs, the model's own verdict, no answer, or an answer
that no cited place bears out. A question about the documents as a whole goes to the tree of summaries. Every climb is
an event that says why; nothing of an answer is shown before it is known to stand. Several questions climb together, so
that those which need a full reading share one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial

from octavo.documents.chunks import Chunk
from octavo.errors import BudgetExhausted, ModelError, UsageError, WindowTooSmall
from octavo.reading.analysing import analyse_question
from octavo.reading.answer import Answer, Coverage, Level
from octavo.reading.answering import affordable_room, answer_room, fit, is_sufficient, packer_of
from octavo.reading.concluding import not_found
from octavo.reading.events import LevelStarted, QuestionAnalysed
from octavo.reading.levels import RANKED, Lookup, read_level, require_whole, retrieve_level, whole_fits, whole_level
from octavo.reading.options import LevelChoice
from octavo.reading.overview import overview_level
from octavo.reading.question import QuestionAnalysis
from octavo.reading.quoting import quotation
from octavo.reading.reason import reason_level
from octavo.reading.retrieve import margin, rank_for_question
from octavo.reading.session import Session
from octavo.reading.sufficing import borne_out, shortcoming
from octavo.reading.trial import Trial
from octavo.reading.workers import work_through

_HEIGHT: dict[Level, int] = {"whole": 0, "retrieve": 1, "read": 2, "reason": 3}

WEAK_MARGIN = 0.4
"""Of BM25's scores, below which level 1 is not tried: there its passages lacked a fact that the question needs in 24 of
36 cases (21 of 25 questions after several facts, 3 of 11 after one), above it in 44 of 301 (38 of 75, 6 of 226). A
higher limit passes over more questions that level 1 has all for than others (`benchmarks/bm25_margin.py`)."""

_AT_ONCE = 32
"""Questions under way at once; the limiter bounds their calls."""

_NAMED = 80
"""Characters of a question that name it."""


async def answer_question(session: Session, question: str, level: LevelChoice) -> Answer:
    """Answer at the level given, or, with "auto", at the cheapest that suffices. The account and the warnings are the
    caller's to add. Raises an `OctavoError` where there is no answer to give."""
    (answer,) = await answer_questions(session, {question: session}, level)
    return answer


async def answer_questions(session: Session, asked: Mapping[str, Session], level: LevelChoice) -> list[Answer]:
    """Answer several questions, in their order, each in the session that its events, warnings and account belong to;
    what they share is done in `session`. Of several, one that fails costs itself: its answer says that there is none,
    and a warning why. Raises as `answer_question` does."""
    if not session.corpus.chunks:
        raise UsageError("there is nothing to read: name a document with text, or add one with: octavo add SOURCE")
    for question in asked:
        _require_room(session, question, level, alone=len(asked) == 1)
    await _warn_of_idle_tools(session, level)
    climbers = [_Climber(own, question, alone=len(asked) == 1) for question, own in asked.items()]
    if level == "whole" or (level == "auto" and all(whole_fits(session, question) for question in asked)):
        await _each(climbers, _Climber.whole)
    else:
        await _each(climbers, _Climber.analyse)
        if level == "auto":
            await _each([climber for climber in climbers if climber.analysis.whole], _Climber.overview)
        if level in {"auto", "retrieve"}:
            await _each(_open(climbers), _Climber.retrieve if level == "retrieve" else _Climber.try_to_retrieve)
        if level in {"auto", "read"}:
            await _read(session, _open(climbers), may_climb=level == "auto")
        for climber in _open(climbers):
            await climber.spared(_Climber.reason)
    return [climber.answers[-1] for climber in climbers]


async def _warn_of_idle_tools(session: Session, level: LevelChoice) -> None:
    """Tools that no level will call are said to be idle: only `reason` calls them."""
    highest = session.options.highest if level == "auto" else level
    if session.toolbox and len(session.toolbox) and highest != "reason":
        option = "--highest" if level == "auto" else "--level"
        await session.warn(
            f"tools are called at level reason alone, and this goes up to {highest}: pass {option} reason"
        )


def _require_room(session: Session, question: str, level: LevelChoice, *, alone: bool) -> None:
    """Refuse a question that leaves no room in the window, before any call; of several, say which."""
    try:
        answer_room(session, QuestionAnalysis.plain(question))
    except WindowTooSmall as error:
        if alone:
            raise
        raise WindowTooSmall(f"{question[:_NAMED]!r}: {error}", missing=error.missing) from error
    if level == "whole":
        require_whole(session, question)


class _Climber:
    """A question on its way up. `answers` has its answer once there is one that stands; `why` says why it climbs."""

    def __init__(self, session: Session, question: str, *, alone: bool) -> None:
        self.session = session
        self.analysis = QuestionAnalysis.plain(question)
        self.alone = alone
        self.answers: list[Answer] = []
        self.why = "asked for"
        self.reading: tuple[Trial, Lookup] | None = None

    async def spared(self, step: Step) -> None:
        """Take a step. Of several questions, one whose call fails ends without an answer, and the others go on."""
        try:
            await step(self)
        except ModelError as error:
            if self.alone:
                raise
            self.session.raise_if_fatal(error)
            await self.session.warn(f"no answer: {error}")
            coverage = Coverage(chunks=len(self.session.corpus.chunks))
            self.answers.append(not_found(self.session, self.analysis, "retrieve", coverage, exhaustive=False))

    async def whole(self) -> None:
        """Level 0."""
        self.answers.append(await whole_level(self.session, self.analysis.question))

    async def analyse(self) -> None:
        """Split the question, as far as the budget allows."""
        with suppress(BudgetExhausted):
            self.analysis = await analyse_question(self.session, self.analysis.question)
        await self.session.emit(QuestionAnalysed(self.analysis))

    async def overview(self) -> None:
        """The tree of summaries, for a question about the documents as a whole; where it gives no answer, the levels
        are climbed as for any other."""
        if not self._may_reach("read"):
            return
        await self.session.emit(LevelStarted("summarize", "the question is about the documents as a whole"))
        trial = Trial(self.session)
        answer = await overview_level(trial.session, self.analysis)
        if answer.found or self.session.budget_exhausted:
            self.answers.append(await trial.stand(answer))

    async def retrieve(self) -> None:
        """Level 1, asked for."""
        await self.session.emit(LevelStarted("retrieve", "asked for"))
        self.answers.append(await retrieve_level(self.session, self.analysis, await self._ranked()))

    async def try_to_retrieve(self) -> None:
        """Level 1, unless it falls short of the question."""
        await self.session.emit(LevelStarted("retrieve", "the documents do not fit the window"))
        ranked = await self._ranked()
        may_climb = self._may_reach("read")
        if may_climb and (why := await self._hopeless(ranked)):
            self.why = why
            return
        trial = Trial(self.session)
        answer = await retrieve_level(trial.session, self.analysis, ranked)
        self.why = shortcoming(answer, self.session.options)
        if not self.why or not may_climb or self.session.budget_exhausted:
            self.answers.append(await trial.stand(answer))

    async def judge(self, lookup: Lookup, trial: Trial | None, *, may_climb: bool) -> None:
        """After level 2: its answer stands, or, where it was on trial and falls short, the next level is needed."""
        if lookup.error is not None:
            raise lookup.error
        self.why = shortcoming(lookup.answer, self.session.options)
        may_climb = may_climb and self._may_reach("reason") and not self.session.budget_exhausted
        if trial is None:
            self.answers.append(lookup.answer)
        elif not self.why or not may_climb:
            self.answers.append(await self._stand(trial, lookup))
        else:
            self.reading = trial, lookup

    async def reason(self) -> None:
        """Level 3; where it finds nothing, what reading came to stands, with the steps taken since."""
        await self.session.emit(LevelStarted("reason", self.why))
        if self.reading is None:
            self.answers.append(await reason_level(self.session, self.analysis))
            return
        reading, lookup = self.reading
        trial = Trial(self.session)
        answer = await reason_level(trial.session, self.analysis, lookup)
        if answer.found:
            self.answers.append(await trial.stand(answer))
        else:
            last = replace(lookup, answer=replace(lookup.answer, steps=answer.steps))
            self.answers.append(await self._stand(reading, last))

    async def _stand(self, trial: Trial, lookup: Lookup) -> Answer:
        """The answer of level 2 stands; or, where a small model wrote what nothing bears out, what it pointed at."""
        session, answer = self.session, lookup.answer
        if not session.options.cited_by_code or not answer.found or borne_out(answer):
            return await trial.stand(answer)
        quoted = quotation(
            session.corpus,
            answer,
            lookup.findings,
            lookup.ranked,
            count=session.model.tokenizer.count,
            tokens=session.options.answer_tokens or 0,
        )
        if quoted is None:
            return await trial.stand(answer)
        await session.warn("no passage bears out what the model wrote; quoted is what it pointed at")
        return await trial.stand(quoted, instead=quoted.text)

    async def _ranked(self) -> list[Chunk]:
        return await asyncio.to_thread(rank_for_question, self.session.corpus, self.analysis, limit=RANKED)

    async def _hopeless(self, ranked: Sequence[Chunk]) -> str:
        """Why level 1 is not worth its answering call; empty where it is, or where the budget pays for that alone."""
        if not ranked:
            return "no word of the question occurs in the documents"
        session, analysis = self.session, self.analysis
        if await asyncio.to_thread(margin, session.corpus, analysis.question) < WEAK_MARGIN:
            return "no chunk stands out by the question's words"
        if not session.options.judge:
            return ""
        with suppress(BudgetExhausted, WindowTooSmall):
            room = affordable_room(session, analysis)
            packing, request = await fit(session, analysis, packer_of(session, ranked), room)
            price = session.model.measure(request.messages) + request.max_tokens
            if not await is_sufficient(session, analysis, packing, keep=price):
                return "the model finds the retrieved passages insufficient"
        return ""

    def _may_reach(self, level: Level) -> bool:
        return _HEIGHT[self.session.options.highest or "reason"] >= _HEIGHT[level]


def _open(climbers: Sequence[_Climber]) -> list[_Climber]:
    """Those without an answer yet."""
    return [climber for climber in climbers if not climber.answers]


Step = Callable[[_Climber], Awaitable[None]]


async def _each(climbers: Sequence[_Climber], step: Step) -> None:
    """All take the step, several at once; where one raises, the others are ended."""
    await work_through(climbers, lambda climber: climber.spared(step), min(_AT_ONCE, len(climbers)))


async def _read(session: Session, climbers: Sequence[_Climber], *, may_climb: bool) -> None:
    """Level 2 for all of them in one pass."""
    if not climbers:
        return
    few = len(climbers) == 1
    await session.emit(LevelStarted("read", climbers[0].why if few else f"for {len(climbers):,} questions together"))
    held = may_climb or session.options.cited_by_code
    trials = [Trial(climber.session) if held else None for climber in climbers]
    sessions = [trial.session if trial else climber.session for climber, trial in zip(climbers, trials, strict=True)]
    lookups = await read_level(session, [climber.analysis for climber in climbers], sessions)
    for climber, lookup, trial in zip(climbers, lookups, trials, strict=True):
        await climber.spared(partial(_Climber.judge, lookup=lookup, trial=trial, may_climb=may_climb))
