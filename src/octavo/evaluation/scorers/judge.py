"""A model judges whether an answer says what the reference says.

Knows nothing of models: it is given a function that asks one.
"""

from __future__ import annotations

from collections.abc import Callable

import regex

from octavo.evaluation.item import Item

_PROMPT = """\
Question: {question}

Right answer: {reference}

Answer to judge: {answer}

Does the answer to judge say the same as the right answer? It may say it in other words and say more, but must not \
contradict it. Reply with one word: yes or no."""
_VERDICT = regex.compile(r"\b(yes|no)\b", regex.IGNORECASE)


class Judge:
    """A scorer that puts question, references and answer to a model with `ask`, which returns the reply to a prompt: 1
    for a yes, 0 for a no. A reply that is neither counts as no; an empty answer is not put to it."""

    def __init__(self, ask: Callable[[str], str]) -> None:
        self._ask = ask

    def __call__(self, item: Item, text: str) -> float:
        """1 or 0. Raises what `ask` raises."""
        if not text.strip():
            return 0.0
        prompt = _PROMPT.format(question=item.question, reference=" / ".join(item.answers), answer=text)
        verdict = _VERDICT.search(self._ask(prompt))
        return float(verdict is not None and verdict[1].lower() == "yes")
