"""ROUGE: shared pairs of words and the longest common subsequence (Lin, "ROUGE: A Package for Automatic Evaluation of
Summaries", 2004).

Computed on lists of words, so each benchmark brings its own: the words of Google's `rouge-score` are those of a-z and
0-9 alone, and with them every Chinese text scores 0 without a word said.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import regex

from octavo.evaluation.item import Item

# Latin words as `rouge-score` has them (an accented letter parts a word); of other scripts, whole words, and where
# words are not apart, single characters.
_WORD = regex.compile(
    r"[a-z0-9]+|[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]|[[\p{L}\p{M}]--[\p{Latin}]]+",
    regex.VERSION1,
)


def rouge_words(text: str) -> list[str]:
    """The words of a text, lower-cased and not stemmed: on Latin script those of `rouge-score` 0.1.2."""
    return _WORD.findall(text.lower())


def rouge_n(said: Sequence[str], reference: Sequence[str], n: int) -> float:
    """The F measure of the runs of `n` words that both have, repetitions counted."""
    runs = Counter(zip(*(said[start:] for start in range(n)), strict=False))
    wanted = Counter(zip(*(reference[start:] for start in range(n)), strict=False))
    return f_measure((runs & wanted).total(), runs.total(), wanted.total())


def rouge_l(said: Sequence[str], reference: Sequence[str]) -> float:
    """The F measure of the longest common subsequence."""
    return f_measure(len(common_subsequence(said, reference)), len(said), len(reference))


def rouge_1_score(item: Item, text: str) -> float:
    """ROUGE-1, the best over all references."""
    said = rouge_words(text)
    return max(rouge_n(said, rouge_words(reference), 1) for reference in item.answers)


def rouge_2_score(item: Item, text: str) -> float:
    """ROUGE-2, the best over all references."""
    said = rouge_words(text)
    return max(rouge_n(said, rouge_words(reference), 2) for reference in item.answers)


def rouge_l_score(item: Item, text: str) -> float:
    """ROUGE-L, the best over all references."""
    said = rouge_words(text)
    return max(rouge_l(said, rouge_words(reference)) for reference in item.answers)


def rouge_geometric_mean(item: Item, text: str) -> float:
    """The geometric mean of ROUGE-1, ROUGE-2 and ROUGE-L of one answer.

    L-Eval (and SCROLLS before it) prints the geometric mean of the three means over all answers, which is never lower
    than the mean of these; it follows from the means of the three.
    """
    product = rouge_1_score(item, text) * rouge_2_score(item, text) * rouge_l_score(item, text)
    return float(product ** (1 / 3))


def f_measure(common: int, said: int, reference: int) -> float:
    """2PR / (P + R) of counts; 0 where nothing is common."""
    return 2 * common / (said + reference) if common else 0.0


def common_subsequence(said: Sequence[str], reference: Sequence[str]) -> list[str]:
    """The longest common subsequence; of several, the one that the package `rouge` 1.0.1 finds. Time and memory go with
    the product of the lengths."""
    table = [[0] * (len(said) + 1) for _ in range(len(reference) + 1)]
    for row, wanted in enumerate(reference, start=1):
        for column, word in enumerate(said, start=1):
            table[row][column] = (
                table[row - 1][column - 1] + 1
                if word == wanted
                else max(table[row - 1][column], table[row][column - 1])
            )
    common = []
    row, column = len(reference), len(said)
    while row and column:
        if reference[row - 1] == said[column - 1]:
            common.append(reference[row - 1])
            row, column = row - 1, column - 1
        elif table[row - 1][column] > table[row][column - 1]:
            row -= 1
        else:
            column -= 1
    return common[::-1]
