"""A conversation over documents: its turns, each a question with its answer.

Plain frozen data. Knows nothing of models, of files, or of what of a conversation a model is shown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from octavo.reading.answer import Answer, Usage

_DIGITS = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's base 32: no letter looks like a digit
_TIME_DIGITS = 7
_RANDOM_DIGITS = 3


@dataclass(frozen=True, slots=True)
class Turn:
    """A question as the user `asked` it and the `answer` to it, at `when`. The answer's own question is what the
    documents were asked: the same, or written anew so that it stands alone."""

    asked: str
    answer: Answer
    when: datetime

    @property
    def standalone(self) -> str:
        """The question as the documents were asked it."""
        return self.answer.question

    @property
    def said(self) -> str:
        """The answer without the markers of its citations, which mean nothing beside other passages."""
        return self.answer.said


@dataclass(frozen=True, slots=True)
class Conversation:
    """Turns in their order, over what was named as `sources` (none: the whole library)."""

    id: str
    started: datetime
    sources: tuple[str, ...] = ()
    turns: tuple[Turn, ...] = ()

    @classmethod
    def begin(cls, now: datetime, randbelow: Callable[[int], int], sources: Iterable[str] = ()) -> Conversation:
        """A new one. Its id sorts by `now`; `randbelow` (as in `secrets`) tells those of the same second apart."""
        return cls(conversation_id(now, randbelow), now, tuple(sources))

    def with_turn(self, turn: Turn) -> Conversation:
        """After one more turn."""
        return replace(self, turns=(*self.turns, turn))

    def with_sources(self, sources: Iterable[str]) -> Conversation:
        """The same turns, going on over other documents."""
        return replace(self, sources=tuple(sources))

    @property
    def latest(self) -> datetime:
        """When it was last said something."""
        return self.turns[-1].when if self.turns else self.started

    @property
    def usage(self) -> Usage:
        """What all turns took together."""
        return total_usage(turn.answer.usage for turn in self.turns)


def total_usage(usages: Iterable[Usage]) -> Usage:
    """Several accounts as one."""
    total = Usage()
    for usage in usages:
        total = Usage(
            calls=total.calls + usage.calls,
            reused_calls=total.reused_calls + usage.reused_calls,
            prompt_tokens=total.prompt_tokens + usage.prompt_tokens,
            cached_tokens=total.cached_tokens + usage.cached_tokens,
            completion_tokens=total.completion_tokens + usage.completion_tokens,
            seconds=total.seconds + usage.seconds,
        )
    return total


def conversation_id(now: datetime, randbelow: Callable[[int], int]) -> str:
    """Ten digits and letters: the second, then three at random. Ids sort by time until the year 3058."""
    number = int(now.timestamp()) << (5 * _RANDOM_DIGITS) | randbelow(1 << (5 * _RANDOM_DIGITS))
    places = range(5 * (_TIME_DIGITS + _RANDOM_DIGITS - 1), -1, -5)
    return "".join(_DIGITS[number >> place & 31] for place in places)


def is_conversation_id(text: str) -> bool:
    """Whether `text` may be an id: a file of that name is looked for."""
    return len(text) == _TIME_DIGITS + _RANDOM_DIGITS and set(text) <= set(_DIGITS)
