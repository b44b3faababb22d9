"""Which languages a text is in, told by its script and its commonest words.

Enough to ask a model for keywords "in English, Chinese" and for an answer in the question's language; no more. Knows
nothing of documents or models.
"""

from __future__ import annotations

from collections import Counter

import regex

_SCRIPTS = {
    "Japanese": regex.compile(r"[\p{Hiragana}\p{Katakana}]"),
    "Korean": regex.compile(r"\p{Hangul}"),
    "Chinese": regex.compile(r"\p{Han}"),
    "Russian": regex.compile(r"\p{Cyrillic}"),
    "Greek": regex.compile(r"\p{Greek}"),
    "Arabic": regex.compile(r"\p{Arabic}"),
    "Hebrew": regex.compile(r"\p{Hebrew}"),
    "Hindi": regex.compile(r"\p{Devanagari}"),
    "Thai": regex.compile(r"\p{Thai}"),
}

_COMMON_WORDS = {
    "English": "the of and to in is was that it for with as his her who what when where which how why are does did",
    "French": "le la les des est une dans que qui pour pas sur avec ce il elle quel quelle où comment pourquoi",
    "German": "der die das und ist nicht ein eine den von zu mit auf für sich wer was wann wo welche wie warum",
    "Spanish": "el los las una es en que por con para del se su quién qué cuándo dónde cuál cómo",
    "Italian": "il gli una è che di per non con del della sono chi cosa quando dove quale come perché",
    "Portuguese": "o os uma é que em não com para do da dos são quem qual quando onde como porque",
    "Dutch": "het een van en dat niet met op voor zijn wie wat wanneer waar welke hoe waarom",
}
_WORD_LANGUAGES: dict[str, list[str]] = {}
for _language, _words in _COMMON_WORDS.items():
    for _word in _words.split():
        _WORD_LANGUAGES.setdefault(_word, []).append(_language)

_CLEAR_SHARE = 0.6
_LEAST_WITNESSES = 2

_LATIN_WORD = regex.compile(r"\p{Latin}+")


def language_shares(text: str) -> dict[str, float]:
    """The languages of `text`, most of it first, each with its share (0 to 1) of what could be told.

    A character of an unspaced script weighs as half a word. Japanese takes over the Han characters around its kana.
    """
    weights: dict[str, float] = {}
    for language, pattern in _SCRIPTS.items():
        weight = len(pattern.findall(text)) / (2 if language in {"Chinese", "Japanese", "Thai"} else 5)
        if weight:
            weights[language] = weight
    if weights.get("Japanese", 0) > weights.get("Chinese", 0) / 10:
        weights["Japanese"] += weights.pop("Chinese", 0)
    words = [word.lower() for word in _LATIN_WORD.findall(text)]
    votes = Counter(language for word in words for language in _WORD_LANGUAGES.get(word, ()))
    total_votes = sum(votes.values())
    for language, count in votes.items():
        weights[language] = weights.get(language, 0) + len(words) * count / total_votes
    total = sum(weights.values())
    if not total:
        return {}
    return {language: weights[language] / total for language in sorted(weights, key=lambda name: -weights[name])}


def main_language(text: str) -> str | None:
    """The language that most of `text` is in; None where it cannot be told, as by one common word alone."""
    shares = language_shares(text)
    language = next(iter(shares), None)
    if language is None or shares[language] < _CLEAR_SHARE:
        return None
    if language in _COMMON_WORDS:
        words = (word.lower() for word in _LATIN_WORD.findall(text))
        if len({word for word in words if language in _WORD_LANGUAGES.get(word, ())}) < _LEAST_WITNESSES:
            return None
    return language
