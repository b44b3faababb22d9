"""The levels of the method: whole, retrieve, read, and the climb from one to the next.

Each level turns a session and an analysed question into an `Answer`; `answer_question` chooses among them. This is the
main path: what the levels are made of stands in the modules that they call.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from contextlib import suppress

from octavo.documents.chunks import Chunk
from octavo.errors import BudgetExhausted, UsageError
from octavo.reading.analysing import analyse_question
from octavo.reading.answer import Answer, Coverage, Level
from octavo.reading.answering import (
    Packer,
    Written,
    affordable_room,
    answer_request,
    answer_room,
    fit,
    is_sufficient,
    packer_of,
    write_answer,
)
from octavo.reading.events import LevelStarted, QuestionAnalysed
from octavo.reading.findings import rank_findings
from octavo.reading.options import LevelChoice
from octavo.reading.packing import Packing, pack, render
from octavo.reading.question import QuestionAnalysis
from octavo.reading.read import read_chunks
from octavo.reading.retrieve import rank_for_question
from octavo.reading.session import Session

_RANKED = 400
"""The longest ranking that is packed from: more chunks than any window of this kind holds."""


async def answer_question(session: Session, question: str, level: LevelChoice) -> Answer:
    """Answer at the level given, or, with "auto", at the cheapest that suffices. The account and the warnings are the
    caller's to add."""
    if not session.corpus.chunks:
        raise UsageError("there is nothing to read: name a document with text, or add one with: octavo add SOURCE")
    answer_room(session, QuestionAnalysis.plain(question))  # a question that leaves no room is refused before any call
    if level == "whole":
        require_whole(session, question)
    if level == "whole" or (level == "auto" and whole_fits(session, question)):
        return await _whole(session, question)
    analysis = await _analyse(session, question)
    if level in {"auto", "retrieve"}:
        answer, why = await _retrieve(session, analysis, may_climb=level == "auto")
        if answer is not None:
            return answer
    else:
        why = "asked for"
    return await _read(session, analysis, why)


# --- level 0 --------------------------------------------------------------------------------------------------------


def whole_fits(session: Session, question: str) -> bool:
    """Whether all documents fit the room for passages."""
    analysis = QuestionAnalysis.plain(question)
    room = answer_room(session, analysis)
    if sum(chunk.tokens for chunk in session.corpus.chunks) > room:
        return False
    packing = whole_packer(session)(room)
    return len(packing.chunks) == len(session.corpus.chunks) and session.fits(
        answer_request(session, analysis, packing)
    )


def require_whole(session: Session, question: str) -> None:
    """Raise `UsageError` where the documents do not fit."""
    if not whole_fits(session, question):
        tokens = sum(chunk.tokens for chunk in session.corpus.chunks)
        raise UsageError(
            f"the documents, {tokens:,} tokens with their names and sections on top, do not fit the "
            f"{answer_room(session, QuestionAnalysis.plain(question)):,} tokens for passages of one prompt: use "
            "--level auto or read"
        )


def whole_packer(session: Session) -> Packer:
    """Everything, in document order. Only where the server refuses what should fit is it less, and the coverage says
    so."""
    chunks, numbered = session.corpus.chunks, session.options.cite is not False

    def packer(room: int) -> Packing:
        everything = render(session.corpus, chunks, numbered=numbered)
        count = session.model.tokenizer.count
        if count(everything.text) <= room:
            return everything
        return pack(session.corpus, chunks, room, count, neighbours=False, numbered=numbered)

    return packer


async def _whole(session: Session, question: str) -> Answer:
    await session.emit(LevelStarted("whole", "the documents fit the window"))
    total = len(session.corpus.chunks)

    def coverage(packing: Packing) -> Coverage:
        return Coverage(chunks=total, read=len(packing.chunks), relevant=len(packing.chunks))

    return await _answer(session, QuestionAnalysis.plain(question), whole_packer(session), "whole", coverage)


# --- level 1 --------------------------------------------------------------------------------------------------------


async def _retrieve(session: Session, analysis: QuestionAnalysis, *, may_climb: bool) -> tuple[Answer | None, str]:
    """The answer, or why the next level is needed (only where it `may_climb`)."""
    await session.emit(LevelStarted("retrieve", "the documents do not fit the window" if may_climb else "asked for"))
    ranked = await asyncio.to_thread(rank_for_question, session.corpus, analysis, limit=_RANKED)
    total = len(session.corpus.chunks)
    if not ranked:
        if may_climb:
            return None, "no word of the question occurs in the documents"
        return _not_found(session, analysis, "retrieve", Coverage(chunks=total)), ""
    packer = packer_of(session, ranked)
    hits = set(ranked)

    def coverage(packing: Packing) -> Coverage:
        return Coverage(chunks=total, read=len(packing.chunks), relevant=len(hits.intersection(packing.chunks)))

    if may_climb and not await _suffices(session, analysis, packer):
        return None, "the model finds the retrieved passages insufficient"
    answer = await _answer(session, analysis, packer, "retrieve", coverage)
    if may_climb and not answer.found and not answer.budget_exhausted:
        return None, "the model finds no answer in the retrieved passages"
    return answer, ""


async def _suffices(session: Session, analysis: QuestionAnalysis, packer: Packer) -> bool:
    """The model's verdict; where the budget pays for the answer alone, it is answered without one."""
    with suppress(BudgetExhausted):
        packing, request = await fit(session, analysis, packer, affordable_room(session, analysis))
        price = session.model.measure(request.messages) + request.max_tokens
        return await is_sufficient(session, analysis, packing, keep=price)
    return True


# --- level 2 --------------------------------------------------------------------------------------------------------


async def _read(session: Session, analysis: QuestionAnalysis, why: str) -> Answer:
    await session.emit(LevelStarted("read", why))
    result = await read_chunks(session, analysis, keep_tokens=_kept_for_answer(session))
    if not result.findings:
        return _not_found(session, analysis, "read", result.coverage)
    ranked = await asyncio.to_thread(rank_findings, session.corpus, result.findings, analysis, limit=_RANKED)
    found = {finding.chunk for finding in result.findings}
    return await _answer(
        session, analysis, packer_of(session, ranked), "read", lambda _: result.coverage, must_be_shown=found
    )


def _kept_for_answer(session: Session) -> int:
    """Tokens of the budget that reading leaves for the answer: a full prompt and reply, at most half of the budget."""
    if session.budget.tokens is None:
        return 0
    fill = session.options.fill
    full = session.window if fill is None else min(session.window, fill + session.window // 4)
    return min(full, session.budget.tokens // 2)


# --- what all levels end with ---------------------------------------------------------------------------------------


async def _analyse(session: Session, question: str) -> QuestionAnalysis:
    try:
        analysis = await analyse_question(session, question)
    except BudgetExhausted:
        analysis = QuestionAnalysis.plain(question)
    await session.emit(QuestionAnalysed(analysis))
    return analysis


async def _answer(
    session: Session,
    analysis: QuestionAnalysis,
    packer: Packer,
    level: Level,
    coverage_of: Callable[[Packing], Coverage],
    *,
    must_be_shown: Collection[Chunk] = (),
) -> Answer:
    """Write the answer. A "not found" of the model counts for all documents only where it was shown every chunk that
    `must_be_shown`."""
    try:
        written = await write_answer(session, analysis, packer)
    except BudgetExhausted:
        session.budget_exhausted = True
        return _not_found(session, analysis, level, coverage_of(Packing((), "", ())))
    session.budget_exhausted |= written.cut
    coverage = coverage_of(written.packing)
    if written.refused or not written.text:
        unseen = len(set(must_be_shown) - set(written.packing.chunks))
        return _not_found(session, analysis, level, coverage, written, unseen=unseen)
    return Answer(
        question=analysis.question,
        text=written.text,
        found=True,
        level=level,
        citations=written.citations,
        passages=written.packing.passages,
        coverage=coverage,
        budget_exhausted=session.budget_exhausted,
    )


def _not_found(
    session: Session,
    analysis: QuestionAnalysis,
    level: Level,
    coverage: Coverage,
    written: Written | None = None,
    *,
    unseen: int = 0,
) -> Answer:
    """An honest end: "not in the documents" only where all of them were read, nothing failed, and the answering model
    said so of all that was found (`unseen` chunks found did not fit its window)."""
    everything = (
        coverage.full
        and not session.unreadable
        and not session.budget_exhausted
        and not unseen
        and (written is None or written.refused)
    )
    if everything:
        text = f"Not in the documents: all {coverage.chunks:,} chunks were read."
    else:
        text = f"Not found in what was read ({coverage.read:,} of {coverage.chunks:,} chunks)."
        if unseen:
            text += f" {unseen:,} of {coverage.relevant:,} relevant chunks did not fit the answering prompt."
    return Answer(
        question=analysis.question,
        text=text,
        found=False if everything else None,
        level=level,
        passages=written.packing.passages if written else (),
        coverage=coverage,
        budget_exhausted=session.budget_exhausted,
    )
