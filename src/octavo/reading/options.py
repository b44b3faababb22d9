"""How to read: the settings of a reading, its budget, and the estimate of its price.

Every default that depends on the kind of model is decided here, in `ReadingOptions.for_model`, and nowhere else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from octavo.errors import UsageError
from octavo.models.chat import ChatModel
from octavo.models.embedded import EmbeddedModel
from octavo.models.install import SMALL, SMALL_RAW
from octavo.reading.answer import Level

Strategy = Literal["number", "quote", "opening"]
"""How the reader points at sentences: by number, by copying them, or by their opening words."""

Highest = Literal["retrieve", "read", "reason"]
"""How far "auto" may climb."""

Calling = Literal["schema", "native"]
"""How a model calls tools."""

LevelChoice = Literal["auto", "whole", "retrieve", "read", "reason"]
"""A level, or the cheapest that suffices."""


@dataclass(frozen=True, slots=True)
class ReadingOptions:
    """The settings of a reading; all lengths in the model's tokens. None means: the default of this kind of model.

    - `chunk_tokens`: the most that a chunk holds.
    - `strategy`: how the reader points at sentences.
    - `read_tokens`: the most that one reading call is shown: neighbouring chunks are shown together up to it. None: one
      chunk a call.
    - `reply_tokens`: the longest reply of a reader about one question. None: what the strategy needs.
    - `questions_at_once`: the most questions that one reading call is asked.
    - `rounds`: how often the documents are read; from the second time on, every chunk with what the time before found
      as notes, until nothing new is found.
    - `steps`: the most steps of the level `reason`.
    - `calling`: how the model plans a step of `reason`: by a schema, which any server takes, or by the endpoint's own
      tool calls ("native").
    - `highest`: the highest level that "auto" climbs to.
    - `fill`: the most that the passages shown to the answering model hold. None: all that the window leaves.
    - `answer_tokens`: the longest answer.
    - `analyse`: whether the model splits the question and writes keywords. The smallest models only repeat the prompt.
    - `judge`: whether "auto" asks the model if what was retrieved suffices, before it answers from that. The smallest
      models do not know.
    - `threshold`: where the endpoint returns logprobs, a chunk counts as relevant when its confidence (0 to 1) reaches
      this, whatever the reply: the dial between recall and cost. None: as the reply says.
    - `cite`: whether the model is asked to mark its sources. The smallest models only repeat the marks.
    - `attribute`: whether code cites a sentence that the model left uncited, where a passage bears it out.
    - `support`: who judges whether a cited place supports its sentence: a lexical check, or the model.
    - `fresh`: ask again what the ledger knows.
    - `concurrency`: calls at once. None: adapted to the server.
    """

    chunk_tokens: int = 512
    strategy: Strategy | None = None
    read_tokens: int | None = None
    reply_tokens: int | None = None
    questions_at_once: int | None = None
    rounds: int = 1
    steps: int = 6
    calling: Calling = "schema"
    highest: Highest | None = None
    fill: int | None = None
    answer_tokens: int | None = None
    analyse: bool | None = None
    judge: bool | None = None
    threshold: float | None = None
    cite: bool | None = None
    attribute: bool = True
    support: Literal["lexical", "model"] = "lexical"
    fresh: bool = False
    concurrency: int | None = None

    def __post_init__(self) -> None:
        least = {
            "chunk_tokens": 64,
            "read_tokens": 1,
            "reply_tokens": 4,
            "questions_at_once": 1,
            "rounds": 1,
            "steps": 1,
            "fill": 64,
            "answer_tokens": 1,
            "concurrency": 1,
        }
        for name, smallest in least.items():
            value = getattr(self, name)
            if value is not None and value < smallest:
                raise UsageError(f"{name.replace('_', '-')} {value} is too little: {smallest} is the least")
        if self.threshold is not None and not 0 <= self.threshold <= 1:
            raise UsageError(f"threshold {self.threshold} is not a probability: give a number from 0 to 1")

    @property
    def cited_by_code(self) -> bool:
        """Whether the model is not asked to cite, as only a small one is not, and code looks up the places."""
        return self.cite is False and self.attribute

    def for_model(self, model: ChatModel, window: int) -> ReadingOptions:
        """These options with each None that depends on the model replaced by its default."""
        like = model.like if isinstance(model, EmbeddedModel) else None
        of_model = _OF_SMALL[like] if like is not None else _OF_OTHERS
        defaults = {"answer_tokens": min(1024, window // 6), **of_model}
        return replace(self, **{name: value for name, value in defaults.items() if getattr(self, name) is None})


SMALL_MODEL_ANSWER = 160

_OF_OTHERS: Mapping[str, Any] = {
    "strategy": "number",
    "analyse": True,
    "judge": True,
    "cite": True,
    "questions_at_once": 6,
    "highest": "reason",
}

_OF_RAW: Mapping[str, Any] = {
    "strategy": "quote",
    # The beginning of a sentence names it; the smallest model copies on and on, and a token written costs three read.
    "reply_tokens": 16,
    "analyse": False,
    # Taught to, it is right about 54 % of the passages (`benchmarks/embedded_reader.py`), and each verdict is a prompt.
    "judge": False,
    "cite": False,
    "questions_at_once": 2,
    "highest": "read",
    # At 600, 1,200 and 2,400 tokens the passages held the answer to 15, 31 and 39 questions of 40, and 3, 3 and 6
    # answers were right (`benchmarks/embedded_fill.py`): more is held, but hardly more is made of it, for twice the
    # time.
    "fill": 1200,
    "answer_tokens": SMALL_MODEL_ANSWER,
}

_OF_SMALL: Mapping[str, Mapping[str, Any]] = {
    SMALL_RAW: _OF_RAW,
    SMALL: {**_OF_RAW, "questions_at_once": 1},  # as it was taught
}


@dataclass(frozen=True, slots=True)
class Budget:
    """Hard caps on one reading: `tokens` (prompt and completion, of the calls paid now) and `seconds` of wall time."""

    tokens: int | None = None
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a reading will cost, before any call is made.

    `calls` include the `reused_calls`, which the ledger has; tokens are of the others, `completion_tokens` at most.
    `seconds` comes from the rate measured in earlier calls to this model; None where there were none. `chunks` and
    `document_tokens` tell how much there is to read; `passes` how often it may be read at most, the figures being of
    one time.
    """

    level: Level
    chunks: int
    document_tokens: int
    calls: int
    reused_calls: int
    prompt_tokens: int
    completion_tokens: int
    seconds: float | None
    passes: int = 1
