"""Excerpts of a real text, drawn anywhere in it: whole sentences, of about as many tokens as are wanted.

Knows text and tokens; nothing of what is put into them.
"""

from __future__ import annotations

from random import Random

from octavo.documents.document import Span
from octavo.documents.sentences import sentence_spans
from octavo.models.tokenizer import Tokenizer

_SAMPLE = 20_000
_BEYOND = 400
"""Characters behind the wanted end in which the last sentence may end."""


class Excerpts:
    """Excerpts of `text`, which is longer than any of them."""

    def __init__(self, text: str, tokenizer: Tokenizer) -> None:
        self._text = text
        middle = max(0, len(text) - _SAMPLE) // 2
        sample = text[middle : middle + _SAMPLE]
        self._per_token = len(sample) / max(1, tokenizer.count(sample))

    def draw(self, rng: Random, tokens: int) -> str:
        """About so many tokens (by the text's mean), from the beginning of a sentence to the end of another."""
        characters = int(tokens * self._per_token)
        start = rng.randrange(max(1, len(self._text) - characters - _BEYOND))
        window = Span(start, min(len(self._text), start + characters + _BEYOND))
        sentences = sentence_spans(self._text, window)[1 : None if window.end == len(self._text) else -1]
        kept = [span for span in sentences if span.end <= sentences[0].start + characters] if sentences else []
        kept = kept or sentences[:1] or [window]
        return self._text[kept[0].start : kept[-1].end].strip()
