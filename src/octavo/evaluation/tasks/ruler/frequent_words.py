"""FWE: the three most frequent words of a coded text (RULER, `data/synthetic/freq_words_extraction.py`).

The frequencies follow the zeta distribution: the word of rank k stands in the text floor(n * k^-2 / zeta(2)) times, n
being the size. The first rank is dots, which are to be ignored. All of the text holds the answer, so no part of it is
evidence.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from random import Random
from string import ascii_lowercase

from octavo.evaluation.tasks.ruler.drafts import Draft

TOKENS_TO_GENERATE = 50
LEAST = 60
"""The size from which the fourth rank is more frequent than the fifth."""

_ZETA_OF_2 = math.pi**2 / 6
_LETTERS = 6
_TOKENS_PER_WORD = 50
_DOTS = "..."
_ASKED = 3

# The wording is RULER's (`data/synthetic/constants.py`).
_BEFORE = (
    "Read the following coded text and track the frequency of each coded word. Find the three most frequently appeared "
    "coded words."
)
_QUESTION = (
    "Question: Do not provide any explanation. Please ignore the dots '....'. What are the three most frequently "
    "appeared words in the above coded text?"
)
_ANSWER = " Answer: According to the coded text above, the three most frequently appeared words are:"


def frequent_draft(seed: str, length: int) -> Callable[[int], Draft]:
    """A draft of a size, with a vocabulary of one word for every 50 tokens of `length`."""

    def build(size: int) -> Draft:
        rng = Random(seed)
        coded: dict[str, None] = {}
        while len(coded) < max(_ASKED + 2, length // _TOKENS_PER_WORD):
            coded["".join(rng.choices(ascii_lowercase, k=_LETTERS))] = None
        vocabulary = [_DOTS, *list(coded)[1:]]
        words = [
            word for rank, word in enumerate(vocabulary, start=1) for _ in range(int(size * rank**-2 / _ZETA_OF_2))
        ]
        rng.shuffle(words)
        return Draft(
            context=" ".join(words),
            before=f"{_BEFORE} ",
            after=f"\n{_QUESTION}{_ANSWER}",
            question=f"{_BEFORE}\n{_QUESTION}",
            answers=tuple(vocabulary[1 : 1 + _ASKED]),
        )

    return build
