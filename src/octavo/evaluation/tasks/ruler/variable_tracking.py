"""VT: which variables hold a value, through a chain of assignments (RULER, `data/synthetic/variable_tracking.py`)."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from string import ascii_uppercase

from octavo.evaluation.haystack import insert
from octavo.evaluation.item import Evidence
from octavo.evaluation.tasks.ruler.drafts import Draft
from octavo.evaluation.tasks.ruler.needles import NOISE

TOKENS_TO_GENERATE = 30
HOPS = 4
"""Of the one chain."""

_EXAMPLE_LINES = 12
"""Of noise in the example, which makes it about as long as the 500 tokens that RULER gives it, prompt and all."""

# The wording is RULER's (`data/synthetic/constants.py`).
_BEFORE = "Memorize and track the chain(s) of variable assignment hidden in the following text."
_QUESTION = "Question: Find all variables that are assigned the value {value} in the text above."
_ANSWER = (
    " Answer: According to the chain(s) of variable assignment in the text above, {count} variables are assigned the "
    "value {value}, they are: "
)


def variable_draft(seed: str) -> Callable[[int], Draft]:
    """A draft of so many lines of noise, with one worked example before it."""

    def build(lines: int) -> Draft:
        rng = Random(seed)
        example = _draft(rng, _EXAMPLE_LINES, letters=3)
        asked = _draft(rng, lines, letters=5)
        shown = f"{example.before}{example.context}{example.after}{' '.join(example.answers)}\n\n"
        return Draft(asked.context, shown + asked.before, asked.after, asked.question, asked.answers, asked.evidence)

    return build


def _draft(rng: Random, lines: int, *, letters: int) -> Draft:
    variables: dict[str, None] = {}
    while len(variables) <= HOPS:
        variables["".join(rng.choices(ascii_uppercase, k=letters))] = None
    names = tuple(variables)
    value = str(rng.randint(10_000, 99_999))
    chain = [f"VAR {names[0]} = {value}"]
    chain += [f"VAR {names[hop + 1]} = VAR {names[hop]}" for hop in range(HOPS)]
    places = sorted(rng.sample(range(lines), len(chain)))
    step = len(NOISE) + 1
    text = f"{NOISE}\n" * lines
    hidden = insert(text, len(text), [(place * step, f"{link}\n") for place, link in zip(places, chain, strict=True)])
    question = _QUESTION.format(value=value)
    return Draft(
        context=hidden.text.removesuffix("\n"),
        before=f"{_BEFORE}\n\n",
        after=f"\n{question}{_ANSWER.format(count=HOPS + 1, value=value)}",
        question=f"{_BEFORE}\n{question}",
        answers=names,
        evidence=tuple(Evidence(link, span) for link, span in zip(chain, hidden.spans, strict=True)),
    )
