"""A RULER item before it is as long as wanted, and the search for the size at which it is.

Knows tokens; nothing of what the items ask.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from octavo.errors import EvaluationError
from octavo.evaluation.item import Evidence
from octavo.models.tokenizer import Tokenizer

_TRIES = 16


@dataclass(frozen=True, slots=True)
class Draft:
    """`before` + `context` + `after` is RULER's whole prompt, examples and the beginning of the answer included;
    `question` is what is asked, for a method that has its own way to show a context."""

    context: str
    before: str
    after: str
    question: str
    answers: tuple[str, ...]
    evidence: tuple[Evidence, ...] = ()

    def tokens(self, tokenizer: Tokenizer) -> int:
        """Of the whole prompt."""
        return tokenizer.count(f"{self.before}{self.context}{self.after}")


def fit(
    build: Callable[[int], Draft],
    tokenizer: Tokenizer,
    tokens: int,
    *,
    least: int,
    most: int | None = None,
    name: str,
) -> Draft:
    """The largest draft whose prompt is at most `tokens` tokens.

    `build` makes a draft of so many units (lines, words, documents). The number of tokens grows evenly with them, so
    that a few drafts are enough; the one returned falls short by less than two units. Raises `EvaluationError` where
    `least` units are too many, or all the units there are (`most`) too few.
    """
    low, low_draft = least, build(least)
    low_tokens = low_draft.tokens(tokenizer)
    if low_tokens > tokens:
        raise EvaluationError(f"{name}: {tokens:,} tokens are too few, it needs {low_tokens:,}; ask for longer lengths")
    high: int | None = None
    guess = low + max(least, 8)
    per_unit = 0.0
    for _ in range(_TRIES):
        if most is not None:
            guess = min(guess, most)
        draft = build(guess)
        guess_tokens = draft.tokens(tokenizer)
        per_unit = max(1.0, abs(guess_tokens - low_tokens) / max(1, abs(guess - low)))
        if guess_tokens <= tokens:
            low, low_draft, low_tokens = guess, draft, guess_tokens
        else:
            high = guess
        if low == most:
            _check_enough(tokens, low_tokens, per_unit, name)
            break
        if (high is not None and high - low <= 1) or tokens - low_tokens < per_unit:
            break
        guess = low + max(1, int((tokens - low_tokens) / per_unit))
        if high is not None:
            guess = min(guess, high - 1)
    return low_draft


def _check_enough(tokens: int, there: int, per_unit: float, name: str) -> None:
    if tokens - there > 2 * per_unit:
        raise EvaluationError(
            f"{name}: all that there is comes to {there:,} tokens, and {tokens:,} are needed; name more text, or ask "
            "for shorter lengths"
        )
