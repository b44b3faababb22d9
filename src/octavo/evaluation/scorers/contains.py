"""RULER's scores: references that stand in the answer (Hsieh et al., "RULER", COLM 2024, arXiv 2404.06654)."""

from __future__ import annotations

from octavo.evaluation.item import Item


def contains_all(item: Item, text: str) -> float:
    """The share of the references that stand in the answer, whatever their case (`string_match_all`)."""
    said = text.lower()
    return sum(reference.lower() in said for reference in item.answers) / len(item.answers)


def contains_any(item: Item, text: str) -> float:
    """Whether one of the references stands in the answer, whatever its case (`string_match_part`; qa_1 and qa_2)."""
    said = text.lower()
    return float(any(reference.lower() in said for reference in item.answers))
