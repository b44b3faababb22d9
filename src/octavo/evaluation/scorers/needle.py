"""NeedleBench's scores (OpenCompass, versions 1 and 2; Li et al., "NeedleBench", arXiv:2407.11963), from 0 to 1."""

from __future__ import annotations

from collections.abc import Sequence

import regex

from octavo.evaluation.item import Item

_PARTIAL = 0.2
_SPACE = regex.compile(r"\s+")
_BOXED = regex.compile(r"\\boxed(?P<braced>\{(?:[^{}]|(?&braced))*\})")
_COMMAND = regex.compile(r"\\(?:text|boxed)\{([^}]+)\}")
_TAKEN_OUT = str.maketrans({"\\": "", '"': "", "'": "", "~": " "})


def single_v1(item: Item, text: str) -> float:
    """S-RT and ATC of v1: 1 where the keyword stands in the answer; else 0.2 x (1 - edit distance / longer length) of
    the answer and the needle (`data["needle"]`, else the keyword), both without white space.

    The evaluator's option to cut the answer to 1.2 times the needle's length is off in its configurations.
    """
    if _keyword(item) in text:
        return 1.0
    needle = _SPACE.sub("", str(item.data.get("needle", item.answers[0])))
    said = _SPACE.sub("", text)
    longest = max(len(said), len(needle))
    return _PARTIAL * (1 - edit_distance(said, needle) / longest) if longest else _PARTIAL


def single_v2(item: Item, text: str) -> float:
    """S-RT of v2: whether the keyword stands in the answer."""
    return float(_keyword(item) in text)


def keywords_found(item: Item, text: str) -> float:
    """M-RT: the share of the keywords that stand in the answer."""
    return sum(keyword in text for keyword in item.answers) / len(item.answers)


def words_found(item: Item, text: str) -> float:
    """M-RS of v1: the share of the reference's lower-cased words that stand in the lower-cased answer."""
    words = item.answers[0].lower().split()
    said = text.lower()
    return sum(word in said for word in words) / len(words) if words else 0.0


def boxed_exact(item: Item, text: str) -> float:
    r"""M-RS and ATC of v2: whether the last `\boxed{...}` of the answer is the reference (`clean_atc_answer`: without
    `\text{}`, backslashes and quotes, with single spaces). Both are cleaned, or a name with an apostrophe could never
    be right; a last box that is not closed is none."""
    last = text.rfind("\\boxed")
    boxed = _BOXED.match(text, last) if last >= 0 else None
    return float(boxed is not None and _cleaned(boxed["braced"][1:-1]) == _cleaned(item.answers[0]))


def edit_distance(first: Sequence[str], second: Sequence[str]) -> int:
    """Insertions, deletions and substitutions that make one the other (Levenshtein 1966)."""
    row = list(range(len(second) + 1))
    for index, left in enumerate(first, start=1):
        before, row[0] = row[0], index
        for column, right in enumerate(second, start=1):
            before, row[column] = row[column], min(row[column] + 1, row[column - 1] + 1, before + (left != right))
    return row[-1]


def _cleaned(name: str) -> str:
    name = name.strip()
    if name.startswith("{") and name.endswith("}"):
        name = name[1:-1]
    return _SPACE.sub(" ", _COMMAND.sub(r"\1", name).translate(_TAKEN_OUT)).strip()


def _keyword(item: Item) -> str:
    return item.answers[0]
