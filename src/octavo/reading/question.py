"""A question is split into what is asked and how the answer is wanted, and becomes keywords."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class QuestionAnalysis:
    """`information` is what the question asks, `instruction` how the answer is wanted; `keywords` are search words in
    the languages of the documents. `by_model` says that the model made it; else it is the question itself."""

    information: str
    instruction: str
    keywords: tuple[str, ...]
    by_model: bool
