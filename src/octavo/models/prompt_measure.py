"""How many tokens a whole prompt is: its texts, and what the chat template puts around them.

The template's part is measured at servers that show it and guessed high elsewhere; whatever a server reports as used
raises the guess, never lowers it. Chunks are cut by the tokenizer alone, so nothing learnt here moves them. Knows
messages and counts; nothing of HTTP.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from octavo.models.chat import Message
from octavo.models.tokenizer import Tokenizer

_RELIABLE_TOKENS = 200
"""A text shorter than this says little about the rate; its excess is put down to the template."""

_TEMPLATE_TOKENS = 64
"""An excess of no more than this is put down to the template too."""

_COUNTS_KEPT = 256


@dataclass(frozen=True, slots=True)
class TemplateOverhead:
    """Tokens that a chat template adds: `base` around a single user message, `base_with_system` around a system and
    a user message, `turn` for every two messages more."""

    base: int
    base_with_system: int
    turn: int

    def tokens(self, messages: Sequence[Message]) -> int:
        """The template's part of a prompt of these messages."""
        with_system = bool(messages) and messages[0].role == "system"
        further = max(0, len(messages) - (2 if with_system else 1))
        return (self.base_with_system if with_system else self.base) + math.ceil(further / 2) * self.turn


UNKNOWN_TEMPLATE = TemplateOverhead(base=48, base_with_system=32, turn=16)
"""More than the common templates need (4 to 6 tokens a message, 20 to 35 for a system message of their own)."""


class PromptMeasure:
    """Measures prompts with a tokenizer and a template's overhead, and learns from what servers report."""

    def __init__(self, tokenizer: Tokenizer, overhead: TemplateOverhead = UNKNOWN_TEMPLATE) -> None:
        # A prompt is measured while it is packed and again when its usage comes back; instructions are in all of them.
        self._count = lru_cache(maxsize=_COUNTS_KEPT)(tokenizer.count)
        self._overhead = overhead
        self._rate = 1.0
        self._excess = 0

    @property
    def rate(self) -> float:
        """The server's tokens for one of the tokenizer's, at the worst that was seen; 1 at first."""
        return self._rate

    def tokens(self, messages: Sequence[Message]) -> int:
        """Tokens of the whole prompt; not below what the same prompt was reported to be."""
        return self._scaled(self._text_tokens(messages)) + self._fixed(messages)

    def learn(self, messages: Sequence[Message], reported: int) -> None:
        """Take in the server's count of a prompt: where it is above the measure, the measure rises to it."""
        text_tokens = self._text_tokens(messages)
        short = reported - self._scaled(text_tokens) - self._fixed(messages)
        if short <= 0:
            return
        if text_tokens < _RELIABLE_TOKENS or short <= _TEMPLATE_TOKENS:
            self._excess += short
        else:
            self._rate = (reported - self._fixed(messages)) / text_tokens

    def _text_tokens(self, messages: Sequence[Message]) -> int:
        return sum(self._count(message.content) for message in messages)

    def _scaled(self, text_tokens: int) -> int:
        # Rounded first: the quotient times the divisor may come out a hair above the whole number it was made from.
        return math.ceil(round(text_tokens * self._rate, 6))

    def _fixed(self, messages: Sequence[Message]) -> int:
        return self._overhead.tokens(messages) + self._excess
