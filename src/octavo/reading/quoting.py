"""An answer in the documents' own words, where a model finds better than it writes.

A very small model may point at the sentence that answers, and then write something that no passage bears out, or only
the question again. What it pointed at is then of more use than what it wrote. Knows findings and citations; nothing of
levels.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from octavo.documents.chunks import Chunk
from octavo.library.corpus import Corpus
from octavo.reading.answer import Answer, Citation, Finding
from octavo.reading.citations import cited_place
from octavo.retrieval.fusion import interleave
from octavo.retrieval.terms import content_terms

_MOST = 3
"""Places that are quoted: what is pointed at beyond them is seldom the answer."""


def quotation(
    corpus: Corpus,
    answer: Answer,
    found: Sequence[Finding],
    ranked: Sequence[Chunk],
    *,
    count: Callable[[str], int],
    tokens: int,
) -> Answer | None:
    """`answer` with what was `found` in place of its text: the first place of each finding in the order of `ranked`,
    then their second ones, as long as they do not fill `tokens`; white space apart, word for word. What says no more
    than the question, or the same as a place before, is left out; None where that is all."""
    lines: list[str] = []
    citations: list[Citation] = []
    for place, line in _places(corpus, answer.question, found, ranked):
        if len(lines) == _MOST or (lines and count("\n".join([*lines, line])) > tokens):
            break
        if line not in lines:
            lines.append(line)
            citations.append(replace(place, marker=f"[{len(lines)}]"))
    if not lines:
        return None
    text = "\n".join(f"{line} {place.marker}" for line, place in zip(lines, citations, strict=True))
    return replace(answer, text=text, citations=tuple(citations))


def _places(
    corpus: Corpus, question: str, found: Sequence[Finding], ranked: Sequence[Chunk]
) -> Iterator[tuple[Citation, str]]:
    """Each place and what it says on one line."""
    rank = {chunk: place for place, chunk in enumerate(ranked)}
    best_first = sorted(found, key=lambda finding: rank.get(finding.chunk, len(rank)))
    asked = set(content_terms(question))
    for document_id, span in interleave(
        [[(finding.chunk.document_id, span) for span in finding.sentences] for finding in best_first]
    ):
        document = corpus.document(document_id)
        if set(content_terms(span.of(document.text))) - asked:
            place = cited_place(document, span, "supported")  # it bears itself out
            yield place, " ".join(place.quote.split())
