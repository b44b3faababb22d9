"""BM25 over the chunks of a corpus, by the corpus's own statistics.

So a ranking does not depend on what else is kept, and the same question packs the same passages again. Source of the
formula: Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond", 2009; the inverse document
frequency has 1 added inside the logarithm, so it is never negative. Knows nothing of tables or documents.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from math import log
from typing import Any

K1 = 1.2
B = 0.75


def bm25(terms: Sequence[str], texts: Any, lengths: Sequence[int], *, chunks: int, mean_length: float) -> list[float]:
    """The scores of chunks for `terms`, which are all different.

    `texts` (an Arrow column) holds the terms, joined by single spaces, of every chunk of the corpus in which one of
    `terms` occurs; `lengths` their lengths, in the unit (tokens, say) of `mean_length`, which is that of all `chunks`
    chunks of the corpus.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    words = pc.split_pattern(texts.combine_chunks(), " ")
    occurrences = pa.table(
        {
            "chunk": pc.list_parent_indices(words),
            "term": pc.index_in(pc.list_flatten(words), value_set=pa.array(terms, texts.type)),
        }
    )
    occurrences = occurrences.filter(pc.is_valid(occurrences["term"]))
    # One thread: sums of floats depend on their order.
    counts = occurrences.group_by(["chunk", "term"], use_threads=False).aggregate([([], "count_all")])
    found = [counts[column].to_pylist() for column in ("chunk", "term", "count_all")]
    held_by = Counter(found[1])
    weights = {term: log(1 + (chunks - held + 0.5) / (held + 0.5)) for term, held in held_by.items()}
    norms = [K1 * (1 - B + B * length / mean_length) for length in lengths]
    scores = [0.0] * len(lengths)
    for chunk, term, count in zip(*found, strict=True):
        scores[chunk] += weights[term] * count * (K1 + 1) / (count + norms[chunk])
    return scores
