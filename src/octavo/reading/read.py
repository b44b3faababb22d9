"""Level 2, `read`: every chunk is shown to the model, in parallel, and what helps is kept.

The chunks are put to the model in pieces (one chunk, or several neighbouring ones), each with its document's name and
section, before the question. The reply points at sentences, which code maps to exact spans; the findings are the search
query that, with the chunks they came from, ranks what the answering model will be shown.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from octavo.documents.chunks import Chunk
from octavo.documents.document import Document, Span
from octavo.documents.sentences import sentence_spans
from octavo.errors import BudgetExhausted, InvalidReply, ModelError, ModelUnavailable, WindowExceeded, WindowTooSmall
from octavo.library.corpus import Corpus
from octavo.models.chat import Completion, Request
from octavo.reading import pointing, prompts
from octavo.reading.answer import Coverage, Finding
from octavo.reading.events import ChunkFailed, ChunkRead
from octavo.reading.options import ReadingOptions, Strategy
from octavo.reading.question import QuestionAnalysis
from octavo.reading.session import Session
from octavo.retrieval.fusion import reciprocal_rank_fusion

_UNREACHABLE_AFTER = 3
"""So many chunks that fail because the server cannot be reached, before any is read, end the reading."""

_WORKERS = 128
"""Pieces prepared at once where the concurrency is adapted; the limiter decides how many are in flight."""


@dataclass(frozen=True, slots=True)
class Piece:
    """What one call reads: neighbouring chunks of a document, as sentences."""

    chunks: tuple[Chunk, ...]
    sentences: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class ReadResult:
    """The findings of a pass over all chunks, in document order, and what was covered."""

    findings: tuple[Finding, ...]
    coverage: Coverage


# --- pieces and their requests --------------------------------------------------------------------------------------


def pieces(corpus: Corpus, options: ReadingOptions, order: Sequence[Chunk] | None = None) -> Iterator[Piece]:
    """The pieces that a full reading consists of, in document order or in the `order` given."""
    most = options.read_tokens or 0
    group: list[Chunk] = []
    for chunk in order if order is not None else corpus.chunks:
        follows = group and group[-1].document_id == chunk.document_id and group[-1].span.end == chunk.span.start
        if group and not (follows and sum(c.tokens for c in group) + chunk.tokens <= most):
            yield _piece(corpus, group)
            group = []
        group.append(chunk)
    if group:
        yield _piece(corpus, group)


def _piece(corpus: Corpus, chunks: Sequence[Chunk]) -> Piece:
    text = corpus.document(chunks[0].document_id).text
    sentences = [
        sentence for chunk in chunks for sentence in sentence_spans(text, chunk.span) if sentence.of(text).strip()
    ]
    return Piece(tuple(chunks), tuple(sentences))


def read_request(document: Document, piece: Piece, information: str, strategy: Strategy) -> Request:
    """The call that reads `piece` for `information`."""
    middle = (piece.sentences[0].start + piece.sentences[-1].end) // 2
    place = prompts.place(document.name, document.section_path(middle))
    passage = pointing.show(strategy, document.text, piece.sentences)
    return Request(
        prompts.read(strategy, place, passage, information),
        max_tokens=pointing.reply_tokens(strategy),
        schema=pointing.reply_schema(strategy, len(piece.sentences)),
        logprobs=True,
    )


# --- reading --------------------------------------------------------------------------------------------------------


async def read_chunks(session: Session, analysis: QuestionAnalysis, *, keep_tokens: int = 0) -> ReadResult:
    """Show every chunk to the model. A chunk that fails is reported and costs itself; a budget that runs out skips the
    rest. `keep_tokens` of the budget stay untouched, for the answer. Raises `ModelError` only where no call can
    succeed, and `WindowTooSmall` where the question leaves no room for a chunk."""
    return await _Reading(session, analysis, keep_tokens).run()


class _Reading:
    """One pass over the chunks: workers take pieces from a shared iterator and report."""

    def __init__(self, session: Session, analysis: QuestionAnalysis, keep_tokens: int) -> None:
        self.session = session
        self.analysis = analysis
        self.keep_tokens = keep_tokens
        strategy = session.options.strategy
        assert strategy is not None, "options are filled in by for_model"
        self.strategy: Strategy = strategy
        self.findings: list[Finding] = []
        self.coverage = Coverage(chunks=len(session.corpus.chunks))
        self.unreachable = 0

    async def run(self) -> ReadResult:
        corpus = self.session.corpus
        self._require_room()
        queue = pieces(corpus, self.session.options, self._order())
        workers = min(self.session.options.concurrency or _WORKERS, max(1, len(corpus.chunks)))
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(workers):
                    group.create_task(self._work(queue))
        except* (ModelError, WindowTooSmall) as errors:
            raise _first(errors) from None
        unread = self.coverage.chunks - self.coverage.read - self.coverage.failed
        self.coverage = replace(self.coverage, skipped=unread)
        place = {reference.id: index for index, reference in enumerate(corpus.documents)}
        self.findings.sort(key=lambda finding: (place[finding.chunk.document_id], finding.chunk.index))
        return ReadResult(tuple(self.findings), self.coverage)

    def _order(self) -> Sequence[Chunk] | None:
        """Under a budget, what BM25 ranks highest is read first, so that the best answer so far is a good one."""
        budget = self.session.budget
        if budget.tokens is None and budget.seconds is None:
            return None
        corpus = self.session.corpus
        hits = corpus.search(self.analysis.search_text, len(corpus.chunks))
        first = {hit.chunk: None for hit in hits}
        return [*first, *(chunk for chunk in corpus.chunks if chunk not in first)]

    def _require_room(self) -> None:
        """Refuse a question that leaves no room for a chunk, before any call."""
        fixed = prompts.read(self.strategy, "", "", self.analysis.information)
        left = self.session.room(fixed, pointing.reply_tokens(self.strategy))
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
                await self._read(piece)
            except BudgetExhausted:
                self.session.budget_exhausted = True
                return
            except (ModelError, WindowTooSmall) as error:
                self.session.raise_if_fatal(error)
                self._note_unreachable(error)
                for chunk in piece.chunks:
                    self.coverage = replace(self.coverage, failed=self.coverage.failed + 1)
                    await self.session.emit(
                        ChunkFailed(self._document(chunk).ref, chunk.index, str(error), self.coverage)
                    )

    def _note_unreachable(self, error: Exception) -> None:
        if isinstance(error, ModelUnavailable) and self.coverage.read == 0:
            self.unreachable += 1
            if self.unreachable >= _UNREACHABLE_AFTER:
                raise error

    async def _read(self, piece: Piece) -> None:
        found, confidence, reused = await self._ask(piece)
        for chunk in piece.chunks:
            sentences = tuple(s for s in found if s.overlaps(chunk.span))
            finding = Finding(chunk, sentences, confidence) if sentences else None
            if finding:
                self.findings.append(finding)
            self.coverage = replace(
                self.coverage,
                read=self.coverage.read + 1,
                relevant=self.coverage.relevant + (finding is not None),
            )
            document = self._document(chunk).ref
            await self.session.emit(ChunkRead(document, chunk.index, chunk.tokens, finding, self.coverage, reused))

    async def _ask(self, piece: Piece) -> tuple[tuple[Span, ...], float | None, bool]:
        """The sentences that help, the confidence, and whether the ledger had the reply."""
        if not piece.sentences:  # nothing but white space
            return (), None, True
        document = self._document(piece.chunks[0])
        request = read_request(document, piece, self.analysis.information, self.strategy)
        if not self.session.fits(request):
            return await self._ask_halves(piece)
        try:
            completion = await self._complete(request, document)
            pointed = pointing.understand(self.strategy, completion, document.text, piece.sentences)
        except WindowExceeded:
            return await self._ask_halves(piece)
        except InvalidReply:
            # The one chunk is asked again, for another draw of the same reply.
            again = replace(request, temperature=0.3, seed=1, replicate=1)
            completion = await self._complete(again, document)
            pointed = pointing.understand(self.strategy, completion, document.text, piece.sentences)
        sentences = self._judge(pointed, piece)
        return sentences, pointed.confidence, completion.reused

    async def _complete(self, request: Request, document: Document) -> Completion:
        return await self.session.complete(request, documents=(document.id,), keep=self.keep_tokens, reading=True)

    def _judge(self, pointed: pointing.Pointing, piece: Piece) -> tuple[Span, ...]:
        threshold = self.session.options.threshold
        if threshold is None or pointed.confidence is None:
            return pointed.sentences
        if pointed.confidence < threshold:
            return ()
        return pointed.sentences or piece.sentences

    async def _ask_halves(self, piece: Piece) -> tuple[tuple[Span, ...], float | None, bool]:
        """Read a piece that does not fit the window in two halves."""
        half = len(piece.sentences) // 2
        if half:
            parts = (piece.sentences[:half], piece.sentences[half:])
        else:
            (sentence,) = piece.sentences
            if len(sentence) < 2:
                raise WindowTooSmall("the question leaves no room for a passage", missing=1)
            middle = (sentence.start + sentence.end) // 2
            parts = ((Span(sentence.start, middle),), (Span(middle, sentence.end),))
        found: list[Span] = []
        confidences = []
        all_reused = True
        for part in parts:
            sentences, confidence, reused = await self._ask(Piece(piece.chunks, part))
            found.extend(sentences)
            confidences.append(confidence)
            all_reused = all_reused and reused
        known = [confidence for confidence in confidences if confidence is not None]
        return tuple(found), max(known, default=None), all_reused

    def _document(self, chunk: Chunk) -> Document:
        return self.session.corpus.document(chunk.document_id)


def _first(errors: BaseExceptionGroup[BaseException]) -> BaseException:
    error: BaseException = errors
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


# --- from findings to a ranking -------------------------------------------------------------------------------------

_FINDINGS_IN_QUERY = 32
_FOUND_WEIGHT = 3.0
_FINDINGS_QUERY_WEIGHT = 1.0
_QUESTION_WEIGHT = 1.0


def rank_findings(
    corpus: Corpus, findings: Sequence[Finding], analysis: QuestionAnalysis, *, limit: int
) -> list[Chunk]:
    """The chunks to pack, best first: those found fused with what BM25 finds for the findings' own words and for the
    question. The found are ordered by the reader's confidence and by BM25 for the question together, since a weak
    reader finds more than any window holds and is no more certain where it is right."""
    by_question = [hit.chunk for hit in corpus.search(analysis.search_text, len(corpus.chunks))]
    finding_of = {finding.chunk: finding for finding in findings}
    by_confidence = sorted(finding_of, key=lambda chunk: -(finding_of[chunk].confidence or 0.0))
    found_by_question = [chunk for chunk in by_question if chunk in finding_of]
    found = [finding_of[chunk] for chunk in reciprocal_rank_fusion([found_by_question, by_confidence])]
    query = " ".join(
        sentence.of(corpus.document(finding.chunk.document_id).text)
        for finding in found[:_FINDINGS_IN_QUERY]
        for sentence in finding.sentences
    )
    by_findings = [hit.chunk for hit in corpus.search(query, limit)]
    return reciprocal_rank_fusion(
        [[finding.chunk for finding in found], by_findings, by_question[:limit]],
        weights=[_FOUND_WEIGHT, _FINDINGS_QUERY_WEIGHT, _QUESTION_WEIGHT],
    )[:limit]
