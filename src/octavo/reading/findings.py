"""From findings to a ranking of what the answering model is shown."""

from __future__ import annotations

from collections.abc import Sequence

from octavo.documents.chunks import Chunk
from octavo.library.corpus import Corpus
from octavo.reading.answer import Finding
from octavo.reading.question import QuestionAnalysis
from octavo.retrieval.fusion import interleave, reciprocal_rank_fusion

_FINDINGS_IN_QUERY = 32
_FOUND_WEIGHT = 3.0
_FINDINGS_QUERY_WEIGHT = 1.0
_QUESTION_WEIGHT = 1.0

_ALWAYS = 2
"""So many of BM25's best for the question stand at the head whatever was found: of the chunks that a reader misses most
are among them, and twenty false findings would push them out (`benchmarks/multihop.py`, reason-noisy)."""


def rank_findings(
    corpus: Corpus, findings: Sequence[Finding], analysis: QuestionAnalysis, *, limit: int
) -> list[Chunk]:
    """The chunks to pack, best first: those found fused with what BM25 finds for the findings' own words and for the
    question.

    A reader that finds nearly every chunk says nothing by finding one: findings weigh as much as the share of chunks
    that they leave out. Among the found, the reader's confidence and BM25 for the question order together.
    """
    certainty = 1.0 - len(findings) / len(corpus.chunks)
    by_question = [hit.chunk for hit in corpus.search(analysis.search_text, len(corpus.chunks))]
    finding_of = {finding.chunk: finding for finding in findings}
    by_confidence = sorted(finding_of, key=lambda chunk: -(finding_of[chunk].confidence or 0.0))
    found_by_question = [chunk for chunk in by_question if chunk in finding_of]
    found = reciprocal_rank_fusion([found_by_question, by_confidence], weights=[1.0, certainty])
    query = " ".join(
        sentence.of(corpus.document(chunk.document_id).text)
        for chunk in found[:_FINDINGS_IN_QUERY]
        for sentence in finding_of[chunk].sentences
    )
    by_findings = [hit.chunk for hit in corpus.search(query, limit)]
    fused = reciprocal_rank_fusion(
        [found, by_findings, by_question[:limit]],
        weights=[_FOUND_WEIGHT * certainty, _FINDINGS_QUERY_WEIGHT * certainty, _QUESTION_WEIGHT],
    )
    return interleave([fused, by_question[:_ALWAYS]])[:limit]
