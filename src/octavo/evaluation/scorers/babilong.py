"""BABILong's score (Kuratov et al., "BABILong", NeurIPS 2024, arXiv:2406.10149; `metrics.py` of booydar/babilong)."""

from __future__ import annotations

import re

from octavo.evaluation.item import Item

# Where the first sentence ends, or a model goes on with examples of its own.
_END = re.compile(r"\.|<context>|<example>")


def babilong(item: Item, text: str) -> float:
    """Whether the answer's first sentence (up to a point), lower-cased, names the target and no other label
    (`data["labels"]`) but those that stand in the question (`data["question"]`).

    A label is named where its letters stand, even inside a word; one of the question is never a target.
    """
    said = _END.split(text.lower())[0]
    asked = str(item.data["question"]).lower()
    labels = {str(label).lower() for label in item.data["labels"]}
    named = {label for label in labels if label in said and label not in asked}
    targets = {target.strip().lower() for target in item.answers[0].split(",")}
    return float(named == targets)
