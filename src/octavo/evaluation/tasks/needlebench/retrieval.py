"""S-RT and M-RT: find one needle, or eleven at once."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from octavo.evaluation.haystack import at_depth, repeat_seed
from octavo.evaluation.item import Evidence, Item
from octavo.evaluation.names import Language
from octavo.evaluation.tasks.needlebench.material import Material
from octavo.evaluation.tasks.needlebench.needles import distinct
from octavo.evaluation.tasks.needlebench.scope import Scope
from octavo.evaluation.tasks.needlebench.wording import ask_several, ask_single


def single_retrieval(material: Material, scope: Scope, language: Language) -> Iterator[Item]:
    """S-RT: a needle of each repeat at each depth."""
    needles = material.needles(language)
    version = scope.definition.version
    for length in scope.lengths:
        room = scope.room(length, "s_rt", language)
        for repeat in scope.repeats_of("s_rt"):
            needle = Random(repeat_seed(material.seed, repeat)).choice(needles)
            asked = ask_single(needle, version)
            for depth in scope.depths:
                background = material.background(language, repeat, room)
                hidden = background.hide([f"\n{needle.text}\n"], at_depth(depth), room, snap=scope.snap)
                yield Item(
                    id=f"s_rt/{language}/{length}/depth-{depth:g}/{repeat}",
                    context=hidden.text,
                    question=asked.question,
                    answers=(needle.keyword,),
                    evidence=(Evidence(needle.text, hidden.spans[0]),),
                    conditions={
                        "task": "s_rt",
                        "language": language,
                        "length": length,
                        "depth": depth,
                        "repeat": repeat,
                    },
                    data={"needle": needle.text, "prompt": asked.prompt},
                )


def multi_retrieval(material: Material, scope: Scope, language: Language) -> Iterator[Item]:
    """M-RT: a needle at each depth of the definition (however many depths the other tasks are asked for), all in one
    question."""
    depths = scope.definition.depths
    version = scope.definition.version
    chosen = distinct(material.needles(language), len(depths), material.seed)
    for length in scope.lengths:
        room = scope.room(length, "m_rt", language)
        for repeat in scope.repeats_of("m_rt"):
            needles = list(chosen)
            Random(repeat_seed(material.seed, repeat)).shuffle(needles)
            asked = ask_several(needles, version)
            hidden = material.background(language, repeat, room).hide(
                [f"\n{needle.text}\n" for needle in needles],
                lambda tokens: [int(tokens * (depth / 100)) for depth in depths],
                room,
                snap=scope.snap,
            )
            yield Item(
                id=f"m_rt/{language}/{length}/{repeat}",
                context=hidden.text,
                question=asked.question,
                answers=tuple(needle.keyword for needle in needles),
                evidence=tuple(Evidence(needle.text, span) for needle, span in zip(needles, hidden.spans, strict=True)),
                conditions={"task": "m_rt", "language": language, "length": length, "repeat": repeat},
                data={"depths": depths, "prompt": asked.prompt},
            )
