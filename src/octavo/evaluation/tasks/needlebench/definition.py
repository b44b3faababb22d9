"""What NeedleBench fixes in its two versions: lengths, depths, buffers, repeats, weights.

From OpenCompass, `configs/datasets/needlebench` and `needlebench_v2` (Li et al. 2024, arXiv:2407.11963). Plain numbers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from octavo.errors import EvaluationError, UsageError
from octavo.evaluation.names import Language

Version = Literal["v1", "v2"]
TaskName = Literal["s_rt", "m_rt", "m_rs", "atc"]

TASKS: tuple[TaskName, ...] = ("s_rt", "m_rt", "m_rs", "atc")
"""Single retrieval, multi retrieval, multi reasoning, ancestral trace."""

LANGUAGES: tuple[Language, ...] = ("en", "zh")


@dataclass(frozen=True)
class Definition:
    """One version. Lengths and buffers are tokens, depths percent of the haystack's tokens; `buffers` are kept free for
    question and answer; `weights` make the overall score of the means of three tasks."""

    version: Version
    length_sets: Mapping[str, tuple[int, ...]]
    depths: tuple[int, ...]
    buffers: Mapping[tuple[TaskName, Language], int]
    repeats: Mapping[TaskName, int]
    reasoning_needles: tuple[int, ...]
    trace_needles: tuple[int, ...]
    weights: Mapping[TaskName, float]

    @property
    def lengths(self) -> tuple[int, ...]:
        """The lengths of the 256k set, which are asked for unless others are."""
        return self.length_sets["256k"]


REASONING_GAP = 10
"""Percent of the haystack's tokens between two needles of one chain."""

V1 = Definition(
    version="v1",
    length_sets={
        "128k": tuple(range(16_000, 128_001, 16_000)),
        "256k": (32_000, 128_000, 256_000),
        "1000k": tuple(range(20_000, 1_000_001, 140_000)),
    },
    depths=(0, 10, 21, 31, 42, 52, 63, 73, 84, 94, 100),
    # The configuration of M-RT keeps more free than those of the other two: it asks eleven questions.
    buffers={
        ("s_rt", "en"): 600,
        ("s_rt", "zh"): 200,
        ("m_rt", "en"): 3_000,
        ("m_rt", "zh"): 200,
        ("m_rs", "en"): 600,
        ("m_rs", "zh"): 200,
    },
    repeats={"s_rt": 10, "m_rt": 25, "m_rs": 10, "atc": 30},
    reasoning_needles=(2, 3, 4, 5),
    trace_needles=tuple(range(2, 100, 3)),
    weights={"s_rt": 0.4, "m_rt": 0.3, "m_rs": 0.3},
)

V2 = Definition(
    version="v2",
    length_sets={
        "128k": (1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 64_000, 128_000),
        "256k": (32_000, 128_000, 256_000),
        "1000k": (1_000, *range(125_000, 1_000_001, 125_000)),
    },
    depths=tuple(range(0, 101, 10)),
    buffers={
        ("s_rt", "en"): 3_000,
        ("s_rt", "zh"): 200,
        ("m_rt", "en"): 3_000,
        ("m_rt", "zh"): 200,
        ("m_rs", "en"): 3_000,
        ("m_rs", "zh"): 200,
    },
    repeats={"s_rt": 10, "m_rt": 25, "m_rs": 10, "atc": 10},
    reasoning_needles=(2, 3, 4, 5),
    trace_needles=tuple(2**power for power in range(1, 10)),
    weights={"s_rt": 1 / 3, "m_rt": 1 / 3, "m_rs": 1 / 3},
)


def definition_of(version: str) -> Definition:
    """The definition by its name, "v1" or "v2". Raises `UsageError` for any other."""
    for each in (V1, V2):
        if each.version == version:
            return each
    raise UsageError(f"NeedleBench has no version {version}; there are v1 and v2")


def overall(means: Mapping[str, float], version: str) -> float:
    """The overall score of the means of S-RT, M-RT and M-RS: v1 0.4, 0.3 and 0.3, v2 their mean. Raises
    `EvaluationError` where one of them was not asked for."""
    weights = definition_of(version).weights
    missing = [task for task in weights if task not in means]
    if missing:
        raise EvaluationError(f"the overall score of NeedleBench needs {', '.join(missing)} too; run them")
    return sum(weight * means[task] for task, weight in weights.items())


def trace_total(means: Mapping[int, float]) -> float:
    """The score of the ancestral trace in v2, from the mean P of each number of needles N: sum(P * N) / sum(N)."""
    return sum(mean * needles for needles, mean in means.items()) / sum(means)


def effective_needles(means: Mapping[int, float], threshold: float = 0.5) -> int:
    """ENL-50 of v2: the largest number of needles whose mean is at least `threshold` (the means being from 0 to 1); 0
    where none is."""
    return max((needles for needles, mean in means.items() if mean >= threshold), default=0)
