"""A document becomes chunks: at most so many tokens each, cut at sentence boundaries.

The chunks of a document cover its text entirely and do not overlap. Boundaries are content-defined: after an edit
they fall back into step, so a second reading of an edited book pays for the changed chunks alone. This module knows
of tokens only what the tokenizer it is given says.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from octavo.documents.document import Document, Span


class TokenStarts(Protocol):
    """The part of a tokenizer that chunking needs."""

    def token_starts(self, texts: Sequence[str]) -> list[list[int]]:
        """For each text, the character offset at which each of its tokens starts."""
        ...

    def count(self, text: str) -> int:
        """Tokens in `text`."""
        ...


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of a document: the `index`-th, characters `span`, `tokens` long."""

    document_id: str
    index: int
    span: Span
    tokens: int


def chunk_document(document: Document, tokenizer: TokenStarts, *, limit: int = 512) -> list[Chunk]:
    """The chunks of `document`, each at most `limit` tokens when tokenized on its own."""
    raise NotImplementedError
