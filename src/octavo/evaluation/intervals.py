"""How sure a mean is: confidence intervals.

Knows numbers; nothing of what they measure.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist, fmean


@dataclass(frozen=True, slots=True)
class Interval:
    """From `low` to `high`, both within."""

    low: float
    high: float


def wilson(successes: float, trials: int, *, confidence: float = 0.95) -> Interval:
    """Wilson's score interval of a share (E. B. Wilson, "Probable Inference, the Law of Succession, and Statistical
    Inference", JASA 22, 1927): honest for few trials, and for shares of 0 and 1. Raises `ValueError` without trials."""
    if trials < 1:
        raise ValueError("an interval needs at least one trial")
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    share = successes / trials
    scale = 1 + z * z / trials
    centre = (share + z * z / (2 * trials)) / scale
    half = z / scale * math.sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials))
    return Interval(max(0.0, centre - half), min(1.0, centre + half))


def bootstrap_mean(
    values: Sequence[float], *, seed: int = 0, confidence: float = 0.95, resamples: int = 2_000
) -> Interval:
    """The interval of a mean of scores from 0 to 1.

    Where all are 0 or 1, Wilson's; else the percentile bootstrap (B. Efron, "Bootstrap Methods: Another Look at the
    Jackknife", Annals of Statistics 7, 1979) with `resamples` draws by `seed`, joined with Wilson's for the same mean
    where there are fewer than 10 values: resampling a handful says too little. Raises `ValueError` without values.
    """
    count = len(values)
    share = wilson(min(max(sum(values), 0.0), count), count, confidence=confidence)
    if all(value in {0, 1} for value in values):
        return share
    draw = random.Random(seed).choices
    means = sorted(fmean(draw(values, k=count)) for _ in range(resamples))
    tail = round((1 - confidence) / 2 * (resamples - 1))
    interval = Interval(means[tail], means[-1 - tail])
    if count < 10:
        return Interval(min(interval.low, share.low), max(interval.high, share.high))
    return interval
