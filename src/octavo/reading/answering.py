"""The answer is written from passages that fit the window, and streamed sentence by sentence as it is verified."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from octavo.documents.chunks import Chunk
from octavo.errors import (
    BudgetExhausted,
    InvalidReply,
    ModelError,
    ModelUnavailable,
    RequestRejected,
    WindowExceeded,
    WindowTooSmall,
)
from octavo.models.chat import Request
from octavo.models.structured import parse_reply
from octavo.reading import prompts
from octavo.reading.answer import Citation
from octavo.reading.citations import Sources
from octavo.reading.citing import CitingStream
from octavo.reading.events import PassagesPacked
from octavo.reading.packing import Packing, pack
from octavo.reading.question import QuestionAnalysis
from octavo.reading.session import Session
from octavo.reading.streaming import judged_citations, stream_cited

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


def notes_room(session: Session, analysis: QuestionAnalysis, share: float) -> int:
    """Tokens that notes may take in the answering prompt: this share of the window, as far as half of what the question
    leaves, and the least that passages need, are kept for these. Not above 0 where there is no room for notes."""
    empty = answer_request(session, replace(analysis, notes="-"), Packing((), "", ()))
    room = session.room(empty.messages, empty.max_tokens)
    return min(round(session.window * share), room // 2, room - _LEAST_ROOM)


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
    messages = prompts.answer(packing.text, analysis.question, analysis.language, cite=cite, notes=analysis.notes)
    return Request(
        session.after_history(messages),
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
    messages = session.after_history(prompts.sufficient(packing.text, analysis.question))
    request = Request(messages, max_tokens=16, schema=prompts.SUFFICIENT_SCHEMA)
    if not session.fits(request):
        return False
    try:
        completion = await session.complete(request, documents=_documents(session, packing), keep=keep)
        return bool(parse_reply(completion.text, prompts.SUFFICIENT_SCHEMA)["sufficient"])
    except (InvalidReply, ModelError) as error:
        session.raise_if_fatal(error)
        return False


async def write_answer(session: Session, analysis: QuestionAnalysis, packer: Packer) -> Written:
    """Pack, ask, and stream the answer with verified citations. A window error of the server is answered by packing
    smaller, and so is, once, any other failure: it may be about what the prompt holds. Raises `ModelError`, or
    `BudgetExhausted` where not even the answering call can be paid."""
    room = answer_room(session, analysis)
    packing, request = await fit(session, analysis, packer, room)
    if not session.calls.recorded(request):  # what is recorded costs nothing, whatever is left of the budget
        room = affordable_room(session, analysis)
    for shrunk in range(_SHRINKS):
        try:
            packing, request = await fit(session, analysis, packer, room)
        except WindowTooSmall:
            if room == answer_room(session, analysis):
                raise
            raise BudgetExhausted("what is left of the budget pays for no passage") from None
        await session.emit(PassagesPacked(packing.passages, session.model.measure(request.messages), session.window))
        try:
            return await _write(session, packing, request, analysis)
        except (WindowExceeded, RequestRejected, ModelUnavailable) as error:
            if not isinstance(error, WindowExceeded) and shrunk:
                raise
            await session.warn(f"packed smaller: {error}")
            room = int(room * _SMALLER)
    raise WindowTooSmall(
        f"the server refuses even {room:,} tokens of passages as too long: its window is smaller than the "
        f"{session.window:,} tokens that it announced; pass --window",
        missing=1,
    )


async def _write(session: Session, packing: Packing, request: Request, analysis: QuestionAnalysis) -> Written:
    sources = Sources(session.corpus, packing.passages, analysis.question)
    stream, cut = await stream_cited(
        session,
        request,
        sources,
        documents=_documents(session, packing),
        too_long=f"the answer was cut at {request.max_tokens:,} tokens; raise --answer-tokens",
    )
    await _warn(session, stream, sources, analysis.question)
    citations = await judged_citations(session, stream)
    for citation in citations:
        if citation.support == "unsupported":
            await session.warn(f"{citation.marker} does not bear out the sentence that cites it")
    return Written(stream.text.strip(), stream.not_found, citations, packing, cut)


async def _warn(session: Session, stream: CitingStream, sources: Sources, question: str) -> None:
    for quote in sources.unknown_quotations(stream.text, question):
        await session.warn(f'the answer puts in quotation marks what the documents do not say: "{quote}"')
    if not stream.text.strip() and not stream.not_found:
        await session.warn("the model wrote no answer")


def _documents(session: Session, packing: Packing) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*(passage.document.id for passage in packing.passages), *session.history_documents)))
