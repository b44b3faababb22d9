"""What is trained, on what, and how: all of it as plain data, checked before anything is loaded.

A recipe becomes TRL's and PEFT's configuration in `sft.py`; it says nothing that these libraries decide better. Knows
no torch.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from octavo.errors import TrainingError, UsageError
from octavo.training.evaluation_plan import EvaluationPlan

Method = Literal["lora", "qlora", "full"]
"""What is trained: low-rank adapters (Hu et al. 2021, arXiv 2106.09685), the same on a base in 4 bits (Dettmers et al.
2023, arXiv 2305.14314), or every weight."""

RopeKind = Literal["none", "linear", "dynamic", "yarn", "abf"]
"""How positions are stretched (`model/rope.py`); `none` leaves them as they are."""

_SEEDS = 2**32
"""As many as numpy takes."""


@dataclass(frozen=True, slots=True)
class Lora:
    """Low-rank adapters on every linear layer but the head: `rank`, `alpha` (the update is scaled by alpha ÷ rank) and
    `dropout`."""

    rank: int = 16
    alpha: int = 32
    dropout: float = 0.0


@dataclass(frozen=True, slots=True)
class Stage:
    """A part of the training: samples of at most `length` tokens, `epochs` times over, or `steps` steps where given."""

    length: int
    epochs: float = 1.0
    steps: int | None = None


@dataclass(frozen=True, slots=True)
class Recipe:
    """All that decides what comes out of a training, with `seed`.

    `model` is a hub's name, a folder, or a `.gguf` file. `data` are JSONL or Parquet files (`data/samples.py`);
    `short_data` holds short samples, mixed in as `short_share` of each stage's samples to keep short skills; a share of
    1 is the control: an epoch has as many tokens, of short samples alone.
    `stages` grow in length; the RoPE extension `rope` is set once, for the longest, with the base frequency
    `rope_theta` where it is "abf" (None: the least that covers the length). `batch_tokens` is how many tokens, about,
    one optimizer step sees; `micro_batch` samples of about the same length are shown at a time (one, unless said
    otherwise) and the gradients of all added up.
    `learning_rate` rises over the first `warmup` share of the steps and falls along a cosine. `packing` puts short
    samples together into rows of the stage's length. `template` is a chat template with marks
    (`data/templates.py`), for a model whose own is not known. `evaluation` is what is measured on the way.
    `start` is what is trained on: the folder of another training, finished, of the same model by the same method, or a
    LoRA adapter of the model in a GGUF file.
    """

    model: str
    data: tuple[Path, ...]
    stages: tuple[Stage, ...]
    method: Method = "lora"
    rope: RopeKind = "none"
    rope_theta: float | None = None
    lora: Lora = Lora()
    learning_rate: float = 2e-4
    warmup: float = 0.03
    weight_decay: float = 0.0
    batch_tokens: int = 16_384
    micro_batch: int = 1
    packing: bool = False
    checkpointing: bool = True
    short_data: tuple[Path, ...] = ()
    short_share: float = 0.0
    template: Path | None = None
    save_steps: int = 50
    seed: int = 0
    evaluation: EvaluationPlan | None = None
    start: Path | None = None

    def __post_init__(self) -> None:
        lengths = [stage.length for stage in self.stages]
        if not lengths:
            raise UsageError("a training needs at least one stage, such as --stages 8k")
        if lengths != sorted(set(lengths)) or lengths[0] < 1:
            raise UsageError(f"stages grow in length; these are {', '.join(f'{length:,}' for length in lengths)}")
        if not 0.0 < self.learning_rate < math.inf or self.batch_tokens < 1:
            raise UsageError("a learning rate is above 0, and a step sees at least a token")
        if not 0 <= self.seed < _SEEDS:
            raise UsageError(f"a seed is from 0 to below {_SEEDS:,}, not {self.seed:,}")
        if not 0.0 <= self.short_share <= 1.0:
            raise UsageError(f"the share of short samples is from 0 to 1, not {self.short_share:g}")
        if self.short_share and not self.short_data:
            raise UsageError("a share of short samples needs a file of them: name one with --short-data")
        if self.short_data and not self.short_share:
            raise UsageError("short samples are mixed in as a share of all: give it with --short-share, such as 0.3")

    @property
    def longest(self) -> int:
        """The length of the last stage, in tokens: how far the model is to read."""
        return self.stages[-1].length

    @property
    def positions(self) -> dict[str, Any]:
        """How positions are stretched, in `load_model`'s words."""
        return {"rope": self.rope, "reach": self.longest, "theta": self.rope_theta}

    def as_json(self) -> Mapping[str, Any]:
        """The recipe as it is kept beside what came out of it."""
        return {
            **asdict(self),
            "data": [str(path) for path in self.data],
            "short_data": [str(path) for path in self.short_data],
            "template": str(self.template) if self.template is not None else None,
            "evaluation": self.evaluation.as_json() if self.evaluation is not None else None,
            "start": str(self.start) if self.start is not None else None,
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Recipe:
        """What `as_json` gave. Raises `TrainingError` where it is none."""
        try:
            evaluation, start = values.get("evaluation"), values.get("start")  # runs of before have none
            return cls(
                **{
                    **values,
                    "data": tuple(Path(path) for path in values["data"]),
                    "short_data": tuple(Path(path) for path in values["short_data"]),
                    "template": Path(values["template"]) if values["template"] is not None else None,
                    "stages": tuple(Stage(**stage) for stage in values["stages"]),
                    "lora": Lora(**values["lora"]),
                    "evaluation": EvaluationPlan.from_json(evaluation) if evaluation is not None else None,
                    "start": Path(start) if start is not None else None,
                }
            )
        except (KeyError, TypeError, ValueError) as error:
            raise TrainingError(f"a recipe that cannot be read ({error}): was it made by another octavo?") from error
