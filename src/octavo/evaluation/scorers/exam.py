"""L-Eval's exact match for closed questions (An et al., "L-Eval", arXiv:2307.11088; `Evaluation/em.py` and
`auto_eval.py` of OpenLMLab/LEval): numbers, code, and all that has no options."""

from __future__ import annotations

import regex

from octavo.evaluation.item import Item

_SPACE = regex.compile(r"\s+")
_FINAL_NUMBER = regex.compile(r"The answer is (\S+)")
_FINAL_OUTPUT = "the final output"
_EXTRA_WORDS = 3
"""How many words more than the reference has are looked at."""

# What `process_gt_code` and `process_output_code` take out or close up, in their order.
_CODE_REPLACED = ((",", ""), ("'", ""), ("\\", ""), (".0", ""), ("] [", "]["), ("[ [", "[["), ("] ]", "]]"))
_TALK = ("will be", "of the code", "is", "would be", "the value of", "the result of", "printed")


def exam_match(item: Item, text: str) -> float:
    """Whether the reference stands in the answer's first line of two characters or more, whatever case and spaces;
    where both are numbers, whether they are equal."""
    return float(_matches(text, item.answers[0]))


def final_number(item: Item, text: str) -> float:
    """Whether the number after "The answer is", else the last of the first paragraph, is the reference's; of both only
    the digits before the point count (gsm100)."""
    said = _number(text)
    return float(bool(said) and _matches(said, _number(item.answers[0])))


def code_output(item: Item, text: str) -> float:
    """Whether the reference stands among the last words of the answer, or the first ones after "the final output", so
    many as it has and three more; without commas, quotes, ".0" and what one says around a result (codeU)."""
    said = _code(text)
    for phrase in _TALK:
        said = said.replace(phrase, "")
    looked_at = len(item.answers[0].split()) + _EXTRA_WORDS
    if _FINAL_OUTPUT in said:
        words = _SPACE.split(said.rpartition(_FINAL_OUTPUT)[2])[:looked_at]
    else:
        words = _SPACE.split(said)[-looked_at:]
    return float(_matches(" ".join(words), _code(item.answers[0])))


def _matches(said: str, reference: str) -> bool:
    try:
        return float(said) == float(reference)
    except ValueError:
        line = next((line for line in said.split("\n") if len(line) > 1), said)
        return reference.lower().replace(" ", "") in line.lower().replace(" ", "")


def _number(text: str) -> str:
    named = _FINAL_NUMBER.search(text)
    if named:
        word = named[1]
    else:
        words = text.partition("\n\n")[0].split(" ")
        word = next((word for word in reversed(words) if any(map(str.isdecimal, word))), "")
    return "".join(filter(str.isdecimal, word.partition(".")[0]))


def _code(text: str) -> str:
    text = _SPACE.sub(" ", text)
    for old, new in _CODE_REPLACED:
        text = text.replace(old, new)
    return text
