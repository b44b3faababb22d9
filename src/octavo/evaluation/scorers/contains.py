"""References that stand in the answer: RULER's scores (Hsieh et al., "RULER", COLM 2024, arXiv 2404.06654), and one
that looks at whole words."""

from __future__ import annotations

from octavo.evaluation.item import Item
from octavo.evaluation.scorers.normalise import squad_words


def contains_all(item: Item, text: str) -> float:
    """The share of the references that stand in the answer, whatever their case (`string_match_all`)."""
    said = text.lower()
    return sum(reference.lower() in said for reference in item.answers) / len(item.answers)


def contains_any(item: Item, text: str) -> float:
    """Whether one of the references stands in the answer, whatever its case (`string_match_part`; qa_1 and qa_2)."""
    said = text.lower()
    return float(any(reference.lower() in said for reference in item.answers))


def contains_words(item: Item, text: str) -> float:
    """Whether the words of one of the references stand in the answer, one after the other, as SQuAD compares words:
    "no" does not stand in "none"."""
    said = _spaced(text)
    return float(any(reference in said for answer in item.answers if (reference := _spaced(answer)).strip()))


def _spaced(text: str) -> str:
    return f" {' '.join(squad_words(text))} "
