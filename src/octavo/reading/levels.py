"""The levels of the method up to 2: whole, retrieve, read.

Each turns a session and an analysed question into an `Answer`. Which of them is taken, and when the next is climbed to,
is decided in `climbing.py`; what they are made of stands in the modules that they call.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from octavo.documents.chunks import Chunk
from octavo.errors import ModelError, UsageError
from octavo.library.corpus import Corpus
from octavo.reading.answer import Answer, Citation, Coverage, Finding
from octavo.reading.answering import Packer, answer_request, answer_room, packer_of
from octavo.reading.concluding import conclude, not_found
from octavo.reading.events import AnswerDelta, Event, LevelStarted, PassagesPacked, QuestionAnalysed
from octavo.reading.excerpts import pack_found, pack_nearest
from octavo.reading.findings import rank_findings
from octavo.reading.packing import Packing, pack, render
from octavo.reading.question import QuestionAnalysis
from octavo.reading.read import ReadResult
from octavo.reading.retrieve import rank_for_question
from octavo.reading.rounds import read_in_rounds
from octavo.reading.session import Emit, Session
from octavo.reading.sufficing import borne_out
from octavo.reading.trial import Trial
from octavo.reading.workers import work_through

RANKED = 400
"""The longest ranking that is packed from: more chunks than any window of this kind holds."""

_CLOSE = 3
"""A look at the sentences nearest to the question has so much less room than one at whole chunks."""

_ANSWERED_AT_ONCE = 32
"""Questions answered at once; the limiter bounds their calls."""


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


async def whole_level(session: Session, question: str) -> Answer:
    """The documents are simply shown."""
    await session.emit(LevelStarted("whole", "the documents fit the window"))
    total = len(session.corpus.chunks)

    def coverage(packing: Packing) -> Coverage:
        return Coverage(chunks=total, read=len(packing.chunks), relevant=len(packing.chunks))

    return await conclude(session, QuestionAnalysis.plain(question), whole_packer(session), "whole", coverage)


# --- level 1 --------------------------------------------------------------------------------------------------------


async def retrieve_level(session: Session, analysis: QuestionAnalysis, ranked: Sequence[Chunk]) -> Answer:
    """The best of the ranked chunks are shown."""
    total = len(session.corpus.chunks)
    if not ranked:
        return not_found(session, analysis, "retrieve", Coverage(chunks=total))
    hits = set(ranked)

    def coverage(packing: Packing) -> Coverage:
        return Coverage(chunks=total, read=len(packing.chunks), relevant=len(hits.intersection(packing.chunks)))

    return await conclude(session, analysis, packer_of(session, ranked), "retrieve", coverage)


# --- level 2 --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Lookup:
    """A question answered by reading everything. `cited` are the chunks that the answer cites, `found` those that the
    reader found, `ranked` these and what a search for them found, best first; where the answer is that of a second
    look, all three are what it cites. `findings` are what the reader pointed at, where the answer was written from
    that. `error` is why there is no answer where the call for it failed: what was found is kept."""

    answer: Answer
    cited: tuple[Chunk, ...] = ()
    found: frozenset[Chunk] = frozenset()
    ranked: tuple[Chunk, ...] = ()
    findings: tuple[Finding, ...] = ()
    error: ModelError | None = None


async def read_level(
    session: Session, analyses: Sequence[QuestionAnalysis], sessions: Sequence[Session]
) -> list[Lookup]:
    """Every chunk is shown to the model, once for all questions; each is then answered from what was found for it, in
    its own of `sessions`. The lookups are in the order of the questions. Raises as `read_chunks` does."""
    result = await read_in_rounds(session, analyses, keep_tokens=kept_for_answers(session, len(analyses)))
    lookups: dict[int, Lookup] = {}

    async def look_up(place: int) -> None:
        analysis = analyses[place]
        lookups[place] = await _look_up(sessions[place], analysis, result.about(analysis.question))

    await work_through(range(len(analyses)), look_up, min(_ANSWERED_AT_ONCE, len(analyses)))
    return [lookups[place] for place in range(len(analyses))]


async def _look_up(session: Session, analysis: QuestionAnalysis, result: ReadResult) -> Lookup:
    if not result.findings:
        return _looked_again(session, await _second_look(session, analysis, result.coverage))
    ranked = await asyncio.to_thread(rank_findings, session.corpus, result.findings, analysis, limit=RANKED)
    found = frozenset(finding.chunk for finding in result.findings)
    # A model that is not asked to cite does not say what its answer rests on: code does, and then it is shown.
    trial = Trial(session) if session.options.cited_by_code else None
    error = None
    try:
        answer = await conclude(
            session if trial is None else trial.session,
            analysis,
            found_packer(session, ranked, result.findings),
            "read",
            lambda _: result.coverage,
            must_be_shown=found,
        )
    except ModelError as failed:
        session.raise_if_fatal(failed)
        error = failed
        answer = not_found(session, analysis, "read", result.coverage, exhaustive=False)
    if trial is not None and error is None:
        if not borne_out(answer):
            again = await _second_look(session, analysis, result.coverage)
            if again.found:
                return _looked_again(session, again)
        answer = await trial.stand(answer)
    cited = cited_chunks(session.corpus, answer.citations)
    return Lookup(answer, cited, found, tuple(ranked), tuple(result.findings), error)


def _looked_again(session: Session, answer: Answer) -> Lookup:
    cited = cited_chunks(session.corpus, answer.citations)
    return Lookup(answer, cited, frozenset(cited), cited)


def found_packer(session: Session, ranked: Sequence[Chunk], findings: Sequence[Finding]) -> Packer:
    """Packs what was found, as this session's model is shown passages."""
    return lambda room: pack_found(
        session.corpus,
        ranked,
        findings,
        room,
        session.model.tokenizer.count,
        numbered=session.options.cite is not False,
    )


async def _second_look(session: Session, analysis: QuestionAnalysis, coverage: Coverage) -> Answer:
    """Where the reader found nothing, or what it found led to no answer that code bears out, the answering model is
    shown what BM25 ranks best: a weak reader misses much, and "not in the documents" is not said on its word alone. An
    answer counts only where a cited place bears it out. A model that is not asked to cite is shown little of each chunk
    too (`pack_nearest`), for it is a small one; where no places are looked up for it, it is not shown anything."""
    ranked = await asyncio.to_thread(rank_for_question, session.corpus, analysis, limit=RANKED)
    by_code = session.options.cited_by_code
    if (session.options.cite is False and not by_code) or not ranked:
        return not_found(session, analysis, "read", coverage)
    packers = [packer_of(session, ranked), *([_nearest_packer(session, analysis, ranked)] if by_code else [])]
    refused = True
    for packer in packers:
        trial = Trial(session)
        try:
            answer = await conclude(trial.session, analysis, packer, "read", lambda _: coverage)
        except ModelError as error:
            session.raise_if_fatal(error)
            await session.warn(f"a second look failed: {error}")
            return not_found(session, analysis, "read", coverage, exhaustive=False)
        if borne_out(answer):
            return await trial.stand(answer)
        refused = refused and not answer.found
    return await trial.stand(answer) if refused else not_found(session, analysis, "read", coverage, exhaustive=False)


def _nearest_packer(session: Session, analysis: QuestionAnalysis, ranked: Sequence[Chunk]) -> Packer:
    return lambda room: pack_nearest(
        session.corpus, ranked, analysis.search_text, room // _CLOSE, session.model.tokenizer.count, numbered=False
    )


def cited_chunks(corpus: Corpus, citations: Sequence[Citation]) -> tuple[Chunk, ...]:
    """The chunks that the cited places stand in, in the order of the citations."""
    return tuple(
        dict.fromkeys(
            chunk
            for citation in citations
            for chunk in corpus.chunks
            if chunk.document_id == citation.document.id and chunk.span.overlaps(citation.span)
        )
    )


def without_deltas(emit: Emit) -> Emit:
    """Passes on all events but pieces of answers."""

    async def passing(event: Event) -> None:
        if not isinstance(event, AnswerDelta):
            await emit(event)

    return passing


def only_shared(emit: Emit) -> Emit:
    """Passes on what is of interest where many questions are answered at once: neither the steps of each nor pieces of
    its answer."""

    async def passing(event: Event) -> None:
        if not isinstance(event, (AnswerDelta, LevelStarted, PassagesPacked, QuestionAnalysed)):
            await emit(event)

    return passing


def kept_for_answers(session: Session, answers: int) -> int:
    """Tokens of the budget that reading leaves for the answers: full prompts and replies, at most half of what is
    left."""
    left = session.tokens_left()
    if left is None:
        return 0
    fill = session.options.fill
    full = session.window if fill is None else min(session.window, fill + session.window // 4)
    return min(full * answers, left // 2)
