"""L-Eval's sci_fi: is a statement true in the story, and is it in the world (An et al., "L-Eval", arXiv:2307.11088;
`process_output_judge` of OpenLMLab/LEval)."""

from __future__ import annotations

from octavo.evaluation.item import Item

_FACT = "[fact:"


def loyalty_and_fact(item: Item, text: str) -> float:
    """The share of right judgements: of both, where the reference is written `True [fact: False]` (an answer that says
    nothing after "[fact:" has that one wrong), or of the one that the reference is.

    What a part says is its first word that holds "true" or "false".
    """
    references = item.answers[0].lower().split(_FACT)
    said = [_judgement(part) for part in text.lower().split(_FACT)]
    right = [
        place < len(said) and said[place] is not None and said[place] == _judgement(reference)
        for place, reference in enumerate(references)
    ]
    return sum(right) / len(right)


def _judgement(text: str) -> bool | None:
    for word in text.split():
        if "true" in word:
            return True
        if "false" in word:
            return False
    return None
