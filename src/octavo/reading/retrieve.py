"""Level 1, `retrieve`: BM25 ranks the chunks for the question and its keywords.

The question's own ranking and the ranking with the model's keywords are fused, so a weak model's keywords can add
chunks but not push out what the question's own words find.
"""

from __future__ import annotations

from octavo.documents.chunks import Chunk
from octavo.library.corpus import Corpus
from octavo.reading.question import QuestionAnalysis
from octavo.retrieval.fusion import reciprocal_rank_fusion


def rank_for_question(corpus: Corpus, analysis: QuestionAnalysis, *, limit: int) -> list[Chunk]:
    """The at most `limit` best chunks for the question, best first; empty where no term of it occurs."""
    own = [hit.chunk for hit in corpus.search(analysis.question, limit)]
    if not analysis.by_model:
        return own
    widened = [hit.chunk for hit in corpus.search(analysis.search_text, limit)]
    return reciprocal_rank_fusion([own, widened], weights=[1.0, 1.0])[:limit]
