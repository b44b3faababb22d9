"""CWE: the ten words of a list that stand in it most often (RULER, `data/synthetic/common_words_extraction.py`).

All of the list holds the answer, so no part of it is evidence.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from random import Random

from octavo.evaluation.names import english_words, made_up_words
from octavo.evaluation.tasks.ruler.drafts import Draft

TOKENS_TO_GENERATE = 120
COMMON = 10
"""Words that are asked for."""

_SHORT = 4_096
"""Tokens below which the words stand in the list less often."""

# The wording is RULER's (`data/synthetic/constants.py`).
_BEFORE = (
    "Below is a numbered list of words. In these words, some appear more often than others. Memorize the ones that "
    "appear most often."
)
_QUESTION = "Question: What are the 10 most common words in the above list?"
_ANSWER = " Answer: The top 10 words that appear most often in the list are:"


def common_draft(seed: str, length: int) -> Callable[[int], Draft]:
    """A draft of so many different words: ten common ones, each 30 times, the others 3 times, and an example before it
    (in contexts of less than 4,096 tokens 6 times and once). Words that English has not enough of are made up."""

    def build(words: int) -> Draft:
        rng = Random(seed)
        if length < _SHORT:
            example = _listed(rng, 20, 3, 1)
            asked = _listed(rng, words, 6, 1)
        else:
            example = _listed(rng, 40, 10, 3)
            asked = _listed(rng, words, 30, 3)
        after = f"\n{_QUESTION}{_ANSWER}"
        shown = f"{_BEFORE}\n{example[0]}{after} {_numbered(example[1])}\n"
        return Draft(asked[0], f"{shown}{_BEFORE}\n", after, f"{_BEFORE}\n{_QUESTION}", tuple(asked[1]))

    return build


def _listed(rng: Random, count: int, common_times: int, other_times: int) -> tuple[str, list[str]]:
    words = _words(count, rng)
    common, others = words[:COMMON], words[COMMON:]
    listed = common * common_times + others * other_times
    rng.shuffle(listed)
    return _numbered(listed), common


def _numbered(words: list[str]) -> str:
    return " ".join(f"{number}. {word}" for number, word in enumerate(words, start=1))


def _words(count: int, rng: Random) -> list[str]:
    english = _english()
    if count <= len(english):
        return rng.sample(english, count)
    extra = made_up_words(count - len(english), rng, besides=frozenset(english))
    words = [*english, *extra]
    rng.shuffle(words)
    return words


@cache
def _english() -> tuple[str, ...]:
    return tuple(sorted({*english_words("noun"), *english_words("adjective"), *english_words("verb")}))
