"""Where an answer rests: its sentences are tied to exact spans of the passages, and checked.

A citation's quote is cut from the document by code, so it always stands there. Whether it bears the sentence out is a
separate, lexical verdict: the sentence's content words must stand in the cited place, those among them too that the
question does not hold, and every number in it in a cited sentence that shares its other words too. Knows nothing of
models or streams.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import regex

from octavo.documents.document import Document, Span
from octavo.documents.sentences import sentence_spans
from octavo.library.corpus import Corpus
from octavo.reading.answer import Citation, Passage, Support
from octavo.retrieval.language import language_shares
from octavo.retrieval.terms import content_terms

_SUPPORTED_SHARE = 0.6
"""The share of a sentence's content words that a cited place must hold to support it (chosen on plain paraphrases;
the model's own verdict is the alternative)."""

_ABOUT_SHARE = 1 / 3
"""Of a statement's words, what a sentence must hold for its numbers to speak of the same thing."""

_FEW_WORDS = 3
"""A statement of so few content words says too little alone of what it is about."""

_LONGEST_QUOTE = 3
"""A citation quotes at most so many neighbouring sentences."""

_NUMBER = regex.compile(r"\d+(?:[.,]\d+)*")
_QUOTED = regex.compile(r"\"([^\"\n]+)\"|“([^”\n]+)”|「([^」\n]+)」|『([^』\n]+)』|«([^»\n]+)»")
_END_MARKS = regex.compile(r"\p{P}+$")
_LEAST_QUOTED = {"han": 4, "other": 12}


@dataclass(frozen=True)
class _Sentence:
    span: Span
    text: str

    @cached_property
    def terms(self) -> frozenset[str]:
        return frozenset(content_terms(self.text))


class Sources:
    """The passages that the answering model was shown, ready to be cited. `question` is what it was asked: an answer of
    a few words rests where the documents speak of that."""

    def __init__(self, corpus: Corpus, passages: Sequence[Passage], question: str = "") -> None:
        self.corpus = corpus
        self._asked = frozenset(content_terms(question))
        self.passages = {passage.number: passage for passage in passages}
        self._sentences: dict[int, list[_Sentence]] = {}

    def cite(self, number: int, statement: str) -> Citation | None:
        """The place in passage `number` that bears `statement` out best; None where there is no such passage. The
        marker is left empty."""
        passage = self.passages.get(number)
        if passage is None:
            return None
        span, share = self._best_place(number, statement)
        return self._citation(passage, span, self._verdict(passage, span, statement, share))

    def attribute(self, statement: str) -> Citation | None:
        """The best place in any passage for a statement that cites none, if it supports it."""
        said = frozenset(content_terms(statement))
        if len(said) <= _FEW_WORDS and (found := self._about_the_question(said)):
            return self._citation(*found, "supported")
        if len(said) < 2:
            return None
        best = max(
            ((*self._best_place(number, statement), number) for number in self.passages),
            key=lambda candidate: (candidate[1], -len(candidate[0])),
            default=None,
        )
        if best is None or best[1] < _SUPPORTED_SHARE:
            return None
        passage = self.passages[best[2]]
        if self._verdict(passage, best[0], statement, best[1]) != "supported":
            return None
        return self._citation(passage, best[0], "supported")

    def unknown_quotations(self, text: str, question: str) -> list[str]:
        """Texts in quotation marks in an answer that stand neither in the documents shown nor in the question."""
        quoted = [next(part for part in match if part is not None) for match in _groups(text)]
        if not quoted:
            return []
        known = [_squeezed(question), *(_squeezed(document.text) for document in self._documents())]
        return [
            quote
            for quote in quoted
            if _is_long(quote) and not any(_END_MARKS.sub("", _squeezed(quote)) in text for text in known)
        ]

    # --- inside -----------------------------------------------------------------------------------------------------

    def _about_the_question(self, said: frozenset[str]) -> tuple[Passage, Span] | None:
        """The sentence that holds all of these words and the most of the question's others, a fair share at least; it
        is shown, since a few words alone stand in many places by chance."""
        asked = self._asked - said
        if not said or not asked:
            return None
        holding = (
            (len(asked & sentence.terms), passage, sentence.span)
            for number, passage in self.passages.items()
            for sentence in self._sentences_of(number)
            if said <= sentence.terms
        )
        best = max(holding, key=lambda candidate: candidate[0], default=None)
        return best[1:] if best is not None and best[0] >= max(1, len(asked) * _ABOUT_SHARE) else None

    def _documents(self) -> list[Document]:
        ids = dict.fromkeys(passage.document.id for passage in self.passages.values())
        return [self.corpus.document(document_id) for document_id in ids]

    def _sentences_of(self, number: int) -> list[_Sentence]:
        if number not in self._sentences:
            passage = self.passages[number]
            text = self.corpus.document(passage.document.id).text
            self._sentences[number] = [
                _Sentence(span, span.of(text)) for span in sentence_spans(text, passage.span) if span.of(text).strip()
            ]
        return self._sentences[number]

    def _sentences_at(self, passage: Passage, span: Span) -> list[_Sentence]:
        return [sentence for sentence in self._sentences_of(passage.number) if sentence.span.overlaps(span)]

    def _best_place(self, number: int, statement: str) -> tuple[Span, float]:
        """The shortest run of neighbouring sentences that holds most of the statement's content words, and which
        share of them."""
        sentences = self._sentences_of(number)
        wanted = frozenset(content_terms(statement))
        if not sentences or not wanted:
            return (sentences[0].span if sentences else self.passages[number].span), 0.0
        best = (0.0, 0, 0, 0)
        for first in range(len(sentences)):
            held: frozenset[str] = frozenset()
            for length in range(1, min(_LONGEST_QUOTE, len(sentences) - first) + 1):
                held |= wanted & sentences[first + length - 1].terms
                # A longer run must bring more than a tenth of the words for each sentence that it adds.
                score = len(held) / len(wanted) - 0.1 * (length - 1)
                if score > best[0]:
                    best = (score, first, length, len(held))
        if not best[2]:
            return sentences[0].span, 0.0
        run = sentences[best[1] : best[1] + best[2]]
        return Span(run[0].span.start, run[-1].span.end), best[3] / len(wanted)

    def _verdict(self, passage: Passage, span: Span, statement: str, share: float) -> Support:
        text = passage.span.of(self.corpus.document(passage.document.id).text)
        if not content_terms(statement) or not _same_script(statement, text):
            return "unchecked"
        numbers = set(_NUMBER.findall(statement))
        if min(share, self._own_share(passage, span, statement)) < _SUPPORTED_SHARE:
            return "unsupported"
        return "supported" if numbers <= self._numbers_about(passage, span, statement) else "unsupported"

    def _own_share(self, passage: Passage, span: Span, statement: str) -> float:
        """Of what a statement says beyond the question the share that the place holds: a statement in the question's
        words is like any place that has these, whatever it names in the end."""
        own = set(content_terms(statement)) - self._asked
        held = own.intersection(frozenset().union(*(sentence.terms for sentence in self._sentences_at(passage, span))))
        return len(held) / len(own) if own else 1.0

    def _numbers_about(self, passage: Passage, span: Span, statement: str) -> set[str]:
        """The numbers in the sentences of `span` that hold a fair share of the statement's words, numbers apart."""
        words = {term for term in content_terms(statement) if not term[0].isdigit()}
        return {
            number
            for sentence in self._sentences_at(passage, span)
            if len(words & sentence.terms) >= len(words) * _ABOUT_SHARE
            for number in _NUMBER.findall(sentence.text)
        }

    def _citation(self, passage: Passage, span: Span, verdict: Support) -> Citation:
        return cited_place(self.corpus.document(passage.document.id), span, verdict)


def cited_place(document: Document, span: Span, support: Support) -> Citation:
    """A citation of a document's place, white space at its ends apart; the marker is left empty."""
    span = trimmed(document.text, span)
    return Citation(
        marker="",
        document=document.ref,
        span=span,
        quote=span.of(document.text),
        page=document.page_at(span.start),
        section=document.section_path(span.start),
        support=support,
    )


def trimmed(text: str, span: Span) -> Span:
    """The span without white space at its ends."""
    piece = span.of(text)
    start = span.start + len(piece) - len(piece.lstrip())
    return Span(start, max(start, span.start + len(piece.rstrip())))


def _groups(text: str) -> list[tuple[str | None, ...]]:
    return [match.groups() for match in _QUOTED.finditer(text)]


def _squeezed(text: str) -> str:
    return " ".join(text.casefold().replace("’", "'").split())


def _is_long(quote: str) -> bool:
    han = "Chinese" in language_shares(quote)
    return len(quote) >= _LEAST_QUOTED["han" if han else "other"]


def _same_script(one: str, other: str) -> bool:
    """Whether a lexical check can compare the two: words of one script are not found in another's."""
    unspaced = ("Chinese", "Japanese", "Korean", "Russian", "Greek", "Arabic", "Hebrew", "Hindi", "Thai")

    def scripts(text: str) -> set[str]:
        shares = language_shares(text)
        return {name if name in unspaced else "Latin" for name, share in shares.items() if share > 0.2} or {"Latin"}

    return bool(scripts(one) & scripts(other))
