"""What one example is about: a question about a world, and documents that tell some of its facts and others.

Knows worlds and documents; nothing of prompts and replies.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from octavo.documents.document import Document, Section, Span
from octavo.evaluation.names import Language
from octavo.models.tokenizer import Tokenizer
from octavo.reading.memory import Entry, Memory
from octavo.training.reader.excerpts import Excerpts
from octavo.training.worlds.questions import Question, question, sub_questions
from octavo.training.worlds.telling import Told, statement, told_in, told_together
from octavo.training.worlds.world import Fact, World

_PLANTED_SHARE = 0.7
"""Of the documents, those that are an excerpt of a real text with facts put in."""

_LONGEST = 440
"""Tokens of an excerpt; with the facts of one question put in it stays below octavo's chunks of 512."""
_FULL_SHARE = 0.6
"""Of the excerpts, those that are about as long as they may be: most of octavo's chunks are full."""
_FULL = 0.85
_TRIES = 8

_TITLED_SHARE = 0.5
_QUOTED_SHARE = 0.8
_MISSED_SHARE = 0.2
"""Of what is told as known, where a question was looked up in vain before."""
_FILES = (
    "notes.txt",
    "letters.md",
    "chronicle.md",
    "report.pdf",
    "book.epub",
    "annals.txt",
    "archive.html",
    "volume 2.txt",
)
_TITLES = {
    "en": ("Chapter I", "Chapter XIV", "The early years", "Miscellany", "From the archive", "Part two", "Appendix B"),
    "zh": ("第一章", "第十四回", "早年", "杂记", "卷二", "附录", "乡土志"),
}


class Scene:
    """Draws questions and documents about `world`; real text comes from `excerpts`, where there are some."""

    def __init__(self, world: World, rng: Random, tokenizer: Tokenizer, excerpts: Excerpts | None) -> None:
        self.world = world
        self.rng = rng
        self.tokenizer = tokenizer
        self._excerpts = excerpts

    @property
    def language(self) -> Language:
        """The world's."""
        return self.world.language

    def question(self, hops: int) -> Question:
        """A question of so many hops."""
        return question(self.world.chain(hops, self.rng), self.language, self.rng)

    def distractors(self, asked: Sequence[Question]) -> list[Fact]:
        """A few facts that look like those asked for and answer none of the questions: other facts of the same things,
        the same relations of others."""
        wanted = [fact for one in asked for fact in one.chain]
        found: dict[Fact, None] = {}
        for fact in wanted:
            near = self.world.about(fact.subject)
            like = [other for other in self.world.facts if other.relation == fact.relation]
            for others in (near, like):
                free = [other for other in others if not any(other.answers(one) for one in wanted)]
                found.update(dict.fromkeys(self.rng.sample(free, min(len(free), self.rng.randrange(3)))))
        return list(found)

    def document(
        self, facts: Sequence[Fact], asked: Sequence[Question], longest: int = _LONGEST
    ) -> tuple[Document, Told]:
        """A document that tells the facts, and nothing else that helps with what is asked: an excerpt of a real text of
        at most about `longest` tokens with the facts put in, or a text of facts of the world. Without facts it is an
        excerpt alone, where there is a text to take it from."""
        rng = self.rng
        told = next((each for each in (self._told(facts, asked, longest) for _ in range(_TRIES)) if each.clean), None)
        told = told or self._together(facts, asked)
        sections = []
        if rng.random() < _TITLED_SHARE:
            sections = [Section(rng.choice(_TITLES[self.language]), 1, Span(0, len(told.text)))]
        return Document.of(told.text, name=rng.choice(_FILES), sections=sections), told

    def _told(self, facts: Sequence[Fact], asked: Sequence[Question], longest: int) -> Told:
        rng = self.rng
        if self._excerpts is None or (facts and rng.random() >= _PLANTED_SHARE):
            return self._together(facts, asked)
        full = rng.random() < _FULL_SHARE
        excerpt = self._excerpts.draw(
            rng, rng.randrange(int(longest * _FULL) if full else min(60, longest - 1), longest)
        )
        return told_in(excerpt, rng.sample(list(facts), len(facts)), self.language, rng)

    def _together(self, facts: Sequence[Fact], asked: Sequence[Question]) -> Told:
        rng = self.rng
        wanted = [fact for one in asked for fact in one.chain]
        others = rng.sample(self.world.facts, rng.randrange(2, 12))
        others = [other for other in others if not any(other.answers(fact) for fact in wanted)]
        together = list(dict.fromkeys([*facts, *others]))
        return told_together(rng.sample(together, len(together)), self.language, rng)

    def known(self, asked: Question, steps: int, missed: Question | None = None) -> str:
        """What is known after the first `steps` sub-questions of a question were answered, as octavo tells it; and that
        `missed` was looked up last, in vain."""
        memory = Memory()
        for step in sub_questions(asked)[:steps]:
            (fact,) = step.chain
            before = self.reworded(step) if self.rng.random() < _MISSED_SHARE else None
            if before is not None:
                memory.add(Entry(before.text, "", found=False))
            quoted = self.rng.random() < _QUOTED_SHARE
            memory.add(Entry(step.text, step.answer, (statement(fact, self.language, self.rng),) if quoted else ()))
        if missed is not None:
            memory.add(Entry(missed.text, "", found=False))
        return memory.told(2_000, self.tokenizer.count)

    def reworded(self, asked: Question) -> Question | None:
        """The same question in other words, None where it is asked in one way only."""
        others = (question(asked.chain, self.language, self.rng) for _ in range(_TRIES))
        return next((other for other in others if other.text != asked.text), None)
