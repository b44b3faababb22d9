"""An answer in the documents' own words, where a model finds better than it writes.

A very small model may point at the sentence that answers, and then write something that no passage bears out, or only
the question again. What it pointed at is then of more use than what it wrote. Knows findings and citations; nothing of
levels.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice

from octavo.documents.chunks import Chunk
from octavo.reading.answer import Answer, Citation, Finding, Passage
from octavo.reading.citations import Sources
from octavo.reading.events import AnswerDelta
from octavo.reading.session import Session

_MOST = 3
"""Places that are quoted: what is pointed at beyond them is seldom the answer, and is cited by no one."""


async def quote_instead(
    session: Session, answer: Answer, ranked: Sequence[Chunk], found: Sequence[Finding]
) -> Answer | None:
    """What the reader pointed at, in the order of `ranked`, given out in place of the text of `answer`, with a warning
    that says so. None where it pointed at nothing that can be cited."""
    places = islice(_places(session, ranked, found), _MOST)
    citations = tuple(replace(place, marker=f"[{number}]") for number, place in enumerate(places, start=1))
    if not citations:
        return None
    text = "\n".join(f"{' '.join(citation.quote.split())} {citation.marker}" for citation in citations)
    await session.warn("no passage bears out what the model wrote; quoted is what it pointed at")
    await session.emit(AnswerDelta(text))
    return replace(answer, text=text, citations=citations)


def _places(session: Session, ranked: Sequence[Chunk], found: Sequence[Finding]) -> Iterator[Citation]:
    rank = {chunk: place for place, chunk in enumerate(ranked)}
    for finding in sorted(found, key=lambda finding: rank.get(finding.chunk, len(rank))):
        document = session.corpus.document(finding.chunk.document_id)
        for span in finding.sentences:
            passage = Passage(1, document.ref, span)
            place = Sources(session.corpus, [passage]).cite(1, span.of(document.text))
            if place is not None and place.support == "supported":
                yield place
