"""What all levels end with: an answer written from passages, or an honest "not found".

Knows what may be claimed after which coverage; nothing of how passages were chosen.
"""

from __future__ import annotations

from collections.abc import Callable, Collection

from octavo.documents.chunks import Chunk
from octavo.errors import BudgetExhausted
from octavo.reading.answer import Answer, Coverage, Level
from octavo.reading.answering import Packer, Written, write_answer
from octavo.reading.packing import Packing
from octavo.reading.question import QuestionAnalysis
from octavo.reading.session import Session


async def conclude(
    session: Session,
    analysis: QuestionAnalysis,
    packer: Packer,
    level: Level,
    coverage_of: Callable[[Packing], Coverage],
    *,
    must_be_shown: Collection[Chunk] = (),
    exhaustive: bool = True,
) -> Answer:
    """Write the answer. A "not found" of the model counts for all documents only where it was shown every chunk that
    `must_be_shown`, and what was read was read for the question itself (`exhaustive`). Raises `ModelError`."""
    try:
        written = await write_answer(session, analysis, packer)
    except BudgetExhausted:
        session.budget_exhausted = True
        return not_found(session, analysis, level, coverage_of(Packing((), "", ())))
    session.budget_exhausted |= written.cut
    coverage = coverage_of(written.packing)
    if written.refused or not written.text:
        unseen = len(set(must_be_shown) - set(written.packing.chunks))
        return not_found(session, analysis, level, coverage, written, unseen=unseen, exhaustive=exhaustive)
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


def not_found(
    session: Session,
    analysis: QuestionAnalysis,
    level: Level,
    coverage: Coverage,
    written: Written | None = None,
    *,
    unseen: int = 0,
    exhaustive: bool = True,
) -> Answer:
    """An honest end: "not in the documents" only where all of them were read for the question itself (`exhaustive`),
    nothing failed, and the answering model said so of all that was found (`unseen` chunks found did not fit its
    window)."""
    everything = (
        exhaustive
        and coverage.full
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
