"""Level 2, `read`: every chunk is shown to the model, in parallel, and what helps is kept.

Pieces (`pieces.py`) go to the model before the question; the reply points at sentences, which code maps to exact spans
(`pointing.py`). A chunk that fails is reported and costs itself; nothing is left out silently.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import NoReturn

from octavo.documents.chunks import Chunk
from octavo.documents.document import Span
from octavo.errors import (
    BudgetExhausted,
    InvalidReply,
    ModelError,
    ModelUnavailable,
    OctavoError,
    SourceError,
    WindowExceeded,
    WindowTooSmall,
)
from octavo.models.chat import Completion
from octavo.reading import pointing, prompts
from octavo.reading.answer import Coverage, Finding
from octavo.reading.events import ChunkFailed, ChunkRead
from octavo.reading.options import Strategy
from octavo.reading.pieces import Piece, pieces, read_request
from octavo.reading.question import QuestionAnalysis
from octavo.reading.session import Session

_UNREACHABLE_AFTER = 3
"""So many pieces in a row that fail, after all their retries, because the server cannot be reached end the reading."""

_WORKERS = 128
"""Pieces prepared at once where the concurrency is adapted; the limiter decides how many are in flight."""


@dataclass(frozen=True, slots=True)
class ReadResult:
    """The findings of a pass over all chunks, in document order, and what was covered."""

    findings: tuple[Finding, ...]
    coverage: Coverage


@dataclass(frozen=True, slots=True)
class _Reply:
    """What a piece's reply came to. `helps` is true also where it claimed sentences that do not stand in the piece."""

    sentences: tuple[Span, ...]
    helps: bool
    confidence: float | None
    reused: bool


async def read_chunks(session: Session, analysis: QuestionAnalysis, *, keep_tokens: int = 0) -> ReadResult:
    """Show every chunk to the model. A budget that runs out skips the rest; `keep_tokens` of it stay untouched, for the
    answer. Raises `ModelError` where no call can succeed (a wrong key, a server that is gone), `LibraryError` where
    replies cannot be recorded, and `WindowTooSmall` where the question leaves no room for a chunk."""
    return await _Reading(session, analysis, keep_tokens).run()


class _Reading:
    """One pass over the chunks: workers take pieces from a shared iterator and report."""

    def __init__(self, session: Session, analysis: QuestionAnalysis, keep_tokens: int) -> None:
        self.session = session
        self.analysis = analysis
        self.keep_tokens = keep_tokens
        self.strategy: Strategy = session.options.strategy or "number"
        self.findings: list[Finding] = []
        self.coverage = Coverage(chunks=len(session.corpus.chunks))
        self.unreachable = 0
        self.unmapped = 0

    async def run(self) -> ReadResult:
        corpus = self.session.corpus
        self._require_room()
        queue = pieces(corpus, self.session.options, await self._ranks())
        workers = min(self.session.options.concurrency or _WORKERS, max(1, len(corpus.chunks)))
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(workers):
                    group.create_task(self._work(queue))
        except* OctavoError as errors:
            _raise_first(errors)
        unread = self.coverage.chunks - self.coverage.read - self.coverage.failed
        self.coverage = replace(self.coverage, skipped=unread)
        if self.unmapped:
            await self.session.warn(
                f"{self.unmapped:,} replies of the reader quote nothing that stands in their chunk; the chunks were "
                "kept as relevant"
            )
        place = {reference.id: index for index, reference in enumerate(corpus.documents)}
        self.findings.sort(key=lambda finding: (place[finding.chunk.document_id], finding.chunk.index))
        return ReadResult(tuple(self.findings), self.coverage)

    async def _ranks(self) -> Mapping[Chunk, int] | None:
        """Under a budget, what BM25 ranks highest is read first, so that the best answer so far is a good one."""
        budget = self.session.budget
        if budget.tokens is None and budget.seconds is None:
            return None
        corpus = self.session.corpus
        hits = await asyncio.to_thread(corpus.search, self.analysis.search_text, len(corpus.chunks))
        return {hit.chunk: rank for rank, hit in enumerate(hits)}

    def _require_room(self) -> None:
        """Refuse a question that leaves no room for a chunk, before any call."""
        fixed = prompts.read(self.strategy, "", "", self.analysis.question)
        reply_tokens = self.session.options.reply_tokens or pointing.reply_tokens(self.strategy)
        left = self.session.room(fixed, reply_tokens)
        # A chunk that does not fit whole is read in halves; a quarter of one must fit.
        needed = self.session.options.chunk_tokens // 4 + 64
        if left < needed:
            raise WindowTooSmall(
                f"the question leaves {max(left, 0):,} tokens of the window of {self.session.window:,} for a chunk, "
                f"which needs {needed:,}: shorten the question by {needed - left:,} tokens or use a larger --window",
                missing=needed - left,
            )

    async def _work(self, queue: Iterator[Piece]) -> None:
        for piece in queue:
            if self.session.budget_exhausted:
                return
            try:
                reply = await self._ask(piece)
            except BudgetExhausted:
                self.session.budget_exhausted = True
                return
            except (ModelError, WindowTooSmall, SourceError) as error:
                self.session.raise_if_fatal(error)
                self._raise_if_gone(error)
                await self._report_failed(piece, error)
            else:
                if not reply.reused:
                    self.unreachable = 0
                await self._report_read(piece, reply)
                await asyncio.sleep(0)  # a reading that is all in the ledger must not hold up the loop

    def _raise_if_gone(self, error: OctavoError) -> None:
        if isinstance(error, ModelUnavailable):
            self.unreachable += 1
            if self.unreachable >= _UNREACHABLE_AFTER:
                raise error

    async def _report_failed(self, piece: Piece, error: OctavoError) -> None:
        for chunk in piece.chunks:
            self.coverage = replace(self.coverage, failed=self.coverage.failed + 1)
            await self.session.emit(ChunkFailed(piece.document.ref, chunk.index, str(error), self.coverage))

    async def _report_read(self, piece: Piece, reply: _Reply) -> None:
        unmapped = reply.helps and not reply.sentences
        self.unmapped += unmapped
        for chunk in piece.chunks:
            sentences = tuple(sentence for sentence in reply.sentences if sentence.overlaps(chunk.span))
            finding = Finding(chunk, sentences, reply.confidence) if sentences or unmapped else None
            if finding:
                self.findings.append(finding)
            self.coverage = replace(
                self.coverage,
                read=self.coverage.read + 1,
                relevant=self.coverage.relevant + (finding is not None),
            )
            await self.session.emit(
                ChunkRead(piece.document.ref, chunk.index, chunk.tokens, finding, self.coverage, reply.reused)
            )

    # --- one piece --------------------------------------------------------------------------------------------------

    async def _ask(self, piece: Piece) -> _Reply:
        if not piece.sentences:  # nothing but white space
            return _Reply((), helps=False, confidence=None, reused=True)
        request = read_request(
            piece, self.analysis.question, self.strategy, reply_tokens=self.session.options.reply_tokens
        )
        if not self.session.fits(request):
            return await self._ask_halves(piece)
        try:
            completion = await self.session.complete(
                request, documents=(piece.document.id,), keep=self.keep_tokens, reading=True
            )
            return self._understood(completion, piece)
        except WindowExceeded:
            return await self._ask_halves(piece)
        except InvalidReply:
            # The one piece is asked again, for another draw of the reply.
            again = replace(request, temperature=0.3, seed=1, replicate=1)
            completion = await self.session.complete(
                again, documents=(piece.document.id,), keep=self.keep_tokens, reading=True
            )
            return self._understood(completion, piece)

    def _understood(self, completion: Completion, piece: Piece) -> _Reply:
        pointed = pointing.understand(self.strategy, completion, piece.document.text, piece.sentences)
        threshold = self.session.options.threshold
        if threshold is None or pointed.confidence is None:
            helps = bool(pointed.sentences) or pointed.dropped > 0
            sentences = pointed.sentences
        else:
            helps = pointed.confidence >= threshold
            sentences = (pointed.sentences or piece.sentences) if helps else ()
        return _Reply(sentences, helps, pointed.confidence, completion.reused)

    async def _ask_halves(self, piece: Piece) -> _Reply:
        """Read a piece that does not fit the window in two halves."""
        replies = [await self._ask(replace(piece, sentences=half)) for half in _halves(piece.sentences)]
        known = [reply.confidence for reply in replies if reply.confidence is not None]
        return _Reply(
            tuple(sentence for reply in replies for sentence in reply.sentences),
            helps=any(reply.helps for reply in replies),
            confidence=max(known, default=None),
            reused=all(reply.reused for reply in replies),
        )


def _halves(sentences: tuple[Span, ...]) -> tuple[tuple[Span, ...], tuple[Span, ...]]:
    middle = len(sentences) // 2
    if middle:
        return sentences[:middle], sentences[middle:]
    (sentence,) = sentences
    if len(sentence) < 2:
        raise WindowTooSmall("the question leaves no room for a passage: use a larger --window", missing=1)
    inside = (sentence.start + sentence.end) // 2
    return (Span(sentence.start, inside),), (Span(inside, sentence.end),)


def _raise_first(errors: BaseExceptionGroup[OctavoError]) -> NoReturn:
    error: BaseException = errors
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    raise error from None
