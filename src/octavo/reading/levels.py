"""The levels of the method: whole, retrieve, read, and the climb from one to the next.

Each level turns a session and an analysed question into an `Answer`; `answer_question` chooses among them. This is the
main path: what the levels are made of stands in the modules that they call.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from octavo.errors import BudgetExhausted, UsageError
from octavo.reading.analysing import analyse_question
from octavo.reading.answer import Answer, Coverage, Level
from octavo.reading.answering import (
    Packer,
    Written,
    answer_request,
    answer_room,
    fit,
    is_sufficient,
    packer_of,
    write_answer,
)
from octavo.reading.events import LevelStarted, QuestionAnalysed
from octavo.reading.options import LevelChoice
from octavo.reading.packing import Packing
from octavo.reading.question import QuestionAnalysis
from octavo.reading.read import rank_findings, read_chunks
from octavo.reading.retrieve import rank_for_question
from octavo.reading.session import Session

_RANKED = 400
"""The longest ranking that is packed from: more chunks than any window of this kind holds."""


async def answer_question(session: Session, question: str, level: LevelChoice) -> Answer:
    """Answer at the level given, or, with "auto", at the cheapest that suffices. The account and the warnings are the
    caller's to add."""
    if not session.corpus.chunks:
        raise UsageError("there is nothing to read: name a document with text, or add one with: octavo add SOURCE")
    _require_room(session, question)
    if level in {"auto", "whole"} and (level == "whole" or whole_fits(session, question)):
        return await _whole(session, question)
    analysis = await _analyse(session, question)
    if level in {"auto", "retrieve"}:
        answer, why = await _retrieve(session, analysis, may_climb=level == "auto")
        if answer is not None:
            return answer
    else:
        why = "asked for"
    return await _read(session, analysis, why)


def _require_room(session: Session, question: str) -> None:
    """Refuse a question that leaves no room for passages before anything is paid."""
    with suppress(BudgetExhausted):
        answer_room(session, QuestionAnalysis.plain(question))


# --- level 0 --------------------------------------------------------------------------------------------------------


def whole_fits(session: Session, question: str) -> bool:
    """Whether all documents fit the room for passages."""
    analysis = QuestionAnalysis.plain(question)
    try:
        room = answer_room(session, analysis)
    except BudgetExhausted:
        return False
    chunks = session.corpus.chunks
    if sum(chunk.tokens for chunk in chunks) > room:
        return False
    packing = packer_of(session, chunks, neighbours=False)(room)
    return len(packing.chunks) == len(chunks) and session.fits(answer_request(session, analysis, packing))


async def _whole(session: Session, question: str) -> Answer:
    analysis = QuestionAnalysis.plain(question)
    chunks = session.corpus.chunks
    if not whole_fits(session, question):
        tokens = sum(chunk.tokens for chunk in chunks)
        raise UsageError(
            f"the documents hold {tokens:,} tokens, more than the passages of one prompt may "
            f"({answer_room(session, analysis):,}): use --level auto or read"
        )
    await session.emit(LevelStarted("whole", "the documents fit the window"))
    # Only where the server refuses what should fit is less than everything shown, and the coverage says so.
    packer = packer_of(session, chunks, neighbours=False)

    def coverage(packing: Packing) -> Coverage:
        shown = len(packing.chunks)
        return Coverage(chunks=len(chunks), read=shown, relevant=shown)

    return await _answer(session, analysis, packer, "whole", coverage)


# --- level 1 --------------------------------------------------------------------------------------------------------


async def _retrieve(session: Session, analysis: QuestionAnalysis, *, may_climb: bool) -> tuple[Answer | None, str]:
    """The answer, or why the next level is needed (only where it `may_climb`)."""
    await session.emit(LevelStarted("retrieve", "the documents do not fit the window" if may_climb else "asked for"))
    ranked = rank_for_question(session.corpus, analysis, limit=_RANKED)
    total = len(session.corpus.chunks)
    if not ranked:
        if may_climb:
            return None, "no word of the question occurs in the documents"
        return _not_found(session, analysis, "retrieve", Coverage(chunks=total)), ""
    packer = packer_of(session, ranked)

    def coverage(packing: Packing) -> Coverage:
        return Coverage(chunks=total, read=len(packing.chunks), relevant=len(set(packing.chunks) & set(ranked)))

    try:
        packing, _ = await fit(session, analysis, packer, answer_room(session, analysis))
        if may_climb and not await is_sufficient(session, analysis, packing):
            return None, "the model finds the retrieved passages insufficient"
    except BudgetExhausted:
        session.budget_exhausted = True
        return _not_found(session, analysis, "retrieve", Coverage(chunks=total)), ""
    answer = await _answer(session, analysis, packer, "retrieve", coverage)
    if may_climb and not answer.found and not answer.budget_exhausted:
        return None, "the model finds no answer in the retrieved passages"
    return answer, ""


# --- level 2 --------------------------------------------------------------------------------------------------------


async def _read(session: Session, analysis: QuestionAnalysis, why: str) -> Answer:
    await session.emit(LevelStarted("read", why))
    result = await read_chunks(session, analysis, keep_tokens=_kept_for_answer(session, analysis))
    if not result.findings:
        return _not_found(session, analysis, "read", result.coverage)
    ranked = rank_findings(session.corpus, result.findings, analysis, limit=_RANKED)
    packer = packer_of(session, ranked)

    return await _answer(session, analysis, packer, "read", lambda _: result.coverage)


def _kept_for_answer(session: Session, analysis: QuestionAnalysis) -> int:
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
) -> Answer:
    try:
        written = await write_answer(session, analysis, packer)
    except BudgetExhausted:
        session.budget_exhausted = True
        return _not_found(session, analysis, level, coverage_of(Packing((), "", ())))
    session.budget_exhausted |= written.cut
    coverage = coverage_of(written.packing)
    if not written.found:
        return _not_found(session, analysis, level, coverage, written)
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
    session: Session, analysis: QuestionAnalysis, level: Level, coverage: Coverage, written: Written | None = None
) -> Answer:
    """An honest end: "not in the documents" only where all of them were read and nothing failed."""
    everything = coverage.full and not session.unreadable and not session.budget_exhausted
    if everything:
        text = f"Not in the documents: all {coverage.chunks:,} chunks were read."
    else:
        text = f"Not found in what was read ({coverage.read:,} of {coverage.chunks:,} chunks)."
    return Answer(
        question=analysis.question,
        text=text,
        found=False if everything else None,
        level=level,
        passages=written.packing.passages if written else (),
        coverage=coverage,
        budget_exhausted=session.budget_exhausted,
    )
