"""Counting tokens as a model does.

Knows texts and tokens; nothing of messages, templates or servers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol


class Tokenizer(Protocol):
    """Turns text into the places where its tokens lie.

    `id` names the vocabulary by its content (chunks are kept by it); `exact` is false where counts are only a
    conservative estimate.
    """

    @property
    def id(self) -> str:
        """A short hash of the vocabulary and its rules."""
        ...

    @property
    def exact(self) -> bool:
        """Whether the counts are the model's own."""
        ...

    def count(self, text: str) -> int:
        """Tokens in `text`, without any special ones."""
        ...

    def token_starts(self, texts: Sequence[str]) -> list[list[int]]:
        """For each text, the character offset at which each of its tokens starts, ascending (a character that is
        several tokens gives its offset several times)."""
        ...
