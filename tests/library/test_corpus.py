"""A corpus ranks by itself alone, and keeps as many texts in memory as there is room for."""

from __future__ import annotations

from collections import Counter
from math import log
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from octavo.documents.document import Document
from octavo.library import corpus as corpus_module
from octavo.library.corpus import StoredCorpus
from octavo.library.library import Library
from octavo.library.ranking import K1, B, bm25
from octavo.library.store import Store
from octavo.models.estimated_tokenizer import EstimatedTokenizer

TOKENIZER = EstimatedTokenizer()


def ranking(corpus: StoredCorpus, query: str, limit: int = 10) -> list[tuple[str, int, float]]:
    return [(hit.chunk.document_id, hit.chunk.index, hit.score) for hit in corpus.search(query, limit)]


def animals() -> list[Document]:
    return [
        Document.of(f"The zebra number {number} runs with {'the okapi ' * number}today.", name=str(number))
        for number in range(8)
    ]


def test_a_ranking_does_not_depend_on_what_else_is_kept(home: Path) -> None:
    alone = ranking(Library(*animals(), home=home).corpus(TOKENIZER), "zebra okapi 3")
    others = [Document.of(f"Nothing but zebra {number}. " * 20, name="other") for number in range(30)]
    Library(*others, home=home).corpus(TOKENIZER)
    assert ranking(Library(*animals(), home=home).corpus(TOKENIZER), "zebra okapi 3") == alone
    assert len(alone) == 8


def test_documents_added_meanwhile_take_no_place_among_the_hits(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(corpus_module, "_RESCORED", 0)
    corpus = Library(*animals(), home=home).corpus(TOKENIZER)
    others = [Document.of(f"Zebra zebra {number}.", name="other") for number in range(30)]
    Library(*others, home=home).corpus(TOKENIZER)
    assert len(corpus.search("zebra", 8)) == 8


def test_equal_scores_are_cut_in_one_order(home: Path) -> None:
    documents = [Document.of(f"The zebra runs {word}.", name=word) for word in ("left", "home", "away", "back", "here")]
    corpus = Library(*documents, home=home).corpus(TOKENIZER)
    whole = ranking(corpus, "zebra", 5)
    assert [found[0] for found in whole] == sorted(document.id for document in documents)
    for limit in range(1, 5):
        assert ranking(corpus, "zebra", limit) == whole[:limit]


def test_past_the_candidates_the_table_ranks(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(corpus_module, "_RESCORED", 0)
    corpus = Library(*animals(), home=home).corpus(TOKENIZER)
    (hit,) = corpus.search("okapi", 1)
    assert "okapi" in corpus.document(hit.chunk.document_id).text
    assert hit.score > 0


@given(
    texts=st.lists(st.lists(st.sampled_from("abcd"), min_size=1, max_size=9), min_size=1, max_size=6),
    wanted=st.lists(st.sampled_from("abcxy"), min_size=1, unique=True),
    others=st.integers(0, 5),
)
def test_scores_are_those_of_the_formula(texts: list[list[str]], wanted: list[str], others: int) -> None:
    import pyarrow as pa

    lengths = [len(text) for text in texts]
    chunks, mean = len(texts) + others, sum(lengths) / len(lengths)
    column = pa.chunked_array([[" ".join(text) for text in texts]], pa.large_string())
    scores = bm25(wanted, column, lengths, chunks=chunks, mean_length=mean)
    for text, score in zip(texts, scores, strict=True):
        expected = 0.0
        for term in wanted:
            count = Counter(text)[term]
            held = sum(term in other for other in texts)
            weight = log(1 + (chunks - held + 0.5) / (held + 0.5))
            expected += weight * count * (K1 + 1) / (count + K1 * (1 - B + B * len(text) / mean))
        assert score == pytest.approx(expected)


def test_texts_are_read_once_while_there_is_room_for_them(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    documents = [Document.of(f"Document {number}.", name=str(number)) for number in range(100)]
    corpus = Library(*documents, home=home).corpus(TOKENIZER)
    read: list[str] = []
    fetch = Store.document

    def counting(store: Store, document_id: str) -> Document:
        read.append(document_id)
        return fetch(store, document_id)

    monkeypatch.setattr(Store, "document", counting)
    for _ in range(2):
        for document in documents:
            assert corpus.document(document.id) == document
    assert len(read) == 100
    monkeypatch.setattr(corpus_module, "_CHARACTERS_IN_MEMORY", 30)
    corpus = Library(*documents[:3], home=home).corpus(TOKENIZER)
    read.clear()
    for number in (0, 1, 0, 2, 0, 1):  # two of the three fit; the one that was longest unused goes
        assert corpus.document(documents[number].id) == documents[number]
    assert read == [documents[number].id for number in (0, 1, 2, 1)]
