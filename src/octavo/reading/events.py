"""Everything that happens while documents are read, as typed, frozen events.

Progress bars, the closing account, `Reader.stream()` and, later, the web page and training traces are all renderings
of these. The last event of a reading is `Answered`.
"""

from __future__ import annotations

from dataclasses import dataclass

from octavo.documents.document import DocumentRef
from octavo.reading.answer import Answer, Coverage, Finding, Level, Passage
from octavo.reading.question import QuestionAnalysis


@dataclass(frozen=True, slots=True)
class LevelStarted:
    """Work at a level begins; `why` it was chosen (or climbed to)."""

    level: Level
    why: str


@dataclass(frozen=True, slots=True)
class QuestionAnalysed:
    """The question is split into information and instruction, with keywords."""

    analysis: QuestionAnalysis


@dataclass(frozen=True, slots=True)
class ChunkRead:
    """One chunk is read (all of a call's chunks are reported one by one); `finding` is None where it does not help.

    `tokens` are the chunk's own; `reused` says that the ledger had the reply."""

    document: DocumentRef
    index: int
    tokens: int
    finding: Finding | None
    coverage: Coverage
    reused: bool


@dataclass(frozen=True, slots=True)
class ChunkFailed:
    """One chunk could not be read, for `reason`; the others are."""

    document: DocumentRef
    index: int
    reason: str
    coverage: Coverage


@dataclass(frozen=True, slots=True)
class PassagesPacked:
    """What the answering model will be shown, in document order; `tokens` of the whole prompt of `window`."""

    passages: tuple[Passage, ...]
    tokens: int
    window: int


@dataclass(frozen=True, slots=True)
class Warned:
    """Something the user should know that stops nothing."""

    message: str


@dataclass(frozen=True, slots=True)
class AnswerDelta:
    """The next piece of the answer; what was emitted is never withdrawn."""

    text: str


@dataclass(frozen=True, slots=True)
class Answered:
    """The reading is over."""

    answer: Answer


Event = LevelStarted | QuestionAnalysed | ChunkRead | ChunkFailed | PassagesPacked | Warned | AnswerDelta | Answered
