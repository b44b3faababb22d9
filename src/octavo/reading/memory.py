"""What the level `reason` has found out so far, and how it is told to the model.

Memory holds, for every sub-question, its answer and the text of its evidence. It is told within a given number of
tokens: where it outgrows them it is condensed by code, evidence last, so that no model adds to it. Knows texts; nothing
of calls.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import regex

_LONGEST_ANSWER = 160
_LONGEST_QUOTE = 240
_MARKER = regex.compile(r"\s*\[\d{1,3}\]")
_MARKS = regex.compile(r"[\p{P}\p{S}\s]+")


@dataclass(frozen=True, slots=True)
class Entry:
    """A sub-question (or a call of a tool), what it came to, and the places that say so, word for word. `found` is
    False where nothing was found."""

    question: str
    answer: str
    evidence: tuple[str, ...] = ()
    found: bool = True


class Memory:
    """Entries in the order in which they were added."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self._asked: set[str] = set()

    def add(self, entry: Entry) -> None:
        """Remember one more."""
        self.entries.append(replace(entry, answer=_MARKER.sub("", entry.answer)))
        self._asked.add(asked_plainly(entry.question))

    def knows(self, question: str) -> bool:
        """Whether the same was asked before, but for case, spaces and punctuation."""
        return asked_plainly(question) in self._asked

    def told(self, room: int, count: Callable[[str], int]) -> str:
        """All of it within `room` tokens, as `count` counts them; empty where there is nothing to tell.

        The steps of condensing: what was not found becomes one line; answers are shortened; quotes are shortened;
        of every entry only its first quote is kept; the oldest entries lose their quotes; then the oldest go.
        """
        for entries in _condensed(self.entries):
            text = _rendered(entries)
            if count(text) <= room:
                return text
        return ""


def _condensed(entries: Sequence[Entry]) -> list[list[Entry]]:
    """The entries as they stand, and ever shorter."""
    stages = [list(entries)]

    def shorten(change: Callable[[Entry], Entry | None]) -> None:
        stages.append([changed for entry in stages[-1] if (changed := change(entry)) is not None])

    missing = [entry.question for entry in entries if not entry.found and not entry.evidence]
    if len(missing) > 1:
        shorten(lambda entry: entry if entry.found or entry.evidence else None)
        stages[-1].append(Entry("; ".join(_cut(question, _LONGEST_ANSWER) for question in missing), "", found=False))
    shorten(lambda entry: replace(entry, answer=_cut(entry.answer, _LONGEST_ANSWER)))
    shorten(lambda entry: replace(entry, evidence=tuple(_cut(quote, _LONGEST_QUOTE) for quote in entry.evidence)))
    shorten(lambda entry: replace(entry, evidence=entry.evidence[:1]))
    last = stages[-1]
    stages.extend(
        [*(replace(entry, evidence=()) for entry in last[:oldest]), *last[oldest:]]
        for oldest in range(1, len(last) + 1)
    )
    bare = stages[-1]
    stages.extend(bare[oldest:] for oldest in range(1, len(bare)))
    return stages


def _rendered(entries: Sequence[Entry]) -> str:
    lines = []
    for number, entry in enumerate(entries, start=1):
        lines.append(f"{number}. {_line(entry.question)}")
        lines.append(f"   Answer: {_line(entry.answer) if entry.found else 'not found in the documents'}")
        lines.extend(f'   Evidence: "{_line(quote)}"' for quote in entry.evidence)
    return "\n".join(lines)


def _line(text: str) -> str:
    return " ".join(text.split())


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: longest - 1].rstrip() + "…"


def asked_plainly(question: str) -> str:
    """The question without case, spaces and punctuation: those that are alike are the same."""
    return _MARKS.sub(" ", question.casefold()).strip()
