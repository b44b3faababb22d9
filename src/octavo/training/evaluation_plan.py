"""What is measured while a model is trained, and when: plain data, a part of the recipe. Knows no torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from octavo.errors import UsageError
from octavo.evaluation.haystack import checked_depths, checked_lengths
from octavo.evaluation.names import Language


@dataclass(frozen=True, slots=True)
class Shown:
    """A prompt or a text that a model is shown to measure it, of so many tokens, `scored` of them; and the option that
    asks for it."""

    tokens: int
    scored: int
    option: str


@dataclass(frozen=True, slots=True)
class EvaluationPlan:
    """What is measured before the first step, after every `every` steps (0: not in between) and at each stage's end.

    - `lengths`: whole prompts of so many tokens in which a needle is looked for, at each of `depths` (percent of the
      text), `needles` of them each.
    - `text`: held-out long text, in files and folders. Needles are hidden in it, in made-up text without it; and it is
      read up to `reach` tokens, `stretches` times, for the loss by position (0: never).
    - `language`: of the needles and of made-up text.
    - `short`: held-out short samples, as the data's; their loss shows whether short skills are kept.
    """

    every: int = 0
    lengths: tuple[int, ...] = ()
    depths: tuple[float, ...] = (0.0, 50.0, 100.0)
    needles: int = 2
    text: tuple[Path, ...] = ()
    reach: int = 0
    stretches: int = 2
    language: Language = "en"
    short: tuple[Path, ...] = ()

    def __post_init__(self) -> None:
        checked_lengths(self.lengths)
        checked_depths(self.depths)
        if self.every < 0 or self.reach < 0 or self.stretches < 1 or self.needles < 1:
            raise UsageError("an evaluation needs at least one needle and one stretch, and no number below 0")
        if self.lengths and not self.depths:
            raise UsageError("needles need at least one depth, in percent, such as 50")
        if self.reach and not self.text:
            raise UsageError("the loss by position needs held-out text: name a file or a folder of it")
        if not self.lengths and not self.reach and not self.short:
            raise UsageError("there is nothing to evaluate: give lengths for needles, held-out text, or short samples")

    def due(self, stage: int, step: int, steps: int) -> bool:
        """Whether something is measured after `step` of the `steps` of a stage (counted from 1)."""
        begins = step == 0
        return stage == 1 if begins else step >= steps or (self.every > 0 and step % self.every == 0)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> EvaluationPlan:
        """What `as_json` gave."""
        paths = {name: tuple(Path(path) for path in values[name]) for name in ("text", "short")}
        return cls(**{**values, **paths, "lengths": tuple(values["lengths"]), "depths": tuple(values["depths"])})

    def as_json(self) -> dict[str, Any]:
        """As it is kept in the recipe."""
        return {**asdict(self), "text": [str(path) for path in self.text], "short": [str(path) for path in self.short]}
