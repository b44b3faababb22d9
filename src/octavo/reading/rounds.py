"""Level 2 in rounds: what one pass over the chunks found, the next is read with.

A chunk that says nothing to the question alone may say much once it is known what another says ("the Fifth Symphony was
composed in 1808"). So the findings of a round, merged and bounded, are notes that every chunk is read with in the next,
until a round finds nothing new. After PI-Mem (arXiv 2608.03048). Knows passes and findings; nothing of answers.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import replace

from octavo.documents.chunks import Chunk
from octavo.documents.document import Span
from octavo.reading.answer import Finding
from octavo.reading.events import RoundStarted
from octavo.reading.findings import rank_findings
from octavo.reading.question import QuestionAnalysis
from octavo.reading.read import ReadResult, in_document_order, read_chunks, spare_room
from octavo.reading.session import Session
from octavo.retrieval.fusion import interleave

_NOTES_SHARE = 0.5
"""Notes hold at most this share of a chunk's tokens: they are part of every prompt of the round."""

_NOTED = 64
_MARGIN = 16


async def read_in_rounds(session: Session, analyses: Sequence[QuestionAnalysis], *, keep_tokens: int = 0) -> ReadResult:
    """Read all chunks for the questions, as often as the option `rounds` allows and something new is found. Raises what
    `read_chunks` raises."""
    result = await read_chunks(session, analyses, keep_tokens=keep_tokens)
    for number in range(2, session.options.rounds + 1):
        if session.budget_exhausted:
            break
        notes = await asyncio.to_thread(_notes, session, analyses, result)
        if not notes:
            break
        await session.emit(RoundStarted(number, tuple(notes)))
        again = await read_chunks(session, analyses, notes="\n".join(notes), keep_tokens=keep_tokens)
        known, result = len(result.findings), _merged(session, analyses, result, again)
        if len(result.findings) == known:
            break
    return result


def _notes(session: Session, analyses: Sequence[QuestionAnalysis], result: ReadResult) -> list[str]:
    """The found sentences, a line each, the best findings of every question first, as many as there is room for."""
    rankings = []
    for analysis in analyses:
        findings = result.about(analysis.question).findings
        sentences = {finding.chunk: finding.sentences for finding in findings}
        ranked = rank_findings(session.corpus, findings, analysis, limit=_NOTED) if findings else []
        rankings.append([(chunk, sentences[chunk]) for chunk in ranked if chunk in sentences])
    # Joined lines may have a few tokens more than their parts.
    spare = spare_room(session, [analysis.question for analysis in analyses], "-") - _MARGIN
    left = min(round(session.options.chunk_tokens * _NOTES_SHARE), spare)
    lines: dict[str, None] = {}
    for line in _lines(session, interleave(rankings)):
        tokens = session.model.tokenizer.count(line) + 1
        if line not in lines and tokens <= left:
            lines[line] = None
            left -= tokens
    return list(lines)


def _lines(session: Session, found: Sequence[tuple[Chunk, tuple[Span, ...]]]) -> Iterator[str]:
    for chunk, sentences in found:
        text = session.corpus.document(chunk.document_id).text
        for sentence in sentences:
            yield f"- {' '.join(sentence.of(text).split())}"


def _merged(
    session: Session, analyses: Sequence[QuestionAnalysis], first: ReadResult, second: ReadResult
) -> ReadResult:
    """The findings of both rounds, one for each question and chunk; the coverage of the first round, which says what
    was read at all."""
    known: dict[tuple[str, Chunk], Finding] = {(found.question, found.chunk): found for found in first.findings}
    for found in second.findings:
        before = known.get((found.question, found.chunk))
        if before is None:
            known[found.question, found.chunk] = found
        else:
            sentences = sorted({*before.sentences, *found.sentences}, key=lambda span: span.start)
            known[found.question, found.chunk] = replace(before, sentences=tuple(sentences))
    relevant = len({chunk for _, chunk in known})
    questions = [analysis.question for analysis in analyses]
    findings = in_document_order(session.corpus, known.values(), questions)
    return ReadResult(findings, replace(first.coverage, relevant=relevant))
