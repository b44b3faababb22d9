"""How many tokens a whole prompt is: its texts, its tools, and what the chat template puts around them.

The template's part is measured at servers that show it and guessed high elsewhere; whatever a server reports as used
raises the guess, never lowers it. Chunks are cut by the tokenizer alone, so nothing learnt here moves them. Knows
messages and counts; nothing of HTTP or of where what was learnt is kept (`learnt_counts.py`).
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from octavo.models.chat import Message, ToolSchema
from octavo.models.tokenizer import Tokenizer

_RELIABLE_TOKENS = 200
"""A text shorter than this says little about the rate; its excess is put down to the template."""

_TEMPLATE_TOKENS = 64
"""An excess of no more than this is put down to the template too."""

_COUNTS_KEPT = 256

_TOOLS_TOKENS = 256
"""What a template says about tools beside their schemas: the common ones take 80 to 200 tokens."""


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


@dataclass(frozen=True, slots=True)
class Learnt:
    """What reports of a server's usage taught: its tokens for one of the tokenizer's (`rate`), and the tokens of the
    template (`excess`) and of the template's words about tools (`tools_excess`) that had not been reckoned with."""

    rate: float = 1.0
    excess: int = 0
    tools_excess: int = 0

    def joined(self, other: Learnt) -> Learnt:
        """The higher of the two in everything."""
        return Learnt(
            max(self.rate, other.rate),
            max(self.excess, other.excess),
            max(self.tools_excess, other.tools_excess),
        )


NOTHING_LEARNT = Learnt()


class PromptMeasure:
    """Measures prompts with a tokenizer and a template's overhead, and learns from what servers report, beginning with
    what was `learnt` before."""

    def __init__(
        self,
        tokenizer: Tokenizer,
        overhead: TemplateOverhead = UNKNOWN_TEMPLATE,
        learnt: Learnt = NOTHING_LEARNT,
    ) -> None:
        # A prompt is measured while it is packed and again when its usage comes back; instructions are in all of them.
        self._count = lru_cache(maxsize=_COUNTS_KEPT)(tokenizer.count)
        self._overhead = overhead
        self._learnt = learnt

    @property
    def learnt(self) -> Learnt:
        """What was learnt so far."""
        return self._learnt

    @property
    def rate(self) -> float:
        """The server's tokens for one of the tokenizer's, at the worst that was seen; 1 at first."""
        return self._learnt.rate

    def tokens(self, messages: Sequence[Message], tools: Sequence[ToolSchema] = ()) -> int:
        """Tokens of the whole prompt; not below what the same prompt was reported to be."""
        return self._scaled(self._text_tokens(messages, tools)) + self._fixed(messages, tools)

    def learn(self, messages: Sequence[Message], reported: int, tools: Sequence[ToolSchema] = ()) -> bool:
        """Take in the server's count of a prompt: where it is above the measure, the measure rises to it. Says whether
        it did."""
        text_tokens = self._text_tokens(messages, tools)
        fixed = self._fixed(messages, tools)
        short = reported - self._scaled(text_tokens) - fixed
        if short <= 0:
            return False
        if tools:
            # How a template shows tools says nothing about texts, nor about prompts without tools.
            self._learnt = replace(self._learnt, tools_excess=self._learnt.tools_excess + short)
        elif text_tokens < _RELIABLE_TOKENS or short <= _TEMPLATE_TOKENS:
            self._learnt = replace(self._learnt, excess=self._learnt.excess + short)
        else:
            self._learnt = replace(self._learnt, rate=(reported - fixed) / text_tokens)
        return True

    def _text_tokens(self, messages: Sequence[Message], tools: Sequence[ToolSchema]) -> int:
        texts = [message.content for message in messages] + [_tool_text(tool) for tool in tools]
        return sum(self._count(text) for text in texts)

    def _scaled(self, text_tokens: int) -> int:
        # Rounded first: the quotient times the divisor may come out a hair above the whole number it was made from.
        return math.ceil(round(text_tokens * self._learnt.rate, 6))

    def _fixed(self, messages: Sequence[Message], tools: Sequence[ToolSchema]) -> int:
        for_tools = _TOOLS_TOKENS + self._learnt.tools_excess if tools else 0
        return self._overhead.tokens(messages) + self._learnt.excess + for_tools


def _tool_text(tool: ToolSchema) -> str:
    """A tool as the most wasteful of the common templates shows it: JSON, indented."""
    function = {"name": tool.name, "description": tool.description, "parameters": dict(tool.parameters)}
    return json.dumps({"type": "function", "function": function}, indent=4, ensure_ascii=False)
