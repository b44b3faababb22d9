"""What every benchmark is made of: items to answer, and what was answered.

A task makes `Item`s, a method turns each into a `Prediction`, a scorer compares the two. Plain frozen data; knows
nothing of models or files.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from octavo.documents.document import Span


@dataclass(frozen=True, slots=True)
class Evidence:
    """A place that holds what is asked for: `text` stands in the item's context at `span` (characters)."""

    text: str
    span: Span


@dataclass(frozen=True, slots=True)
class Item:
    """One question of a benchmark about one context.

    `id` is unique within a run and says what the item is. `context` is the whole long text; `question` what is asked
    about it, with the instructions that the benchmark gives beside it; `answers` are the references, in the benchmark's
    own order. `evidence` are the places that hold the answer, where they are known. `conditions` are what results are
    grouped by, such as {"length": 32000, "depth": 50, "language": "en"}; `data` is what the scorer needs besides
    (choices, keywords, gold chains). `answer_tokens` is the longest answer that the benchmark asks a model for, None
    where it names none. Items with the same context share the same string.
    """

    id: str
    context: str
    question: str
    answers: tuple[str, ...]
    evidence: tuple[Evidence, ...] = ()
    conditions: Mapping[str, Any] = field(default_factory=dict)
    data: Mapping[str, Any] = field(default_factory=dict)
    answer_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class Prediction:
    """What a method answered to an item. `text` is None where the method failed, for `error`; that counts as wrong.

    `shown` are the spans of the context that the final prompt held (None where the method cannot say), `pointed` those
    that a reader pointed at, `cited` those that the answer cites; `found` and `level` as in octavo's `Answer`. `calls`,
    `reused_calls`, `prompt_tokens`, `completion_tokens` and `seconds` are what it cost now.
    """

    item_id: str
    text: str | None
    error: str | None = None
    found: bool | None = None
    level: str | None = None
    shown: tuple[Span, ...] | None = None
    pointed: tuple[Span, ...] | None = None
    cited: tuple[Span, ...] | None = None
    calls: int = 0
    reused_calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    seconds: float = 0.0


COSTS = ("calls", "reused_calls", "prompt_tokens", "completion_tokens", "seconds")
"""What a prediction cost, by the names that these have in `Prediction` and in octavo's `Usage`."""


class Task(Protocol):
    """A benchmark with all its settings: what to ask and how to score it.

    `name` is the benchmark's official name only where its definition and data are followed; else it ends in "-style".
    """

    @property
    def name(self) -> str:
        """Such as "needlebench-v2-style"."""
        ...

    @property
    def scorers(self) -> Mapping[str, Scorer]:
        """By the name of the measure; the first is the headline."""
        ...

    def items(self) -> Iterator[Item]:
        """All items, in an order that is the same every time. Raises `EvaluationError` for data that is not the
        benchmark's, naming file, line and field, and for too little text: before the first item, since each may cost
        the user a long prompt."""
        ...

    def settings(self) -> Mapping[str, Any]:
        """All that is needed to make the same items again, as JSON."""
        ...


class Scorer(Protocol):
    """Compares an answer with the item's references."""

    def __call__(self, item: Item, text: str, /) -> float | None:
        """From 0 (wrong) to 1 (right); None where it does not apply to the item. The headline always applies."""
        ...
