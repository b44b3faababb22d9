"""The answer is written from passages that fit the window, and streamed sentence by sentence as it is verified."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from octavo.documents.chunks import Chunk
from octavo.errors import BudgetExhausted, InvalidReply, ModelError, WindowExceeded, WindowTooSmall
from octavo.models.chat import Completion, Request
from octavo.models.structured import parse_reply
from octavo.reading import prompts
from octavo.reading.answer import Citation, Support
from octavo.reading.citations import Sources
from octavo.reading.citing import CitingStream
from octavo.reading.events import AnswerDelta, PassagesPacked
from octavo.reading.packing import Packing, pack
from octavo.reading.question import QuestionAnalysis
from octavo.reading.session import Session

_SMALLER = 0.7
"""After a window error of the server, passages are packed into this share of the room."""

_SHRINKS = 4
_LEAST_ROOM = 128


@dataclass(frozen=True, slots=True)
class Written:
    """What the answering model wrote, with markers renumbered in order of appearance.

    `refused` says that it wrote the word for "not found"; where it wrote nothing at all, `text` is empty without that.
    `cut` says that a budget ended it.
    """

    text: str
    refused: bool
    citations: tuple[Citation, ...]
    packing: Packing
    cut: bool = False


Packer = Callable[[int], Packing]
"""Gives the passages that so many tokens hold; each level has its own way."""


def packer_of(session: Session, ranked: Sequence[Chunk]) -> Packer:
    """Packs the best of `ranked` (best first), as this session's model is shown passages."""
    return lambda room: pack(
        session.corpus, ranked, room, session.model.tokenizer.count, numbered=session.options.cite is not False
    )


def answer_room(session: Session, analysis: QuestionAnalysis) -> int:
    """Tokens that the window leaves for passages, limited by the option `fill`. Raises `WindowTooSmall`."""
    empty = answer_request(session, analysis, Packing((), "", ()))
    room = session.room(empty.messages, empty.max_tokens)
    if room < _LEAST_ROOM:
        missing = _LEAST_ROOM - room
        raise WindowTooSmall(
            f"question and answer leave no room for passages in the window of {session.window:,} tokens: shorten the "
            f"question by {missing:,} tokens, lower --answer-tokens, or use a larger --window",
            missing=missing,
        )
    return min(room, session.options.fill or room)


def affordable_room(session: Session, analysis: QuestionAnalysis) -> int:
    """The room that what is left of the budget pays for. Raises `BudgetExhausted` and `WindowTooSmall`."""
    room = answer_room(session, analysis)
    left = session.tokens_left()
    if left is None:
        return room
    empty = answer_request(session, analysis, Packing((), "", ()))
    affordable = left - session.model.measure(empty.messages) - empty.max_tokens
    if affordable < _LEAST_ROOM:
        raise BudgetExhausted(f"the {max(left, 0):,} tokens left of the budget do not pay for an answer")
    return min(room, affordable)


def answer_request(session: Session, analysis: QuestionAnalysis, packing: Packing) -> Request:
    """The call that answers."""
    cite = session.options.cite is not False
    return Request(
        prompts.answer(packing.text, analysis.question, analysis.language, cite=cite),
        max_tokens=session.options.answer_tokens or 0,
        # A very small model writes its one sentence again and again, a line each.
        stop=() if cite else ("\n",),
    )


async def fit(session: Session, analysis: QuestionAnalysis, packer: Packer, room: int) -> tuple[Packing, Request]:
    """Pack, and measure the whole prompt once more: joined texts may have a few tokens more than their parts. Raises
    `WindowTooSmall` where no passage fits: a model is never asked without any."""
    while True:
        packing = await asyncio.to_thread(packer, room)
        if not packing.passages:
            raise WindowTooSmall(
                f"no passage fits the {max(room, 0):,} tokens that are left for them: raise --fill, --window or the "
                "budget, or lower --chunk-tokens",
                missing=max(1, session.options.chunk_tokens - room),
            )
        request = answer_request(session, analysis, packing)
        over = session.model.measure(request.messages) + request.max_tokens - session.window
        if over <= 0:
            return packing, request
        room -= max(over, 16)


async def is_sufficient(session: Session, analysis: QuestionAnalysis, packing: Packing, *, keep: int) -> bool:
    """The model's own verdict on whether the passages hold what is needed; its prompt begins as the answering one does,
    so a prefix cache makes it cheap. Without a usable verdict: not sufficient. Raises `BudgetExhausted` where `keep`
    tokens would not be left of the budget."""
    request = Request(
        prompts.sufficient(packing.text, analysis.question), max_tokens=16, schema=prompts.SUFFICIENT_SCHEMA
    )
    if not session.fits(request):
        return False
    try:
        completion = await session.complete(request, documents=_documents(packing), keep=keep)
        return bool(parse_reply(completion.text, prompts.SUFFICIENT_SCHEMA)["sufficient"])
    except (InvalidReply, ModelError) as error:
        session.raise_if_fatal(error)
        return False


async def write_answer(session: Session, analysis: QuestionAnalysis, packer: Packer) -> Written:
    """Pack, ask, and stream the answer with verified citations. A window error of the server is answered by packing
    smaller. Raises `ModelError`, or `BudgetExhausted` where not even the answering call can be paid."""
    room = answer_room(session, analysis)
    packing, request = await fit(session, analysis, packer, room)
    if not session.calls.recorded(request):  # what is recorded costs nothing, whatever is left of the budget
        room = affordable_room(session, analysis)
    for _ in range(_SHRINKS):
        try:
            packing, request = await fit(session, analysis, packer, room)
        except WindowTooSmall:
            if room == answer_room(session, analysis):
                raise
            raise BudgetExhausted("what is left of the budget pays for no passage") from None
        await session.emit(PassagesPacked(packing.passages, session.model.measure(request.messages), session.window))
        try:
            return await _write(session, packing, request, analysis)
        except WindowExceeded as error:
            await session.warn(f"packed smaller: {error}")
            room = int(room * _SMALLER)
    raise WindowTooSmall(
        f"the server refuses even {room:,} tokens of passages as too long: its window is smaller than the "
        f"{session.window:,} tokens that it announced; pass --window",
        missing=1,
    )


async def _write(session: Session, packing: Packing, request: Request, analysis: QuestionAnalysis) -> Written:
    sources = Sources(session.corpus, packing.passages)
    stream = CitingStream(sources, attribute=session.options.attribute)
    cut = False
    try:
        async for piece in session.stream(request, documents=_documents(packing)):
            if isinstance(piece, Completion):
                if piece.finish_reason == "length":
                    await session.warn(f"the answer was cut at {request.max_tokens:,} tokens; raise --answer-tokens")
            else:
                await _emit(session, stream.feed(piece))
    except BudgetExhausted:
        if stream.empty:
            raise
        cut = True
    await _emit(session, stream.finish())
    await _warn(session, stream, sources, analysis.question)
    if session.options.support == "model":
        citations = await _judged(session, stream)
    else:
        citations = tuple(cited.citation for cited in stream.cited)
    for citation in citations:
        if citation.support == "unsupported":
            await session.warn(f"{citation.marker} does not bear out the sentence that cites it")
    return Written(stream.text.strip(), stream.not_found, citations, packing, cut)


async def _warn(session: Session, stream: CitingStream, sources: Sources, question: str) -> None:
    if stream.dropped:
        await session.warn(f"{stream.dropped} citations pointed at no passage and were dropped")
    for quote in sources.unknown_quotations(stream.text, question):
        await session.warn(f'the answer puts in quotation marks what the documents do not say: "{quote}"')
    if not stream.text.strip() and not stream.not_found:
        await session.warn("the model wrote no answer")


async def _emit(session: Session, text: str) -> None:
    if text:
        await session.emit(AnswerDelta(text))


async def _judged(session: Session, stream: CitingStream) -> tuple[Citation, ...]:
    """The citations with the model's verdict on each in place of the lexical one."""
    judged = []
    for cited in stream.cited:
        citation = cited.citation
        request = Request(
            prompts.support(citation.quote, cited.statement), max_tokens=16, schema=prompts.SUPPORT_SCHEMA
        )
        verdict: Support = "unchecked"
        if session.fits(request):
            try:
                completion = await session.complete(request, documents=(citation.document.id,))
                reply = parse_reply(completion.text, prompts.SUPPORT_SCHEMA)
                verdict = "supported" if reply["supported"] else "unsupported"
            except (InvalidReply, ModelError, BudgetExhausted):
                verdict = "unchecked"
        judged.append(replace(citation, support=verdict))
    return tuple(judged)


def _documents(packing: Packing) -> tuple[str, ...]:
    return tuple(dict.fromkeys(passage.document.id for passage in packing.passages))
