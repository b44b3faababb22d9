"""Questions about a world: after one fact, or after the last of a chain of them.

Knows facts; nothing of the texts that tell them.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from octavo.evaluation.names import Language
from octavo.training.worlds.relations import Relation, phrase, sentence
from octavo.training.worlds.world import Chain, Fact

_GENITIVE = "{s's}"
_WITH_ARTICLE = "{the_s}"

_PLAIN_FORMS: dict[Language, tuple[tuple[str, str], str]] = {
    "en": (("Who", "What"), "{word} is {named}?"),
    "zh": (("谁", "什么"), "{named}是{word}？"),
}
"""A question after something named: the words for persons and for things, and where they stand."""


@dataclass(frozen=True, slots=True)
class Question:
    """A question, the facts that answer it (one, or a chain), what it is answered with, and the words that a good
    search for it would use."""

    text: str
    chain: Chain
    keywords: tuple[str, ...]
    language: Language

    @property
    def answer(self) -> str:
        """What the last fact says."""
        return self.chain[-1].answer

    @property
    def named(self) -> str:
        """What is asked for, as a phrase: "the town where the author of The Long Road was born"."""
        return _named(self.chain, self.language)


def question(chain: Chain, language: Language, rng: Random) -> Question:
    """A question after the object of the chain's last fact that names the subject of its first."""
    first = chain[0]
    subject, short = _named(chain[:-1], language) or first.subject.name, list(first.relation.words[language].short)
    last = chain[-1].relation
    if len(chain) > 1:
        short += last.words[language].short
    keywords = (first.subject.name, *rng.sample(short, min(len(short), rng.choice((2, 3, 4)))))
    return Question(_asked(last, subject, language, rng, nested=len(chain) > 1), chain, keywords, language)


def sub_questions(asked: Question) -> list[Question]:
    """For each fact of a chain the question that leads on, naming the subject itself, in the words of the question, so
    that it can be split by copying: "Who taught the author of Brand?" into "Who is the author of Brand?" and, that
    being Ada, "Who taught Ada?"."""
    language = asked.language
    texts = [*(_plainly(fact, language) for fact in asked.chain[:-1]), _filled_in(asked)]
    return [
        Question(text, (fact,), (fact.subject.name, *fact.relation.words[language].short), language)
        for text, fact in zip(texts, asked.chain, strict=True)
    ]


def _plainly(fact: Fact, language: Language) -> str:
    """A question after the object of a fact, as a longer question names it."""
    (who, what), form = _PLAIN_FORMS[language]
    return form.format(word=who if fact.relation.object == "person" else what, named=_named((fact,), language))


def _filled_in(asked: Question) -> str:
    """The question with the subject of its last fact named in place of what leads there."""
    leads, text = _named(asked.chain[:-1], asked.language), asked.text
    for each in (leads, leads[:1].upper() + leads[1:]) if leads else ():
        text = text.replace(each, _subject(asked.chain[-1], asked.language))
    return text


def _subject(fact: Fact, language: Language) -> str:
    """The subject of a fact as its relation speaks of it: a relic's name has an article."""
    words = fact.relation.words[language]
    return phrase(_WITH_ARTICLE if _WITH_ARTICLE in words.the else "{s}", fact.subject.name)


def _named(chain: Chain, language: Language) -> str:
    """The object of a chain's last fact in terms of its first subject; nothing for an empty one."""
    named = chain[0].subject.name if chain else ""
    for fact in chain:
        named = phrase(fact.relation.words[language].the, named)
    return named


def _asked(relation: Relation, subject: str, language: Language, rng: Random, *, nested: bool) -> str:
    asks = relation.words[language].asks
    if nested:  # a long phrase has no genitive
        asks = tuple(template for template in asks if _GENITIVE not in template)
    return sentence(rng.choice(asks), subject)
