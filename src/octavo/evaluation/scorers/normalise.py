"""Text as scorers compare it: the words that count, without case and punctuation.

Knows words; nothing of items or scores.
"""

from __future__ import annotations

import string
import warnings
from functools import cache
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import regex

from octavo.errors import MissingExtra

if TYPE_CHECKING:
    from jieba import Tokenizer as Segmenter

_ARTICLES = regex.compile(r"\b(?:a|an|the)\b")
_WITHOUT_PUNCTUATION = str.maketrans("", "", string.punctuation)

# The Chinese punctuation that LongBench and LV-Eval take out (`normalize_zh_answer` in their `metrics.py`).
_CHINESE_PUNCTUATION = (
    "！？｡。＂＃＄％＆＇（）＊＋，－／：；＜＝＞＠［＼］＾＿｀｛｜｝～｟｠｢｣､、〃》「」『』"
    "【】〔〕〖〗〘〙〚〛〜〝〞〟〰〾〿–—‘’‛“”„‟…‧﹏."
)
_WITHOUT_CHINESE_PUNCTUATION = str.maketrans("", "", string.punctuation + _CHINESE_PUNCTUATION)


def squad_text(text: str) -> str:
    """Lower-cased, without ASCII punctuation and English articles, words apart by single spaces (Rajpurkar et al.,
    "SQuAD", EMNLP 2016, `evaluate-v1.1.py`)."""
    return " ".join(_ARTICLES.sub(" ", text.lower().translate(_WITHOUT_PUNCTUATION)).split())


def squad_words(text: str) -> list[str]:
    """The words of `squad_text`."""
    return squad_text(text).split()


def chinese_words(text: str) -> list[str]:
    """The words that jieba cuts, lower-cased and without punctuation and white space; what is nothing else falls away
    (LV-Eval, `qa_f1_zh_score`). Raises `MissingExtra` where jieba is not installed."""
    return [word for cut in chinese_cut(text) if (word := chinese_word(cut))]


def chinese_cut(text: str) -> list[str]:
    """The words as jieba cuts them (its accurate mode), punctuation and white space included."""
    return list(_segmenter().cut(text, cut_all=False))


def chinese_word(word: str) -> str:
    """One word, lower-cased and without punctuation and white space."""
    return "".join(word.lower().translate(_WITHOUT_CHINESE_PUNCTUATION).split())


@cache
def _segmenter() -> Segmenter:
    """A segmenter of our own. Its first use takes a second; it says nothing, and leaves no file behind: jieba would
    keep its dictionary under a fixed name in the folder for temporary files, and take what it finds there."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # jieba is older than Python's rules on escapes and on pkg_resources
            import jieba
    except ImportError as error:
        raise MissingExtra("scoring Chinese answers", "eval") from error
    jieba.setLogLevel("WARNING")
    segmenter = jieba.Tokenizer()
    with TemporaryDirectory() as folder:
        segmenter.tmp_dir = folder
        segmenter.initialize()
    return segmenter
