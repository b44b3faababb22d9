"""The pressure test: one needle at several depths of one haystack, a million tokens long unless said otherwise.

The last experiment of Qwen's article on agents that read a million tokens. Each item is nearly the same text, so a
method that remembers what it has read pays for the first depth only.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from random import Random
from typing import Any

from octavo.evaluation.haystack import Haystack, at_depth, checked_depths, checked_lengths
from octavo.evaluation.item import Evidence, Item, Scorer
from octavo.evaluation.names import Language
from octavo.evaluation.scorers.needle import single_v2
from octavo.evaluation.tasks.needlebench.needles import make_needles
from octavo.models.tokenizer import Tokenizer

TOKENS = 1_000_000
DEPTHS = (0, 25, 50, 75, 100)


class PressureTest:
    """`tokens` is the length of each context in tokens of `tokenizer`, needle included; `depths` are percent of the
    text's tokens, moved to the nearest sentence boundary. The paragraphs of `texts` are shuffled by `seed`, which also
    makes the needle. `items` raises `EvaluationError` for too little text."""

    name = "pressure"

    def __init__(
        self,
        tokenizer: Tokenizer,
        texts: Sequence[Path],
        *,
        language: Language = "en",
        tokens: int = TOKENS,
        depths: Sequence[float] = DEPTHS,
        seed: int = 0,
    ) -> None:
        self._tokenizer = tokenizer
        self._texts = tuple(texts)
        self._language: Language = language
        (self._tokens,) = checked_lengths([tokens])
        self._depths = checked_depths(depths)
        self._seed = seed

    @property
    def scorers(self) -> Mapping[str, Scorer]:
        """Whether the answer holds the keyword."""
        return {"score": single_v2}

    def items(self) -> Iterator[Item]:
        """One for each depth."""
        background = self._haystack.shuffled(self._seed).background(self._tokenizer, self._tokens)
        needle = Random(self._seed).choice(make_needles(self._language, self._seed))
        for depth in self._depths:
            hidden = background.hide([f"\n{needle.text}\n"], at_depth(depth), self._tokens, snap=True)
            yield Item(
                id=f"pressure/{self._language}/{self._tokens}/depth-{depth:g}",
                context=hidden.text,
                question=needle.question,
                answers=(needle.keyword,),
                evidence=(Evidence(needle.text, hidden.spans[0]),),
                conditions={
                    "task": "pressure",
                    "language": self._language,
                    "length": self._tokens,
                    "depth": depth,
                },
                data={"needle": needle.text},
            )

    def settings(self) -> Mapping[str, Any]:
        """Everything given, and the hash of the text."""
        return {
            "task": self.name,
            "language": self._language,
            "tokens": self._tokens,
            "depths": list(self._depths),
            "seed": self._seed,
            "tokenizer": self._tokenizer.id,
            "texts": self._haystack.id,
        }

    @cached_property
    def _haystack(self) -> Haystack:
        return Haystack.read(self._texts)
