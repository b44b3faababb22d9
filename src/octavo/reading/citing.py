"""The answer's stream: every sentence is tied to its sources before it is shown.

Text is held back until a sentence is complete, with the markers that follow it. Then the markers are verified and
renumbered in order of appearance, and a sentence without one is cited by code where a passage bears it out. What was
given out is never withdrawn. Knows nothing of models, budgets or events.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol

import regex

from octavo.reading import prompts
from octavo.reading.answer import Citation

_MARKER = regex.compile(r"\s*[\[【]\s*(?:passages?\s*)?(\d{1,3}(?:\s*[,;、，]\s*\d{1,3})*)\s*[\]】]", regex.IGNORECASE)
_GOES_ON_AFTER_MARKER = regex.compile(r"\s*(?:[.,;:!?。，；：！？\[【]|$)")
_LATIN_OR_CLOSING = regex.compile(r"[\p{Latin}\d_)\]]")
_SENTENCE_END = regex.compile(r"[.!?…]+[\"'”’)]*(?=\s|[\[【])|[。！？]+[”’」』）]*|\n")
_FOLLOWED = regex.compile(r"((?:" + _MARKER.pattern + r")*[.。]?)(\s*)(?=[^\s\[【(])", regex.IGNORECASE)
_ABBREVIATION = regex.compile(r"\b(?:\p{Lu}|Mr|Mrs|Ms|Dr|St|No|vs|etc|e\.g|i\.e|cf|pp?)\.$")
_THINK = "<think>"
_THOUGHT = regex.compile(r"^\s*<think>.*?(?:</think>\s*|$)", regex.DOTALL)
_NOT_FOUND = regex.compile(rf"^\W*{prompts.NOT_FOUND}\b")


@dataclass(frozen=True, slots=True)
class Cited:
    """A citation and the sentence that it was first made for."""

    citation: Citation
    statement: str


class Citable(Protocol):
    """What a text may cite, by number; `citations.Sources` is one."""

    def cite(self, number: int, statement: str) -> Citation | None:
        """The place under `number` that bears `statement` out best, without a marker; None where there is none."""
        ...

    def attribute(self, statement: str) -> Citation | None:
        """The place that a statement without a number rests on, if there is one."""
        ...


class CitingStream:
    """Takes the model's pieces and gives back what may be shown.

    `text` is all that was given out; `cited` the verified citations in order of their markers; `not_found` says that
    the model wrote the word for "not found"; `dropped` counts markers that point at no passage.
    """

    def __init__(self, sources: Citable, *, attribute: bool) -> None:
        self.text = ""
        self.cited: list[Cited] = []
        self.not_found = False
        self.dropped = 0
        self._sources = sources
        self._attribute = attribute
        self._pending = ""

    @property
    def empty(self) -> bool:
        """Whether nothing has come yet."""
        return not self.text and not self._pending

    def feed(self, piece: str) -> str:
        """Take the next piece; what may be shown now comes back."""
        self._pending += piece
        if not self.text:
            self._pending = self._pending.lstrip()
            if "</think>" in self._pending:
                self._pending = _THOUGHT.sub("", self._pending)
            if not self._pending or _may_be_thought(self._pending):
                return ""
        shown = ""
        while end := _sentence_end(self._pending):
            shown += self._show(self._pending[:end])
            self._pending = self._pending[end:]
        return shown

    def finish(self) -> str:
        """The stream is over; the rest comes back."""
        rest, self._pending = _THOUGHT.sub("", self._pending), ""
        return self._show(rest) if rest.strip() else ""

    def _show(self, sentence: str) -> str:
        if not self.text and _NOT_FOUND.match(sentence):
            self.not_found = True
        if self.not_found:
            return ""
        shown = self._with_citations(sentence)
        self.text += shown
        return shown

    def _with_citations(self, sentence: str) -> str:
        statement = _MARKER.sub(lambda match: "" if _is_marker(match) else match.group(), sentence).strip()
        verified = 0

        def renumbered(match: regex.Match[str]) -> str:
            nonlocal verified
            if not _is_marker(match):
                return match.group()
            markers = []
            for number in regex.findall(r"\d+", match.group(1)):
                citation = self._sources.cite(int(number), statement)
                if citation is None:
                    self.dropped += 1
                else:
                    markers.append(self._marker(citation, statement))
            verified += len(markers)
            return (" " + "".join(dict.fromkeys(markers))) if markers else ""

        shown = _MARKER.sub(renumbered, sentence)
        if not verified and self._attribute and (citation := self._sources.attribute(statement)):
            body = shown.rstrip()
            shown = f"{body} {self._marker(citation, statement)}{shown[len(body) :]}"
        return shown

    def _marker(self, citation: Citation, statement: str) -> str:
        """The marker of this place with this verdict: the one it has, or the next number."""
        for known in self.cited:
            if replace(known.citation, marker="") == citation:
                return known.citation.marker
        citation = replace(citation, marker=f"[{len(self.cited) + 1}]")
        self.cited.append(Cited(citation, statement))
        return citation.marker


def split_sentences(text: str) -> list[str]:
    """The sentences of a cited text, each with its markers and the white space after it."""
    sentences = []
    while end := _sentence_end(text):
        sentences.append(text[:end])
        text = text[end:]
    return [*sentences, text] if text.strip() else sentences


def _is_marker(match: regex.Match[str]) -> bool:
    """Whether brackets with a number are a citation: directly after a letter they are one only where the sentence ends
    or pauses behind them ("sold[1].", not "list[0] = x")."""
    text, start = match.string, match.start()
    if start == 0 or match.group()[0].isspace() or not _LATIN_OR_CLOSING.match(text, start - 1):
        return True
    return text[start - 1] == "]" or _GOES_ON_AFTER_MARKER.match(text, match.end()) is not None


def _may_be_thought(pending: str) -> bool:
    """Whether the reply begins with thoughts that are not over: they are not part of the answer."""
    return _THINK.startswith(pending) if len(pending) < len(_THINK) else pending.startswith(_THINK)


def _sentence_end(pending: str) -> int:
    """Where the first complete sentence ends, with its markers and the white space after it; 0 where none is complete
    or what follows might still belong to it."""
    for match in _SENTENCE_END.finditer(pending):
        if _ABBREVIATION.search(pending[: match.end()]):
            continue
        followed = _FOLLOWED.match(pending, match.end())
        return followed.end() if followed else 0
    return 0
