"""How well the embedded model does octavo's own calls: reading, analysing, answering, judging, planning.

Examples are octavo's own prompts with known right replies, about things that no training saw: worlds of the seed
"held-out" (facts put into War and Peace and the Dream of the Red Chamber, or told among others), and MuSiQue's
questions 60 to 99 with their paragraphs and decompositions. Replies are understood by octavo's own code; the measures
are those of `octavo.training.reader.measuring`, with the longest replies that each model is given in a reading. The
worlds tell other facts than those of the training, with names from the same lists and the same sentences; MuSiQue's are
real texts.

What it does not measure: whole readings (`needle.py`), and texts unlike these.
"""

from __future__ import annotations

import argparse
import asyncio
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from harness import Record, data_file, data_text
from octavo.errors import ModelError
from octavo.evaluation.intervals import bootstrap_mean
from octavo.models.chat import ChatModel
from octavo.models.embedded import EmbeddedModel
from octavo.reading.options import ReadingOptions, Strategy
from octavo.training.reader.example import Example
from octavo.training.reader.examples import IN_USE, reader_examples
from octavo.training.reader.measuring import Values, measured, together
from octavo.training.reader.musique import TAUGHT, musique_examples, read_decomposed

_CLAIMED = ("hit", "none", "none of plain", "none of like")


def main() -> None:
    """Measure and record."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--raw", action="store_true", help="without what octavo taught it")
    parser.add_argument("--adapter", type=Path, help="another LoRA adapter (.gguf)")
    parser.add_argument("--name", help="of the record; default: raw or trained")
    parser.add_argument("--strategy", choices=("quote", "opening", "number"), default="quote")
    parser.add_argument("--examples", type=int, default=600, help="about made-up worlds")
    parser.add_argument("--musique", type=int, help="examples from MuSiQue, at most; default: all")
    arguments = parser.parse_args()
    asyncio.run(_measure(arguments))


async def _measure(arguments: argparse.Namespace) -> None:
    model = EmbeddedModel(adapter=arguments.adapter, raw=arguments.raw)
    await model.ready()
    strategy: Strategy = arguments.strategy
    sets = {
        "worlds": _of_worlds(arguments.examples, model, strategy),
        "musique": _of_musique(model, strategy)[: arguments.musique],
    }
    record = Record(
        f"embedded_reader_{arguments.name or ('raw' if arguments.raw else 'trained')}",
        model=model.name,
        adapter=arguments.adapter.name if arguments.adapter else None,
        strategy=strategy,
        examples={name: len(examples) for name, examples in sets.items()},
    )
    for name, examples in sets.items():
        by_kind: dict[tuple[str, str], list[Values]] = defaultdict(list)
        for example, values in zip(examples, await _replied(model, examples), strict=True):
            by_kind[example.kind, example.about["language"]].append(values)
        for (kind, language), found in sorted(by_kind.items()):
            for measure, numbers in together(found).items():
                if kind == "read" and measure in _CLAIMED:
                    record.add(f"{name}_{language}_{measure.replace(' ', '_')}", 100 * sum(numbers) / len(numbers), "%")
                interval = bootstrap_mean(numbers, seed=0)
                record.add_row(
                    "replies",
                    {
                        "set": name,
                        "call": kind,
                        "language": language,
                        "measure": measure,
                        "mean": round(100 * sum(numbers) / len(numbers), 1),
                        "95 % interval": f"{100 * interval.low:.0f} to {100 * interval.high:.0f}",
                        "n": len(numbers),
                    },
                )
    record.save()
    await model.aclose()


def _of_worlds(count: int, model: ChatModel, strategy: Strategy) -> list[Example]:
    texts = {"en": data_text("war-and-peace"), "zh": data_text("hongloumeng")}
    return list(
        reader_examples(
            count,
            seed="held-out",
            tokenizer=model.tokenizer,
            texts={"en": texts["en"], "zh": texts["zh"]},
            languages={"en": 0.8, "zh": 0.2},
            strategies=[strategy],
            course=IN_USE,
        )
    )


def _of_musique(model: ChatModel, strategy: Strategy) -> list[Example]:
    questions = read_decomposed(data_file("musique"), start=TAUGHT)
    examples = musique_examples(questions, seed="held-out", tokenizer=model.tokenizer, strategy=strategy)
    return [example for example in examples if example.kind in IN_USE.shares]


async def _replied(model: ChatModel, examples: Sequence[Example]) -> list[Values]:
    """What each reply is worth; as many calls at once as the model works on."""
    room = asyncio.Semaphore(model.parallel or 4)
    each = ReadingOptions().for_model(model, model.window).reply_tokens
    done = 0

    async def one(example: Example) -> Values:
        nonlocal done
        request = example.request
        if each is not None and example.kind == "read":
            request = replace(request, max_tokens=each)
        async with room:
            try:
                completion = await model.complete(request)
            except ModelError:
                completion = None
        done += 1
        if done % 50 == 0:
            print(f"{done} of {len(examples)}", flush=True)
        return measured(example, completion)

    return list(await asyncio.gather(*map(one, examples)))


if __name__ == "__main__":
    main()
