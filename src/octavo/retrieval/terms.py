"""A text becomes the terms that it is searched by: the same function for documents and for queries.

Words are lower-cased (after NFKC) and stemmed by the Snowball stemmer of their script's commonest language, so that
no guess about a short query's language can part it from its document; numbers stay as they are; runs of Chinese,
Japanese and Thai characters become unigrams and bigrams, which needs no dictionary. Knows nothing of chunks or
rankings.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from typing import Any

import regex

_TOKEN = regex.compile(
    r"(?P<unspaced>[\p{Han}\p{Hiragana}\p{Katakana}ー\p{Thai}]+)|(?P<word>[\p{L}\p{N}\p{M}]+(?:['’]\p{L}+)?)"
)
_UNSPACED_START = regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}]")
_SCRIPT_STEMMERS = (
    (regex.compile(r"[a-zA-Z\u00c0-\u024f]"), "english"),
    (regex.compile(r"\p{Cyrillic}"), "russian"),
    (regex.compile(r"\p{Greek}"), "greek"),
    (regex.compile(r"\p{Arabic}"), "arabic"),
    (regex.compile(r"\p{Armenian}"), "armenian"),
    (regex.compile(r"\p{Devanagari}"), "hindi"),
    (regex.compile(r"\p{Tamil}"), "tamil"),
)

_STOP_WORDS = frozenset(
    "a about after all also am an and any are as at be because been before being but by can could did do does doing "
    "for from had has have having he her here hers him his how i if in into is it its itself just may me might more "
    "most my no nor not now of on only or other our out over own s same shall she should so some such t than that the "
    "their them then there these they this those through to too under until up upon very was we were what when where "
    "which while who whom whose why will with would you your "
    "的 了 是 在 和 与 有 我 你 他 她 它 们 这 那 也 都 就 不 着 吗 呢 吧 啊 被 把 而 及 或 之 其 谁 什么 怎么 哪 何"
    .split()
)


def terms(text: str) -> list[str]:
    """The terms of `text` in order, with repetitions. None contains white space."""
    found: list[str] = []
    for match in _TOKEN.finditer(unicodedata.normalize("NFKC", text)):
        if match.lastgroup == "unspaced":
            run = match.group()
            found.extend(run)
            found.extend(run[index : index + 2] for index in range(len(run) - 1))
        else:
            found.append(_stem(match.group()))
    return found


def content_terms(text: str) -> list[str]:
    """The terms that say something: without the commonest words, and of an unspaced run only the bigrams (or its one
    character)."""
    found: list[str] = []
    for match in _TOKEN.finditer(unicodedata.normalize("NFKC", text)):
        if match.lastgroup == "unspaced":
            run = "".join(character for character in match.group() if character not in _STOP_WORDS)
            found.extend([run[index : index + 2] for index in range(len(run) - 1)] or ([run] if run else []))
        elif match.group().lower() not in _STOP_WORDS:
            found.append(_stem(match.group()))
    return found


@lru_cache(maxsize=1 << 17)
def _stem(word: str) -> str:
    lowered = word.lower().replace("’", "'").removesuffix("'s")
    for script, language in _SCRIPT_STEMMERS:
        if script.match(lowered):
            stem: str = _stemmer(language).stemWord(lowered)
            return stem
    return lowered


@lru_cache
def _stemmer(language: str) -> Any:
    import Stemmer

    return Stemmer.Stemmer(language)
