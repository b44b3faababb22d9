"""What a reading gives back: an answer, what it stands on, what was covered and what it cost.

Plain frozen data; `Answer.as_json()` is the command line's `--json` contract.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal

from octavo.documents.chunks import Chunk
from octavo.documents.document import DocumentRef, Span

Level = Literal["whole", "retrieve", "read", "reason", "summarize"]
"""How an answer was reached."""

Support = Literal["supported", "unsupported", "unchecked"]
"""Whether the cited text bears out the sentence that cites it."""


class Outcome(StrEnum):
    """How a reading ended; each has the command line's exit code."""

    ANSWERED = "answered"
    NOT_IN_DOCUMENTS = "not in the documents"
    NOT_FOUND = "not found in what was read"
    BUDGET_EXHAUSTED = "budget exhausted"


@dataclass(frozen=True, slots=True)
class Finding:
    """Sentences of a chunk that a reader pointed at for `question`; none where it quoted what does not stand there.

    `confidence` is the probability that the reply is not "none", where the endpoint returns logprobs.
    """

    question: str
    chunk: Chunk
    sentences: tuple[Span, ...]
    confidence: float | None = None


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of a document that the answering model was shown, under `number`."""

    number: int
    document: DocumentRef
    span: Span


@dataclass(frozen=True, slots=True)
class Citation:
    """A place that the answer rests on. `quote` is exactly the document's text at `span`; `marker` is how the answer
    refers to it, like "[2]"."""

    marker: str
    document: DocumentRef
    span: Span
    quote: str
    page: int | None
    section: tuple[str, ...]
    support: Support


@dataclass(frozen=True, slots=True)
class Coverage:
    """How many chunks there were, were read, were found relevant, failed, and were skipped (by a budget)."""

    chunks: int = 0
    read: int = 0
    relevant: int = 0
    failed: int = 0
    skipped: int = 0

    @property
    def full(self) -> bool:
        """Whether every chunk was read without a failure."""
        return self.read == self.chunks


@dataclass(frozen=True, slots=True)
class Usage:
    """The account of a reading. `calls` were made and paid now; `reused_calls` came from the ledger; tokens are those
    of the calls made now."""

    calls: int = 0
    reused_calls: int = 0
    prompt_tokens: int = 0
    cached_tokens: int = 0
    completion_tokens: int = 0
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Step:
    """A sub-question on the way, its answer and the places that it rests on."""

    question: str
    answer: str
    citations: tuple[Citation, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to a question about documents.

    `found` is True; False: it is not in the documents (all were read, nothing failed); None: not found in what was
    read, but not all of it was read. `citations` are verified: each quote stands where its span says.
    """

    question: str
    text: str
    found: bool | None
    level: Level
    citations: tuple[Citation, ...] = ()
    passages: tuple[Passage, ...] = ()
    coverage: Coverage = Coverage()
    usage: Usage = Usage()
    steps: tuple[Step, ...] = ()
    warnings: tuple[str, ...] = ()
    budget_exhausted: bool = False

    @property
    def outcome(self) -> Outcome:
        """How the reading ended."""
        if self.budget_exhausted:
            return Outcome.BUDGET_EXHAUSTED
        if self.found:
            return Outcome.ANSWERED
        return Outcome.NOT_IN_DOCUMENTS if self.found is False else Outcome.NOT_FOUND

    @property
    def said(self) -> str:
        """The text without the markers of its citations, which mean nothing away from them."""
        text = self.text
        for marker in {citation.marker for citation in self.citations}:
            text = text.replace(f" {marker}", "").replace(marker, "")
        return text

    def as_json(self) -> dict[str, Any]:
        """The object that `octavo ask --json` prints."""
        return {
            "question": self.question,
            "answer": self.text,
            "found": self.found,
            "outcome": self.outcome.value,
            "level": self.level,
            "citations": [citation_json(citation) for citation in self.citations],
            "passages": [
                {"document": document_json(p.document), "start": p.span.start, "end": p.span.end} for p in self.passages
            ],
            "coverage": coverage_json(self.coverage),
            "usage": usage_json(self.usage),
            "steps": [
                {
                    "question": step.question,
                    "answer": step.answer,
                    "citations": [citation_json(citation) for citation in step.citations],
                }
                for step in self.steps
            ],
            "warnings": list(self.warnings),
        }


def document_json(document: DocumentRef) -> dict[str, str]:
    """A document in JSON."""
    return {"id": document.id, "name": document.name}


def citation_json(citation: Citation) -> dict[str, Any]:
    """A citation in JSON."""
    return {
        "marker": citation.marker,
        "document": document_json(citation.document),
        "start": citation.span.start,
        "end": citation.span.end,
        "quote": citation.quote,
        "page": citation.page,
        "section": list(citation.section),
        "support": citation.support,
    }


def coverage_json(coverage: Coverage) -> dict[str, int]:
    """What was covered, in JSON."""
    return {
        "chunks": coverage.chunks,
        "read": coverage.read,
        "relevant": coverage.relevant,
        "failed": coverage.failed,
        "skipped": coverage.skipped,
    }


def usage_json(usage: Usage) -> dict[str, int | float]:
    """The account, in JSON."""
    return {
        "calls": usage.calls,
        "reused_calls": usage.reused_calls,
        "prompt_tokens": usage.prompt_tokens,
        "cached_tokens": usage.cached_tokens,
        "completion_tokens": usage.completion_tokens,
        "seconds": round(usage.seconds, 3),
    }
