"""L-Eval's multiple choice (An et al., "L-Eval", arXiv:2307.11088; `process_output_mc` and `exact_match_score` of
OpenLMLab/LEval): one letter of A to D, or, in Coursera, several.

An answer without a letter is wrong. (The benchmark's script guesses A for it, and takes an empty one for a part of the
right set.)
"""

from __future__ import annotations

import regex

from octavo.evaluation.item import Item

_LETTERS = "ABCD"
_LEADING = regex.compile(r"[A-D]*")
_SINGLE = regex.compile(r"[A-Z](?=[\s.)])")
_INCOMPLETE = 0.25


def chosen_letter(item: Item, text: str) -> float:
    """Whether the first A, B, C or D of the answer is the reference's (quality, tpo). Any such letter counts, even the
    first of "Answer: C"."""
    letter = next((letter for letter in text if letter in _LETTERS), "")
    return float(letter != "" and {letter} == _reference(item))


def chosen_letters(item: Item, text: str) -> float:
    """1 for the reference's set of letters, 0.25 for a part of it, else 0 (coursera).

    The answer's letters are those it begins with; where these are fewer than two, with all capitals before white space,
    a point or a bracket, until the word "Question".
    """
    said, reference = _letters(text), _reference(item)
    if said == reference:
        return 1.0 if said else 0.0
    return _INCOMPLETE if said and said < reference else 0.0


def _letters(text: str) -> set[str]:
    leading = _LEADING.match(text)
    letters = set(leading[0]) if leading else set()
    if leading and (len(leading[0]) > 1 or leading[0] == text):
        return letters
    return letters | (set(_SINGLE.findall(text[len(letters) :].partition("Question")[0])) & set(_LETTERS))


def _reference(item: Item) -> set[str]:
    """The letters of the reference's first word."""
    words = item.answers[0].split()
    return set(words[0]) & set(_LETTERS) if words else set()
