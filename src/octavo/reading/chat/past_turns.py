"""The turns of a conversation as a document that is searched: BM25 over what was asked and answered.

Each turn is turned into terms once, when it is added; a search looks only at turns that share a term with the question.
Knows turns and terms; nothing of prompts.
"""

from __future__ import annotations

from collections.abc import Iterable

from octavo.library.ranking import bm25
from octavo.reading.chat.conversation import Turn
from octavo.retrieval.terms import content_terms


class PastTurns:
    """Turns in their order, numbered from 0."""

    def __init__(self, turns: Iterable[Turn] = ()) -> None:
        self._terms: list[str] = []
        self._lengths: list[int] = []
        self._length = 0
        self._turns_with: dict[str, list[int]] = {}
        for turn in turns:
            self.add(turn)

    def add(self, turn: Turn) -> None:
        """One more turn."""
        questions = dict.fromkeys((turn.asked, turn.standalone))
        found = content_terms("\n".join((*questions, turn.said)))
        for term in set(found):
            self._turns_with.setdefault(term, []).append(len(self._terms))
        self._terms.append(" ".join(found))
        self._lengths.append(len(found))
        self._length += len(found)

    def search(self, text: str, limit: int, *, before: int) -> list[int]:
        """The at most `limit` best of the first `before` turns for the content words of `text`, best first, the later
        of equals first; empty where none shares such a word."""
        wanted = list(dict.fromkeys(content_terms(text)))
        matching = sorted({number for term in wanted for number in self._turns_with.get(term, ()) if number < before})
        if not matching or limit < 1:
            return []
        import pyarrow as pa

        scores = bm25(
            wanted,
            pa.chunked_array([[self._terms[number] for number in matching]], pa.string()),
            [self._lengths[number] for number in matching],
            chunks=len(self._terms),
            mean_length=self._length / len(self._terms),
        )
        ranked = sorted(zip(scores, matching, strict=True), reverse=True)
        return [number for _, number in ranked[:limit]]
