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

_PLANTED_SHARE = 0.55
"""Of the documents, those that are an excerpt of a real text with facts put in."""

_LONGEST = 440
"""Tokens of an excerpt; with the facts put in it stays below octavo's chunks of 512."""

_TITLED_SHARE = 0.5
_QUOTED_SHARE = 0.8
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
        at most about `longest` tokens with the facts put in, or a text of facts of the world."""
        rng = self.rng
        if self._excerpts is not None and rng.random() < _PLANTED_SHARE:
            excerpt = self._excerpts.draw(rng, rng.randrange(60, longest))
            told = told_in(excerpt, rng.sample(list(facts), len(facts)), self.language, rng)
        else:
            wanted = [fact for one in asked for fact in one.chain]
            others = rng.sample(self.world.facts, rng.randrange(2, 12))
            others = [other for other in others if not any(other.answers(fact) for fact in wanted)]
            together = list(dict.fromkeys([*facts, *others]))
            told = told_together(rng.sample(together, len(together)), self.language, rng)
        sections = []
        if rng.random() < _TITLED_SHARE:
            sections = [Section(rng.choice(_TITLES[self.language]), 1, Span(0, len(told.text)))]
        return Document.of(told.text, name=rng.choice(_FILES), sections=sections), told

    def known(self, asked: Question, steps: int) -> str:
        """What is known after the first `steps` sub-questions of a question were answered, as octavo tells it."""
        memory = Memory()
        for step in sub_questions(asked, self.rng)[:steps]:
            (fact,) = step.chain
            quoted = self.rng.random() < _QUOTED_SHARE
            memory.add(Entry(step.text, step.answer, (statement(fact, self.language, self.rng),) if quoted else ()))
        return memory.told(2_000, self.tokenizer.count)
