"""Counting tokens without the model's vocabulary: an estimate on the high side, by script.

For endpoints whose tokenizer is not at hand. The rules are fixed, so that chunks cut by them never shift; what a
server's replies teach about a model's real counts is kept by `PromptMeasure`. Knows characters; nothing of models.

The rules, from the vocabularies in use (32k to 256k entries, byte-level): a Latin word is a token for every five
letters, or every three in a compound of more than twelve; every digit, mark and line end is one; an ideograph is one
and a half; other letters are one where UTF-8 needs two bytes, else one and a half; a character outside the basic
plane is one token per byte.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

RULES = 1
"""Raised when the same text would get other tokens: it is part of `id`, and so of the chunks that are kept."""

_LETTERS_PER_TOKEN = 5
_COMPOUND_LETTERS, _COMPOUND_LETTERS_PER_TOKEN = 12, 3
_SPACES_PER_TOKEN = 4
_PARTS = re.compile(
    r"(?P<word> ?[A-Za-z\u00c0-\u024f]+)"
    r"|(?P<spaces>[ \t]+)"
    r"|(?P<ideographs>[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]+)"
    r"|(?P<single>[\x00-\u07ff])"
    r"|(?P<astral>[\U00010000-\U0010ffff])"
    r"|(?P<other>[\u0800-\uffff]+)"
)


class EstimatedTokenizer:
    """A conservative stand-in for a tokenizer. `exact` is false, unless the model is made to count this way
    (`ScriptedModel`)."""

    def __init__(self, *, exact: bool = False) -> None:
        self._exact = exact

    @property
    def id(self) -> str:
        """The version of the rules."""
        return f"estimate-{RULES}"

    @property
    def exact(self) -> bool:
        """Whether the model counts this way."""
        return self._exact

    def count(self, text: str) -> int:
        """Tokens in `text`, rather too many than too few."""
        return len(_starts(text))

    def token_starts(self, texts: Sequence[str]) -> list[list[int]]:
        """For each text, where each of its estimated tokens starts, ascending; as many as `count` says."""
        return [_starts(text) for text in texts]


def _starts(text: str) -> list[int]:
    starts: list[int] = []
    for part in _PARTS.finditer(text):
        start, end = part.span()
        match part.lastgroup:
            case "word":
                letters = end - start - (text[start] == " ")
                compound = letters > _COMPOUND_LETTERS
                step = _COMPOUND_LETTERS_PER_TOKEN if compound else _LETTERS_PER_TOKEN
                starts.extend(range(start, start + letters, step))
            case "single":
                starts.append(start)
            case "spaces":
                starts.extend(range(start, end, _SPACES_PER_TOKEN))
            case "ideographs" | "other":
                for offset in range(start, end):
                    starts.append(offset)
                    if (offset - start) % 2:
                        starts.append(offset)
            case _:
                starts.extend((start,) * 4)
    return starts
