"""How well the embedded model answers questions of two hops about documents that its window does not hold.

Made-up worlds of the seed "held-out-hops" (no training saw them): for each a question after a chain of two facts,
told at random places in an excerpt of War and Peace of 20,000 of the model's tokens, among facts that look like them.
Each level answers it: `retrieve`, `read`, and `reason`, which asks one hop after the other. `exact` is SQuAD's exact
match of the answer without its markers; `shown` the share of the chain's two facts that stand in a passage that the
answer was written from, or in what a step towards it cites. Calls are kept in `--work`, so a run that was stopped
goes on.

What it does not measure: real questions, or facts told in other words than the worlds have.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

from harness import Record, data_text
from octavo.documents.document import Document
from octavo.errors import OctavoError
from octavo.evaluation.intervals import bootstrap_mean
from octavo.evaluation.scorers.f1 import token_f1
from octavo.evaluation.scorers.normalise import squad_text, squad_words
from octavo.library.library import Library
from octavo.models.embedded import EmbeddedModel
from octavo.models.ledger import Ledger
from octavo.models.tokenizer import Tokenizer
from octavo.reading.answer import Answer
from octavo.reading.options import LevelChoice
from octavo.reading.reader import Reader
from octavo.training.reader.excerpts import Excerpts
from octavo.training.reader.scene import Scene
from octavo.training.worlds.questions import Question
from octavo.training.worlds.telling import Told, told_in
from octavo.training.worlds.world import World

_TOKENS = 20_000
_HOPS = 2
_THINGS = 40
_LEVELS: tuple[LevelChoice, ...] = ("retrieve", "read", "reason")


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, and the document that tells its facts."""

    question: Question
    document: Document
    told: Told


async def main() -> None:
    """Measure and record."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--raw", action="store_true", help="without what octavo taught it")
    parser.add_argument("--adapter", type=Path, help="another LoRA adapter (.gguf)")
    parser.add_argument("--name", help="of the record; default: raw or trained")
    parser.add_argument("--questions", type=int, default=50)
    parser.add_argument("--levels", nargs="+", choices=_LEVELS, default=list(_LEVELS))
    parser.add_argument("--work", type=Path, default=Path("runs/multihop"), help="keeps the calls")
    arguments = parser.parse_args()
    model = EmbeddedModel(adapter=arguments.adapter, raw=arguments.raw)
    await model.ready()
    record = Record(
        f"embedded_multihop_{arguments.name or ('raw' if arguments.raw else 'trained')}",
        model=model.name,
        adapter=arguments.adapter.name if arguments.adapter else None,
        tokens=_TOKENS,
    )
    asked = list(questions(arguments.questions, model.tokenizer))
    arguments.work.mkdir(parents=True, exist_ok=True)
    with Ledger(arguments.work / "ledger.sqlite") as ledger:
        for level in arguments.levels:
            reader = Reader(model, home=arguments.work / "home", ledger=ledger)
            found: dict[str, list[float]] = defaultdict(list)
            for number, each in enumerate(asked, start=1):
                for measure, value in (await _measured(reader, each, level)).items():
                    found[measure].append(value)
                right, failed = sum(found["exact"]), sum(found["failed"])
                print(f"{level}: {number} of {len(asked)}, {right:.0f} right, {failed:.0f} failed", flush=True)
            record.add(f"{level}_exact", 100 * statistics.fmean(found["exact"]), "%")
            record.add_row("levels", _row(level, found))
    await model.aclose()
    record.save()


def questions(count: int, tokenizer: Tokenizer) -> Iterator[Asked]:
    """Each about a world and an excerpt of its own; the same ones every time."""
    excerpts = Excerpts(data_text("war-and-peace"), tokenizer)
    for number in range(count):
        rng = Random(f"held-out-hops/{number}")
        scene = Scene(World.make(f"held-out-hops/{number}", "en", things=_THINGS), rng, tokenizer, None)
        asked = scene.question(_HOPS)
        facts = [*asked.chain, *scene.distractors([asked])]
        told = told_in(excerpts.draw(rng, _TOKENS), rng.sample(facts, len(facts)), "en", rng)
        yield Asked(asked, Document.of(told.text, name="book.txt"), told)


async def _measured(reader: Reader, asked: Asked, level: LevelChoice) -> dict[str, float]:
    try:
        answer = await reader.aask(Library(asked.document), asked.question.text, level=level)
    except OctavoError as error:
        print(f"failed: {error}")
        return {"exact": 0.0, "f1": 0.0, "shown": 0.0, "failed": 1.0}
    right, said = asked.question.answer, answer.said if answer.found else ""
    return {
        "exact": float(squad_text(said) == squad_text(right)),
        "f1": token_f1(squad_words(said), squad_words(right)),
        "shown": _shown(answer, asked),
        "failed": 0.0,
        "calls": float(answer.usage.calls + answer.usage.reused_calls),
        "prompt tokens": float(answer.usage.prompt_tokens),
        "seconds": answer.usage.seconds,
    }


def _shown(answer: Answer, asked: Asked) -> float:
    """The share of the chain's facts that stand in a passage that the answer was written from, or in what a step
    towards it cites."""
    spans = [passage.span for passage in answer.passages]
    spans += [citation.span for step in answer.steps for citation in step.citations]
    return statistics.fmean(
        any(place.overlaps(span) for place in asked.told.evidence(fact) for span in spans)
        for fact in asked.question.chain
    )


def _row(level: str, found: dict[str, list[float]]) -> dict[str, object]:
    interval = bootstrap_mean(found["exact"], seed=0)
    return {
        "level": level,
        "questions": len(found["exact"]),
        "failed": int(sum(found["failed"])),
        "exact": round(100 * statistics.fmean(found["exact"]), 1),
        "95 % interval": f"{100 * interval.low:.0f} to {100 * interval.high:.0f}",
        "f1": round(100 * statistics.fmean(found["f1"]), 1),
        "shown": round(100 * statistics.fmean(found["shown"]), 1),
        **{
            f"{name} a question": round(statistics.fmean(found[name]))
            for name in ("calls", "prompt tokens", "seconds")
            if found[name]
        },
    }


if __name__ == "__main__":
    asyncio.run(main())
