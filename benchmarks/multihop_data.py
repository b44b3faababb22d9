"""Questions that need several facts joined, and those facts hidden far apart in a long text.

The questions are MuSiQue's (Trivedi et al., TACL 2022, arXiv 2108.00573), with their gold decomposition: every hop has
a question, in which "#1" stands for the answer of the first hop, an answer, and the paragraph that holds it. Each
question's 20 paragraphs, titles above them as MuSiQue shows them, are put between the paragraphs of an excerpt of a
book. Knows nothing of readers or levels.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from asked import squeezed
from harness import data_text
from octavo.documents.document import Document
from octavo.documents.sentences import sentence_spans
from octavo.models.tokenizer import Tokenizer
from octavo.retrieval.terms import content_terms

_REFERENCE = re.compile(r"#(\d+)")


@dataclass(frozen=True, slots=True)
class Hop:
    """One step of a decomposition. `template` is its question, in which "#k" stands for the answer of the k-th hop;
    `fact` is what a text must say for the step to be answered from it, white space made uniform."""

    template: str
    answer: str
    fact: str

    @property
    def needs(self) -> tuple[int, ...]:
        """The hops, counted from 0, whose answers its question needs."""
        return tuple(int(number) - 1 for number in _REFERENCE.findall(self.template))

    def question(self, answers: Mapping[int, str]) -> str:
        """Its question with the answers of other hops, counted from 0, filled in."""
        return squeezed(_REFERENCE.sub(lambda match: answers[int(match[1]) - 1], self.template))


@dataclass(frozen=True, slots=True)
class MultihopQuestion:
    """A question, its answer, its hops, and the paragraphs (a title's line, then the text) that are hidden."""

    id: str
    question: str
    answer: str
    hops: tuple[Hop, ...]
    paragraphs: tuple[str, ...]

    def hop_questions(self) -> list[str]:
        """The questions of the hops, with the gold answers filled in."""
        answers = {number: hop.answer for number, hop in enumerate(self.hops)}
        return [hop.question(answers) for hop in self.hops]


def musique(limit: int | None = None) -> list[MultihopQuestion]:
    """The manifest's MuSiQue questions, from the first."""
    return [_question(item) for item in json.loads(data_text("musique"))[:limit]]


def _question(item: Mapping[str, Any]) -> MultihopQuestion:
    texts = {paragraph["idx"]: paragraph["paragraph_text"] for paragraph in item["paragraphs"]}
    steps = item["question_decomposition"]
    answers = {number: squeezed(str(step["answer"])) for number, step in enumerate(steps)}
    hops = []
    for number, step in enumerate(steps):
        bare = Hop(step["question"], answers[number], "")
        fact = _fact(texts[step["paragraph_support_idx"]], bare.answer, bare.question(answers))
        hops.append(Hop(bare.template, bare.answer, fact))
    paragraphs = tuple(f"{paragraph['title']}\n{paragraph['paragraph_text']}" for paragraph in item["paragraphs"])
    return MultihopQuestion(item["id"], item["question"], str(item["answer"]), tuple(hops), paragraphs)


def _fact(paragraph: str, answer: str, question: str) -> str:
    """The sentence of the supporting paragraph that holds the answer; of several the one with the most words of the
    question. Where no single sentence holds it, the whole paragraph."""
    sentences = [span.of(paragraph) for span in sentence_spans(paragraph)]
    holding = [sentence for sentence in sentences if answer.casefold() in sentence.casefold()]
    asked_for = set(content_terms(question))
    best = max(holding, key=lambda sentence: len(asked_for & set(content_terms(sentence))), default=paragraph)
    return squeezed(best)


# --- the haystack ---------------------------------------------------------------------------------------------------


class Haystack:
    """A book's paragraphs, with their tokens, to hide others in."""

    def __init__(self, text: str, tokenizer: Tokenizer) -> None:
        self._paragraphs = [paragraph for paragraph in text.split("\n\n") if paragraph.strip()]
        # The blank line between two paragraphs is a token or so.
        self._tokens = [len(starts) + 1 for starts in tokenizer.token_starts(self._paragraphs)]
        self._tokenizer = tokenizer

    def hide(self, paragraphs: Sequence[str], *, tokens: int, seed: int, name: str) -> Document:
        """A document of about `tokens` tokens: an excerpt of the book with `paragraphs` at random places between its
        own. Raises `ValueError` where the book is shorter than that."""
        draw = random.Random(seed)
        hidden = sum(len(starts) + 1 for starts in self._tokenizer.token_starts(paragraphs))
        excerpt = self._excerpt(tokens - hidden, draw)
        order = list(paragraphs)
        draw.shuffle(order)
        places = sorted((draw.randrange(1, len(excerpt)) for _ in order), reverse=True)
        for place, paragraph in zip(places, order, strict=True):
            excerpt.insert(place, paragraph)
        return _markdown("\n\n".join(excerpt) + "\n", name)

    def _excerpt(self, tokens: int, draw: random.Random) -> list[str]:
        spare = sum(self._tokens) - tokens
        if tokens < 1 or spare < 0:
            raise ValueError(f"an excerpt of {tokens:,} tokens cannot be cut from a book of {sum(self._tokens):,}")
        skipped = draw.randrange(spare + 1)
        start = before = 0
        while before + self._tokens[start] <= skipped:
            before += self._tokens[start]
            start += 1
        end, held = start, 0
        while end < len(self._paragraphs) and held + self._tokens[end] <= tokens:
            held += self._tokens[end]
            end += 1
        return self._paragraphs[start:end]


def _markdown(text: str, name: str) -> Document:
    from octavo.documents.parsers.markdown import parse_markdown

    parsed = parse_markdown(text)
    return Document.of(parsed.text, name=name, media_type="text/markdown", sections=parsed.sections)
