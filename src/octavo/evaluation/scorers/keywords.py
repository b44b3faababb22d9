"""LV-Eval's scores: its own, and those without the gate that lets right answers fail (Yuan et al., "LV-Eval",
arXiv:2402.05136; `metrics.py` and `config.py` of infinigence/LVEval).

Only the first reference counts, as in the benchmark. An item says in its conditions the `language`, "en" or "zh", and
in `data` its `metric` ("keywords", "f1" or "rouge") and its `keywords`, "" where it has none.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from octavo.evaluation.item import Item
from octavo.evaluation.scorers.f1 import token_f1
from octavo.evaluation.scorers.normalise import chinese_cut, chinese_word, chinese_words, squad_words
from octavo.evaluation.scorers.rouge import common_subsequence, f_measure

GATES = {"en": 0.2, "zh": 0.4}
"""The least recall of keywords at which an answer scores at all."""

# The two lists are part of the metric's definition (ABANDON_WORDS_EN and ABANDON_WORDS_ZH).
_COMMON_ENGLISH = """
and to of in her was with for it from is that his he by she they or at because be on are their what as had were
about being this who but have has when which does
"""
_COMMON_CHINESE = """
的 和 是 等 在 年 可以 为 与 ‰ 了 或 一种 月 c 至 日 有 进行 于 不 中 × 根据 小 由 亩 也 要 指 法 会 元 主要 以及
通过 首先 对 然后 号 以 所 后 丁 包括 无 将 用 能 形 方面 因素 位于 而 从 到 一定 用于 但 使用 让 具有 并 亿元 万元
上 类 基于 才 来 地 片 其他 个 或者 变得 时 给 你 使 条 受 已经 带 度
"""
_COMMON = {"en": frozenset(_COMMON_ENGLISH.split()), "zh": frozenset(_COMMON_CHINESE.split())}


def lveval_official(item: Item, text: str) -> float:
    """The benchmark's own score of the item's data set.

    "keywords": F1, or 0 where `keyword_recall` is below the gate (English answers without keywords have no gate).
    "f1": F1. "rouge": `different_words_rouge_l`.
    """
    if item.data["metric"] == "rouge":
        return different_words_rouge_l(item, text)
    gated = item.data["metric"] == "keywords" and (item.data["keywords"] or _language(item) == "zh")
    if gated and keyword_recall(item, text) < GATES[_language(item)]:
        return 0.0
    return ungated_f1(item, text)


def keyword_recall(item: Item, text: str) -> float:
    """What the gate looks at: how many of the keywords' words the answer has, as a share of all of them. Without
    keywords, the reference's own words.

    Common words (a list of the benchmark's) are never found but count among all, so keywords that hold some cannot be
    recalled to the full.
    """
    common = _COMMON[_language(item)]
    wanted = _words(item, str(item.data["keywords"])) or _words(item, item.answers[0])
    found = Counter(_words(item, text)) & Counter(wanted)
    return sum(count for word, count in found.items() if word not in common) / len(wanted) if wanted else 0.0


def ungated_f1(item: Item, text: str) -> float:
    """F1 of the words, whatever keywords are missing."""
    return token_f1(_words(item, text), _words(item, item.answers[0]))


def different_words_rouge_l(item: Item, text: str) -> float:
    """ROUGE-L of Chinese text without common words, as the benchmark has it from the package `rouge` 1.0.1: each word
    counts once, in the longest common subsequence as in both texts."""
    said, reference = _uncommon_words(text), _uncommon_words(item.answers[0])
    return f_measure(len(set(common_subsequence(said, reference))), len(set(said)), len(set(reference)))


def _uncommon_words(text: str) -> list[str]:
    # The benchmark cuts twice: the words of the first cut, joined by spaces, are cut again.
    words = map(chinese_word, chinese_cut(" ".join(chinese_cut(text))))
    return [word for word in words if word and word not in _COMMON["zh"]]


def _words(item: Item, text: str) -> Sequence[str]:
    return squad_words(text) if _language(item) == "en" else chinese_words(text)


def _language(item: Item) -> str:
    return str(item.conditions["language"])
