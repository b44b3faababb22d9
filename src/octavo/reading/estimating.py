"""The price of a reading before it is paid: the same requests are built, looked up in the ledger and measured.

Makes no call.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace

from octavo.errors import UsageError
from octavo.models.chat import Completion, Request, TokenUsage
from octavo.models.ledger import Ledger
from octavo.reading.analysing import analysis_request, recorded_analysis
from octavo.reading.answer import Level
from octavo.reading.answering import answer_request, answer_room, fit, packer_of
from octavo.reading.levels import RANKED, require_whole, whole_fits, whole_packer
from octavo.reading.options import Estimate, LevelChoice
from octavo.reading.pieces import pieces, read_request
from octavo.reading.question import QuestionAnalysis
from octavo.reading.retrieve import rank_for_question
from octavo.reading.session import Session
from octavo.reading.summaries.requests import top_reply_tokens, top_room
from octavo.reading.summaries.summarizing import check_words, direct_asking, top_asking
from octavo.reading.summaries.tree import divided, grow

_MEASURED = 256
"""Of the requests that are not recorded, so many, evenly spread, are measured; the sum is scaled."""

_STAND_IN_WORDS = 0.5
"""Words of a reply that was not made, by token of the longest."""


async def estimate_reading(session: Session, question: str, level: LevelChoice, ledger: Ledger) -> Estimate:
    """The estimate for `level`; "auto" is `whole` where the documents fit, else the climb up to `read`. Where they may
    be read more than once, the figures are of one time."""
    corpus = session.corpus
    if not corpus.chunks:
        raise UsageError("there is nothing to read: name a document with text, or add one with: octavo add SOURCE")
    if level == "whole":
        require_whole(session, question)
    if level == "whole" or (level == "auto" and whole_fits(session, question)):
        plain = QuestionAnalysis.plain(question)
        packing = whole_packer(session)(answer_room(session, plain))
        return _priced(session, ledger, "whole", [answer_request(session, plain, packing)])
    requests = [analysis_request(corpus, question)] if session.options.analyse else []
    analysis = await recorded_analysis(session, question)
    if level != "retrieve":
        strategy = session.options.strategy or "number"
        shown = (piece for piece in pieces(corpus, session.options) if piece.sentences)
        longest = session.options.reply_tokens
        requests.extend(read_request(piece, [question], strategy, reply_tokens=longest) for piece in shown)
    ranked = rank_for_question(corpus, analysis, limit=RANKED)
    if not ranked and level == "retrieve":
        return _priced(session, ledger, "retrieve", requests)
    # Where no word of the question occurs, other chunks stand in for what reading may find.
    packer = packer_of(session, ranked or corpus.chunks[:RANKED])
    _, request = await fit(session, analysis, packer, answer_room(session, analysis))
    # The climb answers, or asks whether the passages suffice, once more.
    requests.extend([request] * (2 if level == "auto" else 1))
    if level == "retrieve":
        return _priced(session, ledger, "retrieve", requests)
    options = session.options
    estimate = _priced(session, ledger, "reason" if level == "reason" else "read", requests)
    climbs = level == "reason" or (level == "auto" and options.highest == "reason")
    return replace(estimate, passes=options.rounds * ((level != "reason") + (options.steps if climbs else 0)))


async def estimate_summary(session: Session, focus: str | None, words: int | None, ledger: Ledger) -> Estimate:
    """The estimate for a summary: the tree is gone through with the replies that are recorded, and stand-ins of the
    longest kind for the others."""
    focus = (focus or "").strip() or None
    check_words(session, words)
    root = await asyncio.to_thread(divided, session, focus)
    if words is not None and (asking := direct_asking(session, focus, words)):
        return _priced(session, ledger, "summarize", [asking.request])
    rehearsal = _Rehearsal.of(session)
    tree = await grow(rehearsal, root, focus)
    if words is not None:
        room = top_room(session, words, top_reply_tokens(session, words), focus)
        if top := top_asking(session, tree, focus, words, room):
            rehearsal.asked.append(top.request)
    return _priced(session, ledger, "summarize", rehearsal.asked)


@dataclass
class _Rehearsal(Session):
    """A session in which only recorded calls are made. `asked` are the requests of all."""

    asked: list[Request] = field(default_factory=list)

    @classmethod
    def of(cls, session: Session) -> _Rehearsal:
        return cls(**{part.name: getattr(session, part.name) for part in fields(session)})

    async def complete(
        self, request: Request, *, documents: Sequence[str] = (), keep: int = 0, reading: bool = False
    ) -> Completion:
        self.asked.append(request)
        if self.calls.recorded(request):
            return await super().complete(request, documents=documents, keep=keep, reading=reading)
        words = max(1, round(request.max_tokens * _STAND_IN_WORDS))
        said = " ".join(["something"] * words) + "."
        return Completion(said, "stop", TokenUsage(self.model.measure(request.messages), request.max_tokens))


def _priced(session: Session, ledger: Ledger, level: Level, requests: Sequence[Request]) -> Estimate:
    new = [request for request in requests if not session.calls.recorded(request)]
    sample = new[:: max(1, len(new) // _MEASURED)]
    measured = sum(session.model.measure(request.messages) for request in sample)
    prompt_tokens = round(measured * len(new) / len(sample)) if sample else 0
    chunks = session.corpus.chunks
    speed = ledger.speed(session.model.fingerprint)
    return Estimate(
        level=level,
        chunks=len(chunks),
        document_tokens=sum(chunk.tokens for chunk in chunks),
        calls=len(requests),
        reused_calls=len(requests) - len(new),
        prompt_tokens=prompt_tokens,
        completion_tokens=sum(request.max_tokens for request in new),
        seconds=prompt_tokens / speed.prompt_rate if speed and speed.prompt_rate else None,
    )
