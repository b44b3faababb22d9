"""A call whose reply is shown as it comes, sentence by sentence, each tied to its sources.

Knows calls, citing and events; nothing of what was asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from octavo.errors import BudgetExhausted, InvalidReply, ModelError
from octavo.models.chat import Completion, Request
from octavo.models.structured import parse_reply
from octavo.reading import prompts
from octavo.reading.answer import Citation, Support
from octavo.reading.citing import Citable, CitingStream
from octavo.reading.events import AnswerDelta
from octavo.reading.session import Session


async def stream_cited(
    session: Session, request: Request, sources: Citable, *, documents: Sequence[str], too_long: str
) -> tuple[CitingStream, bool]:
    """The whole reply, given out in `AnswerDelta`s, and whether a budget cut it. `too_long` is the warning where the
    reply reached its longest. Raises `BudgetExhausted` or `ModelError` where nothing was given out yet."""
    stream = CitingStream(sources, attribute=session.options.attribute)
    cut = False
    try:
        async for piece in session.stream(request, documents=documents):
            if isinstance(piece, Completion):
                if piece.finish_reason == "length":
                    await session.warn(too_long)
            else:
                await _emit(session, stream.feed(piece))
    except BudgetExhausted:
        if stream.empty:
            raise
        cut = True
    except ModelError as error:
        if not stream.text:  # nothing was shown: it may be asked again
            raise
        await session.warn(f"the answer broke off: {error}")
    await _emit(session, stream.finish())
    if stream.dropped:
        count = f"{stream.dropped:,} citation" + ("s" if stream.dropped != 1 else "")
        await session.warn(f"{count} pointed at no passage and {'was' if stream.dropped == 1 else 'were'} dropped")
    return stream, cut


async def judged_citations(session: Session, stream: CitingStream) -> tuple[Citation, ...]:
    """The citations of a reply; with the option `support` "model", with its verdict on each in place of the lexical
    one."""
    if session.options.support != "model":
        return tuple(cited.citation for cited in stream.cited)
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


async def _emit(session: Session, text: str) -> None:
    if text:
        await session.emit(AnswerDelta(text))
