"""Level 1, `retrieve`: BM25 ranks the chunks for the question and its keywords.

The question's own ranking and the ranking with the model's keywords are fused, so a weak model's keywords can add
chunks but not push out what the question's own words find.
"""

from __future__ import annotations

from octavo.documents.chunks import Chunk
from octavo.library.corpus import Corpus
from octavo.reading.question import QuestionAnalysis
from octavo.retrieval.fusion import reciprocal_rank_fusion

_MARGIN_RANK = 12
"""About as many chunks as a window of 8,192 tokens is packed with."""


def margin(corpus: Corpus, question: str) -> float:
    """How far the best chunk's score stands above that of the twelfth, as a share of it: near 0, BM25 hardly tells what
    would be packed from what would not; 1 where fewer chunks match (`benchmarks/bm25_margin.py`)."""
    hits = corpus.search(question, _MARGIN_RANK)
    return 1.0 if len(hits) < _MARGIN_RANK else (hits[0].score - hits[-1].score) / hits[0].score


def rank_for_question(corpus: Corpus, analysis: QuestionAnalysis, *, limit: int) -> list[Chunk]:
    """The at most `limit` best chunks for the question, best first; empty where no term of it occurs."""
    own = [hit.chunk for hit in corpus.search(analysis.question, limit)]
    if analysis.search_text == analysis.question:
        return own
    widened = [hit.chunk for hit in corpus.search(analysis.search_text, limit)]
    return reciprocal_rank_fusion([own, widened], weights=[1.0, 1.0])[:limit]
