"""Everything that happens while documents are read, as typed, frozen events.

Progress bars, the closing account, `Reader.stream()` and, later, the web page and training traces are all renderings
of these. The last event of a reading is `Answered`, of a summary `Summarised`, of one that fails `Failed`.
"""

from __future__ import annotations

from dataclasses import dataclass

from octavo.documents.document import DocumentRef
from octavo.reading.answer import Answer, Citation, Coverage, Finding, Level, Passage, Usage
from octavo.reading.question import QuestionAnalysis
from octavo.reading.summaries.summary import Summary


@dataclass(frozen=True, slots=True)
class LevelStarted:
    """Work at a level begins; `why` it was chosen (or climbed to)."""

    level: Level
    why: str


@dataclass(frozen=True, slots=True)
class QuestionRewritten:
    """A question of a conversation is asked in words that stand alone."""

    question: str
    standalone: str


@dataclass(frozen=True, slots=True)
class QuestionAnalysed:
    """The question is split into information and instruction, with keywords."""

    analysis: QuestionAnalysis


@dataclass(frozen=True, slots=True)
class ChunkRead:
    """One chunk is read (all of a call's chunks are reported one by one); `findings` has one for each question that it
    helps to answer.

    `tokens` are the chunk's own; `reused` says that the ledger had the reply."""

    document: DocumentRef
    index: int
    tokens: int
    findings: tuple[Finding, ...]
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
class RoundStarted:
    """All chunks are read once more, for the `number`-th time, with `notes` of what was found so far."""

    number: int
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SubQuestionAsked:
    """A step of the level `reason` looks something up; `step` counts from 1."""

    step: int
    question: str


@dataclass(frozen=True, slots=True)
class SubQuestionAnswered:
    """What looking it up came to; `found` as in `Answer`."""

    step: int
    question: str
    answer: str
    found: bool | None
    citations: tuple[Citation, ...]


@dataclass(frozen=True, slots=True)
class PartSummarised:
    """One part of the documents is summarised, from its text or from the summaries of its parts; `document` is None for
    one that is made of documents. `text` is empty where it says nothing on the focus. `tokens` are those of its text
    where it was shown, else 0, and `chunks` those that are covered with it; `reused` says that the ledger had the
    reply."""

    document: DocumentRef | None
    title: str
    text: str
    tokens: int
    chunks: int
    coverage: Coverage
    reused: bool


@dataclass(frozen=True, slots=True)
class ToolCalled:
    """A step of the level `reason` called a tool; `text` is what it gave, or why it `failed`."""

    step: int
    call: str
    text: str
    failed: bool


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
    """A question is answered; of a single question the last event."""

    answer: Answer


@dataclass(frozen=True, slots=True)
class BatchFinished:
    """Several questions are answered; `usage` is the account of the whole, `warnings` are those about it."""

    usage: Usage
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Failed:
    """The reading of a single question ends with an error, which is raised next; `usage` is its account until then."""

    usage: Usage


@dataclass(frozen=True, slots=True)
class Summarised:
    """The documents are summarised."""

    summary: Summary


Event = (
    LevelStarted
    | QuestionRewritten
    | QuestionAnalysed
    | ChunkRead
    | ChunkFailed
    | RoundStarted
    | SubQuestionAsked
    | SubQuestionAnswered
    | ToolCalled
    | PartSummarised
    | PassagesPacked
    | Warned
    | AnswerDelta
    | Answered
    | BatchFinished
    | Failed
    | Summarised
)
