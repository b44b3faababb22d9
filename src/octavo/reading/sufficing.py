"""Whether an answer suffices, as far as code can tell: what it rests on, and whether it says anything.

Knows answers and the options of a reading; nothing of levels.
"""

from __future__ import annotations

import regex

from octavo.reading.answer import Answer
from octavo.reading.options import ReadingOptions
from octavo.retrieval.terms import content_terms

_CHOICE = regex.compile(r"\bor\b|还是|還是|或者", regex.IGNORECASE)
"""What stands between the answers that a question offers itself."""

_LATIN_WORD = regex.compile(r"\p{Latin}+")
_NAME_WORDS = 2


def shortcoming(answer: Answer, options: ReadingOptions) -> str:
    """Why an answer does not suffice; empty where it does."""
    if not answer.found:
        return "the model finds no answer in the passages" if answer.passages else "nothing was found"
    if not answer.citations:
        return "no passage bears out the answer"
    if all(citation.support == "unsupported" for citation in answer.citations):
        return "no cited place bears out the answer"
    if not options.cited_by_code or borne_out(answer):
        return ""
    if not _supported(answer):
        return "no cited place is known to bear out the answer"
    return "the answer says no more than the question"


def borne_out(answer: Answer) -> bool:
    """Whether an answer has a place that bears it out, and says more than its question, unless that offers a choice."""
    says_more = set(content_terms(answer.said)) - set(content_terms(answer.question))
    says = says_more or _names_in_another_form(answer) or _CHOICE.search(answer.question)
    return bool(says) and _supported(answer)


def _supported(answer: Answer) -> bool:
    return any(citation.support == "supported" for citation in answer.citations)


def _names_in_another_form(answer: Answer) -> bool:
    """Whether an answer is a word or two of which the question has another form: "assert", asked for the statement that
    inserts assertions. A sentence of such words only says the question again."""
    words = [word for word in _LATIN_WORD.findall(answer.said.casefold()) if content_terms(word)]
    return len(words) <= _NAME_WORDS and not set(words) <= set(_LATIN_WORD.findall(answer.question.casefold()))
