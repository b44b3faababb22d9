"""M-RS and ATC: put several facts together, hidden in a haystack or standing one after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from random import Random

from octavo.errors import EvaluationError
from octavo.evaluation.haystack import insert, repeat_seed
from octavo.evaluation.item import Evidence, Item
from octavo.evaluation.names import Language
from octavo.evaluation.tasks.needlebench.definition import REASONING_GAP
from octavo.evaluation.tasks.needlebench.kinship import Chain, make_chain
from octavo.evaluation.tasks.needlebench.material import Material, Record
from octavo.evaluation.tasks.needlebench.scope import Scope
from octavo.evaluation.tasks.needlebench.trace_wording import (
    TRACE_KINDS,
    TraceKind,
    ask_trace,
    ask_trace_v1,
    trace_answer,
)
from octavo.evaluation.tasks.needlebench.wording import Asked, ask_eldest, ask_record

_KIND_SEEDS_APART = 10_000
"""Between the seeds of two kinds of question, as in the benchmark."""


@dataclass(frozen=True, slots=True)
class _Puzzle:
    needles: tuple[str, ...]
    asked: Asked
    answer: str


def multi_reasoning(material: Material, scope: Scope, language: Language) -> Iterator[Item]:
    """M-RS: chains of 2 to 5 needles, the first at each depth, the others every 10 % of the haystack behind it."""
    names = material.names(language)
    records = material.records(language) if scope.definition.version == "v1" else None
    for length in scope.lengths:
        room = scope.room(length, "m_rs", language)
        for repeat in scope.repeats_of("m_rs"):
            for count in scope.reasoning_needles:
                rng = Random(repeat_seed(material.seed, repeat))
                if records is None:
                    puzzle = _family(
                        make_chain(names, count + 1, rng, language, scope.definition.version), scope, language
                    )
                else:
                    puzzle = _record(records, count, rng, language)
                needles = [f"\n{needle}\n" for needle in puzzle.needles]
                sizes = [material.tokenizer.count(needle) for needle in needles]
                for depth in scope.depths:
                    background = material.background(language, repeat, room)
                    hidden = background.hide(needles, chain_places(sizes, depth), room, snap=scope.snap)
                    yield Item(
                        id=f"m_rs/{language}/{length}/{count}-needles/depth-{depth:g}/{repeat}",
                        context=hidden.text,
                        question=puzzle.asked.question,
                        answers=(puzzle.answer,),
                        evidence=tuple(
                            Evidence(text, span) for text, span in zip(puzzle.needles, hidden.spans, strict=True)
                        ),
                        conditions={
                            "task": "m_rs",
                            "language": language,
                            "length": length,
                            "depth": depth,
                            "needles": count,
                            "repeat": repeat,
                        },
                        data={"prompt": puzzle.asked.prompt},
                    )


def ancestral_trace(material: Material, scope: Scope, language: Language) -> Iterator[Item]:
    """ATC: a family and nothing else; in v2 with four kinds of question, one link for each needle; in v1 with one, and
    one person for each needle."""
    names = material.names(language)
    version = scope.definition.version
    for count in scope.trace_needles:
        for number, kind in enumerate(TRACE_KINDS if version == "v2" else TRACE_KINDS[:1]):
            for repeat in scope.repeats_of("atc"):
                rng = Random(repeat_seed(material.seed, repeat + 1 + _KIND_SEEDS_APART * number))
                chain = make_chain(names, count + 1 if version == "v2" else count, rng, language, version)
                asked = ask_trace(chain, kind, language) if version == "v2" else ask_trace_v1(chain, language)
                yield _trace_item(chain, kind, asked, count, repeat, language)


def chain_places(sizes: Sequence[int], depth: float) -> Callable[[int], list[int]]:
    """Before which tokens of the haystack the needles of a chain go, which are `sizes` tokens long.

    As NeedleBench counts: each stands REASONING_GAP percent of the haystack behind the one before it, the length of
    which is counted in; what would lie beyond the end stands at the end.
    """

    def places(tokens: int) -> list[int]:
        points: list[int] = []
        for number in range(len(sizes)):
            if number == 0:
                point = int(tokens * (depth / 100))
            else:
                point = int(points[-1] + sizes[number - 1] + tokens * (REASONING_GAP / 100))
            points.append(min(point, tokens + sum(sizes[:number])))
        return [min(point, tokens) for point in points]

    return places


def _family(chain: Chain, scope: Scope, language: Language) -> _Puzzle:
    return _Puzzle(chain.sentences, ask_eldest(chain.youngest, language, scope.definition.version), chain.eldest)


def _record(records: Sequence[Record], count: int, rng: Random, language: Language) -> _Puzzle:
    fitting = [record for record in records if record.count == count]
    if not fitting:
        raise EvaluationError(
            f"NeedleBench's records have none of {count} derivations; ask for other numbers of needles"
        )
    record = rng.choice(fitting)
    return _Puzzle(record.needles, ask_record(record.question, language), record.answer)


def _trace_item(chain: Chain, kind: TraceKind, asked: Asked, count: int, repeat: int, language: Language) -> Item:
    story = insert("", 0, [(0, sentence) for sentence in chain.sentences])
    return Item(
        id=f"atc/{language}/{count}-needles/{kind}/{repeat}",
        context=story.text,
        question=asked.question,
        answers=(trace_answer(chain, kind),),
        evidence=tuple(Evidence(text, span) for text, span in zip(chain.sentences, story.spans, strict=True)),
        conditions={"task": "atc", "language": language, "needles": count, "kind": kind, "repeat": repeat},
        data={"prompt": asked.prompt},
    )
