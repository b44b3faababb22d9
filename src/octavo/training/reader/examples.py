"""Examples of all kinds, mixed: the same seed gives the same ones.

    world ── chain of facts ── question
      └── passages that tell them, or others ── octavo's own prompt ── the right reply

Every kind has its negatives. Knows the kinds and their shares; nothing of training.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from random import Random

from octavo.evaluation.names import Language
from octavo.models.tokenizer import Tokenizer
from octavo.reading.options import Strategy
from octavo.training.reader import calls
from octavo.training.reader.example import Example, Kind
from octavo.training.reader.excerpts import Excerpts
from octavo.training.reader.scene import Scene
from octavo.training.worlds.world import World

SHARES: Mapping[Kind, float] = {
    "read": 0.46,
    "read-many": 0.1,
    "analyse": 0.04,
    "answer": 0.2,
    "sufficient": 0.08,
    "plan": 0.12,
}
"""How many of each kind, unless said otherwise: most of what octavo asks of a model is reading."""

LANGUAGES: Mapping[Language, float] = {"en": 0.9, "zh": 0.1}
"""How many in each language, unless said otherwise."""

_THINGS = 40
_QUESTIONS_AT_ONCE = (2, 2, 3)


def reader_examples(
    count: int,
    *,
    seed: str,
    tokenizer: Tokenizer,
    texts: Mapping[Language, str],
    languages: Mapping[Language, float] = LANGUAGES,
    strategies: Sequence[Strategy] = ("quote",),
    shares: Mapping[Kind, float] = SHARES,
) -> Iterator[Example]:
    """`count` examples, each about a world of its own. `seed` names the worlds, such as "train" or "held-out"; `texts`
    are real ones, in which facts are put. Tokens are counted with `tokenizer`."""
    excerpts = {language: Excerpts(text, tokenizer) for language, text in texts.items()}
    for number in range(count):
        name = f"{seed}/{number}"
        rng = Random(name)
        (language,) = rng.choices(list(languages), list(languages.values()))
        (kind,) = rng.choices(list(shares), list(shares.values()))
        world = World.make(name, language, things=_THINGS)
        yield _example(kind, Scene(world, rng, tokenizer, excerpts.get(language)), strategies)


def _example(kind: Kind, scene: Scene, strategies: Sequence[Strategy]) -> Example:
    match kind:
        case "read":
            return calls.read(scene, scene.rng.choice(list(strategies)))
        case "read-many":
            questions = scene.rng.choice(_QUESTIONS_AT_ONCE)
            return calls.read(scene, scene.rng.choice(list(strategies)), questions)
        case "analyse":
            return calls.analyse(scene)
        case "answer":
            return calls.answer(scene)
        case "sufficient":
            return calls.sufficient(scene)
        case "plan":
            return calls.plan(scene)
