"""Examples of all kinds, mixed: the same seed gives the same ones.

    world ── chain of facts ── question
      └── passages that tell them, or others ── octavo's own prompt ── the right reply

Every kind has its negatives. Knows the kinds and their shares; nothing of training.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random

from octavo.evaluation.names import Language
from octavo.models.tokenizer import Tokenizer
from octavo.reading.options import Strategy
from octavo.training.reader import calls
from octavo.training.reader.example import Example, Kind
from octavo.training.reader.excerpts import Excerpts
from octavo.training.reader.scene import Scene
from octavo.training.worlds.world import World


@dataclass(frozen=True, slots=True)
class Course:
    """What is learned at a time: `shares` of the kinds, and the share of the questions asked of a passage, one after
    the other, that it helps with (`told`)."""

    shares: Mapping[Kind, float]
    told: float


IN_USE = Course({"read": 0.56, "analyse": 0.04, "answer": 0.2, "sufficient": 0.08, "plan": 0.12}, told=0.5)
"""About as octavo asks its own small model: what that is measured on."""

FIRST = Course({"read-on": 1.0}, told=0.92)
"""Which sentence helps. While it is not known, "none" is the best guess; a small model that may guess so from the
beginning learns little else."""

THEN = Course(
    {
        "read-on": 0.28,
        "read": 0.06,
        "answer-on": 0.16,
        "answer": 0.14,
        "plan": 0.28,
        "analyse": 0.04,
        "sufficient": 0.04,
    },
    told=0.55,
)
"""All calls, and that most passages help with nothing."""

PLANNING = Course(
    {"plan": 0.75, "read-on": 0.1, "answer": 0.1, "answer-on": 0.03, "analyse": 0.01, "sufficient": 0.01}, told=0.6
)
"""Mostly what to look up next, which has few tokens in the other courses; and some of all else. That is too little to
keep what was learned of reading: show more of that afterwards, or put what it gives between it and what was before."""

BOTH = Course(
    {
        "plan": 0.58,
        "read-on": 0.22,
        "answer": 0.08,
        "answer-on": 0.05,
        "read": 0.03,
        "sufficient": 0.02,
        "analyse": 0.02,
    },
    told=0.55,
)
"""Planning and reading in about equal parts of what is learned, so that neither is forgotten for the other: a plan has
a third of the tokens of a conversation about a passage."""

LANGUAGES: Mapping[Language, float] = {"en": 0.9, "zh": 0.1}
"""How many in each language, unless said otherwise."""

_THINGS = 40


def reader_examples(
    count: int,
    *,
    seed: str,
    tokenizer: Tokenizer,
    texts: Mapping[Language, str],
    languages: Mapping[Language, float] = LANGUAGES,
    strategies: Sequence[Strategy] = ("quote",),
    course: Course = IN_USE,
) -> Iterator[Example]:
    """`count` examples, each about a world of its own. `seed` names the worlds, such as "train" or "held-out"; `texts`
    are real ones, in which facts are put. Tokens are counted with `tokenizer`."""
    excerpts = {language: Excerpts(text, tokenizer) for language, text in texts.items()}
    for number in range(count):
        name = f"{seed}/{number}"
        rng = Random(name)
        (language,) = rng.choices(list(languages), list(languages.values()))
        (kind,) = rng.choices(list(course.shares), list(course.shares.values()))
        world = World.make(name, language, things=_THINGS)
        yield _example(kind, Scene(world, rng, tokenizer, excerpts.get(language)), strategies, course.told)


def _example(kind: Kind, scene: Scene, strategies: Sequence[Strategy], told: float) -> Example:
    def strategy() -> Strategy:
        return scene.rng.choice(list(strategies))

    made: Mapping[Kind, Callable[[], Example]] = {
        "read": lambda: calls.read(scene, strategy()),
        "read-on": lambda: calls.read_on(scene, strategy(), told),
        "analyse": lambda: calls.analyse(scene),
        "answer": lambda: calls.answer(scene),
        "answer-on": lambda: calls.answer_on(scene),
        "sufficient": lambda: calls.sufficient(scene),
        "plan": lambda: calls.plan(scene),
    }
    return made[kind]()
