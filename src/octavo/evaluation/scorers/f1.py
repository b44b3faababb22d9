"""F1 of the words of answer and reference, and exact match.

The measures of SQuAD (Rajpurkar et al., EMNLP 2016), which HotpotQA, MuSiQue, L-Eval and LV-Eval took over.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from octavo.evaluation.item import Item
from octavo.evaluation.scorers.normalise import squad_text, squad_words

_CLOSED = frozenset({"yes", "no", "noanswer"})


def token_f1(said: Sequence[str], reference: Sequence[str]) -> float:
    """2PR / (P + R), where P and R are the shares of the words said and of the reference's that both have, repetitions
    counted; 0 where they have none in common."""
    common = sum((Counter(said) & Counter(reference)).values())
    if not common:
        return 0.0
    precision, recall = common / len(said), common / len(reference)
    return 2 * precision * recall / (precision + recall)


def answer_f1(item: Item, text: str) -> float:
    """The best F1 of SQuAD's words over all references (MuSiQue counts its aliases as references too)."""
    said = squad_words(text)
    return max(token_f1(said, squad_words(reference)) for reference in item.answers)


def exact_match(item: Item, text: str) -> float:
    """Whether the answer is one of the references, but for case, punctuation and articles."""
    said = squad_text(text)
    return float(any(said == squad_text(reference) for reference in item.answers))


def hotpot_f1(item: Item, text: str) -> float:
    """`answer_f1`, but where the answer or the reference is a bare "yes", "no" or "noanswer" only equality counts
    (Yang et al., "HotpotQA", EMNLP 2018, `hotpot_evaluate_v1.py`)."""
    said = squad_text(text)
    return max(_closed_or_f1(said, squad_text(reference)) for reference in item.answers)


def _closed_or_f1(said: str, reference: str) -> float:
    if said in _CLOSED or reference in _CLOSED:
        return float(said == reference)
    return token_f1(said.split(), reference.split())
