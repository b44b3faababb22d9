"""A text becomes terms: what is indexed and what is searched for, by the same rules.

Words are lower-cased and reduced to their Snowball stems, numbers are kept, scripts without spaces become single
characters and pairs of neighbours: nothing needs a dictionary. Knows nothing of indexes or documents.

A word's English stem is always among its terms, whatever its language, so a short question whose language cannot be
told still meets the words of the text; where most function words are of another language, the stem that this language
has stands beside it.
"""

from __future__ import annotations

import unicodedata
from functools import cache, lru_cache
from typing import TYPE_CHECKING

import regex

from octavo.retrieval.function_words import EASTERN_FUNCTION_CHARACTERS, EASTERN_PARTICLES, FUNCTION_WORDS

if TYPE_CHECKING:
    from Stemmer import Stemmer

TERMS = 1
"""Raised when the same text would get other terms: kept indexes are made anew."""

_LONGEST_TERM = 32
_LEAST_FUNCTION_WORDS = 2

_UNSPACED = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}ー々〆"
_PARTS = regex.compile(
    rf"(\d+(?:[.,]\d+)*)|([[\p{{L}}\p{{N}}\p{{M}}]--[{_UNSPACED}\d]][[\p{{L}}\p{{N}}\p{{M}}]--[{_UNSPACED}]]*)"
    rf"|([{_UNSPACED}][{_UNSPACED}\p{{M}}]*)",
    regex.VERSION1,
)
_ASCII_PARTS = regex.compile(r"\d+(?:[.,]\d+)*|[a-z][a-z0-9]*")
_THOUSANDS = regex.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?")
_ACCENT = regex.compile(r"[\u0300-\u036f]")
_CONTRACTION = regex.compile(r"(?<=[a-z])['’](?:s|t|d|m|re|ve|ll)(?![a-z])")

# A script that one stemmer serves is told by the word itself.
_STEMMER_OF_SCRIPT = (
    (regex.compile(r"\p{Cyrillic}"), "russian"),
    (regex.compile(r"\p{Greek}"), "greek"),
    (regex.compile(r"\p{Arabic}"), "arabic"),
    (regex.compile(r"\p{Armenian}"), "armenian"),
    (regex.compile(r"\p{Devanagari}"), "hindi"),
    (regex.compile(r"\p{Tamil}"), "tamil"),
)
_LANGUAGES_OF_WORD: dict[str, list[str]] = {}
for _name, _words in FUNCTION_WORDS.items():
    for _word in _words:
        _LANGUAGES_OF_WORD.setdefault(_word, []).append(_name)


def terms(text: str) -> list[str]:
    """The terms of `text`, repetitions included: of words in order, then of scripts without spaces. None contains white
    space."""
    words, unspaced = _parts(text)
    language = _language(words)
    found = [term for word in words for term in _stems(word, language)]
    for run in unspaced:
        found.extend(run)
        found.extend([run[index : index + 2] for index in range(len(run) - 1)])
    return found


def content_terms(text: str) -> list[str]:
    """The terms of `text` that say what it is about: no function words, and of scripts without spaces the pairs (the
    single character only where it stands alone). Empty where there is nothing else."""
    words, unspaced = _parts(text)
    language = _language(words)
    found = [
        term
        for word in words
        if not any(word in FUNCTION_WORDS[name] for name in ("english", language) if name in FUNCTION_WORDS)
        for term in _stems(word, language)
    ]
    for run in unspaced:
        if len(run) == 1:
            found.extend(run if run not in EASTERN_FUNCTION_CHARACTERS else "")
        else:
            found.extend(
                pair
                for pair in (run[index : index + 2] for index in range(len(run) - 1))
                if EASTERN_PARTICLES.isdisjoint(pair) and not EASTERN_FUNCTION_CHARACTERS.issuperset(pair)
            )
    return found


def _parts(text: str) -> tuple[list[str], list[str]]:
    """Words (and numbers) in lower case, and runs of scripts without spaces."""
    if text.isascii():
        return _ASCII_PARTS.findall(_CONTRACTION.sub("", text.lower())), []
    text = unicodedata.normalize("NFKC", text).lower()
    words: list[str] = []
    unspaced: list[str] = []
    for number, word, run in _PARTS.findall(_CONTRACTION.sub("", text)):
        if run:
            unspaced.append(run)
        else:
            words.append(number or word)
    return words, unspaced


def _language(words: list[str]) -> str:
    """The stemmer for a text with these words: English, unless another language has clearly more function words."""
    votes: dict[str, int] = {}
    for word in words:
        for language in _LANGUAGES_OF_WORD.get(word, ()):
            votes[language] = votes.get(language, 0) + 1
    if not votes:
        return "english"
    best = max(votes, key=lambda language: (votes[language], language))
    clear = votes[best] >= _LEAST_FUNCTION_WORDS and votes[best] > 1.5 * votes.get("english", 0)
    return best if clear else "english"


@lru_cache(maxsize=1 << 18)
def _stems(word: str, language: str) -> tuple[str, ...]:
    if word[0].isdigit():
        return (_number(word),)
    if not word.isascii():
        for script, name in _STEMMER_OF_SCRIPT:
            if script.match(word):
                return (_stem(word, name),)
    english = _stem(word, "english")
    other = _stem(word, language) if language != "english" else english
    return (english,) if other == english else (english, other)


def _stem(word: str, language: str) -> str:
    """The stem without accents: names are written both ways."""
    stem: str = _stemmer(language).stemWord(word.replace("ß", "ss"))
    if not stem.isascii():
        stem = _ACCENT.sub("", unicodedata.normalize("NFD", stem)) or stem
    return stem[:_LONGEST_TERM]


def _number(digits: str) -> str:
    """Without the commas of thousands."""
    in_thousands = _THOUSANDS.fullmatch(digits) is not None
    return (digits.replace(",", "") if in_thousands else digits)[:_LONGEST_TERM]


@cache
def _stemmer(language: str) -> Stemmer:
    from Stemmer import Stemmer

    return Stemmer(language, 0)
