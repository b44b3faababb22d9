"""Level 2, `read`: every chunk is shown to the model, in parallel, and what helps is kept.

Pieces (`pieces.py`) go to the model before the question, or before several, which then share one prompt; the reply
points at sentences, which code maps to exact spans (`pointing.py`). A chunk that fails is reported and costs itself;
nothing is left out silently.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile

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
from octavo.library.corpus import Corpus
from octavo.models.chat import Completion, Request
from octavo.reading import pointing, pointing_many, prompts
from octavo.reading.answer import Coverage, Finding
from octavo.reading.events import ChunkFailed, ChunkRead
from octavo.reading.options import Strategy
from octavo.reading.pieces import Piece, pieces, read_request
from octavo.reading.question import QuestionAnalysis
from octavo.reading.session import Session
from octavo.reading.workers import work_through

_UNREACHABLE_AFTER = 3
"""So many pieces in a row that fail, after all their retries, because the server cannot be reached end the reading."""

_WORKERS = 128
"""Pieces prepared at once where the concurrency is adapted; the limiter decides how many are in flight."""


@dataclass(frozen=True, slots=True)
class ReadResult:
    """The findings of a pass over all chunks, in document order, and what was covered."""

    findings: tuple[Finding, ...]
    coverage: Coverage

    def about(self, question: str) -> ReadResult:
        """What was found for one of the questions."""
        findings = tuple(finding for finding in self.findings if finding.question == question)
        return ReadResult(findings, replace(self.coverage, relevant=len(findings)))


@dataclass(frozen=True, slots=True)
class _Reply:
    """What a piece's reply came to for one question. `helps` is true also where it claimed sentences that do not stand
    in the piece."""

    sentences: tuple[Span, ...]
    helps: bool
    confidence: float | None
    reused: bool


async def read_chunks(
    session: Session, analyses: Sequence[QuestionAnalysis], *, notes: str = "", keep_tokens: int = 0
) -> ReadResult:
    """Show every chunk to the model, once for all questions (in groups of the option `questions_at_once`), with `notes`
    from other passages. A budget that runs out skips the rest; `keep_tokens` of it stay untouched, for the answer.

    Raises `ModelError` where no call can succeed (a wrong key, a server that is gone), `LibraryError` where replies
    cannot be recorded, and `WindowTooSmall` where a question leaves no room for a chunk.
    """
    return await _Reading(session, analyses, notes, keep_tokens).run()


def in_document_order(corpus: Corpus, findings: Iterable[Finding], questions: Sequence[str]) -> tuple[Finding, ...]:
    """The findings as their chunks stand in the corpus; those of one chunk as the questions stand in the list."""
    place = {reference.id: index for index, reference in enumerate(corpus.documents)}
    asked = {question: index for index, question in enumerate(questions)}
    return tuple(sorted(findings, key=lambda f: (place[f.chunk.document_id], f.chunk.index, asked[f.question])))


def spare_room(session: Session, questions: Sequence[str], notes: str) -> int:
    """Tokens that the longest of the questions leaves, with `notes`, beyond what a chunk needs; negative where a chunk
    has no room."""
    strategy: Strategy = session.options.strategy or "number"
    reply_tokens = pointing_many.reply_tokens(strategy, 1, each=session.options.reply_tokens)
    prompted = (prompts.read(strategy, "", "", [question], notes) for question in questions)
    return min(session.room(messages, reply_tokens) for messages in prompted) - _least_room(session)


def _least_room(session: Session) -> int:
    """A chunk that does not fit whole is read in halves; a quarter of one must fit."""
    return session.options.chunk_tokens // 4 + 64


class _Reading:
    """One pass over the chunks: workers take pieces from a shared iterator and report."""

    def __init__(self, session: Session, analyses: Sequence[QuestionAnalysis], notes: str, keep_tokens: int) -> None:
        self.session = session
        self.search_text = " ".join(analysis.search_text for analysis in analyses)
        self.questions = tuple(dict.fromkeys(analysis.question for analysis in analyses))
        self.notes = notes
        self.keep_tokens = keep_tokens
        self.strategy: Strategy = session.options.strategy or "number"
        self.findings: list[Finding] = []
        self.coverage = Coverage(chunks=len(session.corpus.chunks))
        self.replied = 0
        self.unreachable = 0
        self.unmapped = 0

    async def run(self) -> ReadResult:
        corpus = self.session.corpus
        self._require_room()
        queue = pieces(corpus, self.session.options, await self._ranks())
        affordable = takewhile(lambda _: not self.session.budget_exhausted, queue)
        workers = min(self.session.options.concurrency or _WORKERS, max(1, len(corpus.chunks)))
        await work_through(affordable, self._read, workers)
        unread = self.coverage.chunks - self.coverage.read - self.coverage.failed
        self.coverage = replace(self.coverage, skipped=unread)
        if self.unmapped:
            await self.session.warn(
                f"{self.unmapped:,} replies of the reader quote nothing that stands in their chunk; the chunks were "
                "kept as relevant"
            )
        findings = in_document_order(corpus, self.findings, self.questions)
        return ReadResult(findings, self.coverage)

    async def _ranks(self) -> Mapping[Chunk, int] | None:
        """Under a budget, what BM25 ranks highest is read first, so that the best answer so far is a good one."""
        budget = self.session.budget
        if budget.tokens is None and budget.seconds is None:
            return None
        corpus = self.session.corpus
        hits = await asyncio.to_thread(corpus.search, self.search_text, len(corpus.chunks))
        return {hit.chunk: rank for rank, hit in enumerate(hits)}

    def _require_room(self) -> None:
        """Refuse a question that leaves no room for a chunk, before any call."""
        spare = spare_room(self.session, self.questions, self.notes)
        if spare < 0:
            needed = _least_room(self.session)
            raise WindowTooSmall(
                f"the question leaves {max(needed + spare, 0):,} tokens of the window of {self.session.window:,} for a "
                f"chunk, which needs {needed:,}: shorten the question by {-spare:,} tokens or use a larger --window",
                missing=-spare,
            )

    async def _read(self, piece: Piece) -> None:
        replied_before = self.replied
        try:
            replies = await self._replies(piece)
        except BudgetExhausted:
            self.session.budget_exhausted = True
        except (ModelError, WindowTooSmall, SourceError) as error:
            self.session.raise_if_fatal(error)
            self._raise_if_gone(error, replied_before)
            await self._report_failed(piece, error)
        else:
            if not all(reply.reused for reply in replies):
                self.replied += 1
                self.unreachable = 0
            await self._report_read(piece, replies)

    def _raise_if_gone(self, error: OctavoError, replied_before: int) -> None:
        """A server that has replied to other pieces since this one began is there: the failure is about the piece."""
        if isinstance(error, ModelUnavailable) and self.replied == replied_before:
            self.unreachable += 1
            if self.unreachable >= _UNREACHABLE_AFTER:
                raise error

    async def _report_failed(self, piece: Piece, error: OctavoError) -> None:
        for chunk in piece.chunks:
            self.coverage = replace(self.coverage, failed=self.coverage.failed + 1)
            await self.session.emit(ChunkFailed(piece.document.ref, chunk.index, str(error), self.coverage))

    async def _report_read(self, piece: Piece, replies: Sequence[_Reply]) -> None:
        self.unmapped += sum(reply.helps and not reply.sentences for reply in replies)
        reused = all(reply.reused for reply in replies)
        for chunk in piece.chunks:
            findings = tuple(self._findings(chunk, replies))
            self.findings.extend(findings)
            self.coverage = replace(
                self.coverage, read=self.coverage.read + 1, relevant=self.coverage.relevant + bool(findings)
            )
            await self.session.emit(
                ChunkRead(piece.document.ref, chunk.index, chunk.tokens, findings, self.coverage, reused)
            )

    def _findings(self, chunk: Chunk, replies: Sequence[_Reply]) -> Iterator[Finding]:
        for question, reply in zip(self.questions, replies, strict=True):
            sentences = tuple(sentence for sentence in reply.sentences if sentence.overlaps(chunk.span))
            if sentences or (reply.helps and not reply.sentences):
                yield Finding(question, chunk, sentences, reply.confidence)

    # --- one piece --------------------------------------------------------------------------------------------------

    async def _replies(self, piece: Piece) -> list[_Reply]:
        """One reply for each question, in order."""
        most = self.session.options.questions_at_once or 1
        replies: dict[str, _Reply] = {}
        for start in range(0, len(self.questions), most):
            for group in self._groups(piece, self.questions[start : start + most]):
                # One group after the other: the next finds the passage in the server's prefix cache.
                replies |= zip(group, await self._ask(piece, group), strict=True)
        return [replies[question] for question in self.questions]

    def _groups(self, piece: Piece, questions: Sequence[str]) -> Iterator[Sequence[str]]:
        """All questions together, unless the ledger knows the replies to some that were asked alone."""
        if len(questions) == 1 or not piece.sentences or self._recorded(piece, questions):
            yield questions
            return
        known = [question for question in questions if self._recorded(piece, [question])]
        yield from ([question] for question in known)
        if new := [question for question in questions if question not in known]:
            yield new

    def _recorded(self, piece: Piece, questions: Sequence[str]) -> bool:
        return self.session.calls.recorded(self._request(piece, questions))

    def _request(self, piece: Piece, questions: Sequence[str]) -> Request:
        return read_request(
            piece, questions, self.strategy, notes=self.notes, reply_tokens=self.session.options.reply_tokens
        )

    async def _ask(self, piece: Piece, questions: Sequence[str]) -> list[_Reply]:
        if not piece.sentences:  # nothing but white space
            return [_Reply((), helps=False, confidence=None, reused=True)] * len(questions)
        request = self._request(piece, questions)
        if not self.session.fits(request):
            return await self._ask_less(piece, questions)
        try:
            return await self._asked(request, piece, questions)
        except WindowExceeded:
            return await self._ask_less(piece, questions)
        except InvalidReply:
            if len(questions) > 1:
                return await self._ask_less(piece, questions)
            # The one piece is asked again, for another draw of the reply.
            again = replace(request, temperature=0.3, seed=1, replicate=1)
            return await self._asked(again, piece, questions)

    async def _asked(self, request: Request, piece: Piece, questions: Sequence[str]) -> list[_Reply]:
        completion = await self.session.complete(
            request, documents=(piece.document.id,), keep=self.keep_tokens, reading=True
        )
        parts = pointing_many.replies(
            self.strategy, completion, sentences=len(piece.sentences), questions=len(questions)
        )
        return [self._understood(part, piece) for part in parts]

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

    async def _ask_less(self, piece: Piece, questions: Sequence[str]) -> list[_Reply]:
        """Ask what was too much for one call in two: half of the questions, or one question of half of the piece."""
        if len(questions) > 1:
            middle = len(questions) // 2
            return [*await self._ask(piece, questions[:middle]), *await self._ask(piece, questions[middle:])]
        first, second = [
            await self._ask(replace(piece, sentences=half), questions) for half in _halves(piece.sentences)
        ]
        return [_joined(*replies) for replies in zip(first, second, strict=True)]


def _joined(*replies: _Reply) -> _Reply:
    """The replies to the parts of a piece as one."""
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
