"""Questions after several facts that lie far apart: does the evidence of every hop reach the prompt that answers?

All 100 MuSiQue questions with their gold decomposition, the 20 paragraphs of each hidden at random places in a
200,000-token excerpt of War and Peace (counted with the embedded model's tokenizer, like every prompt); a window of
8,192 tokens. The reader is a script (`multihop_reader.py`), so what is measured is what octavo makes of its replies:
every call, prompt, ranking and packing is octavo's own. *Evidence* of a hop is the sentence of its supporting paragraph
that holds the hop's answer (`multihop_data.py`); it counts where it stands in the final prompt, word for word.

Configurations, each over all questions:

- `reason`: level 3, a reader that is never wrong.
- `reason-noisy`: the reader misses 10 % of the passages that hold what is asked for and claims 5 % of all others, at a
  random sentence; it gives no logprobs. `reason-noisy-confident`: the same with logprobs that rank a true finding over
  a false one in two of three pairs.
- `retrieve`, `read`, `read-twice` (two rounds): levels 1 and 2 alone, for the difference; asked the whole question, the
  reader sees a hop's fact only where what that hop needs to be known stands beside it. `read-foresight`: level 2 with
  a reader that sees every hop's fact at once, which is more than any model can.

What it does not measure: a real model's decompositions, readings and answers.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import statistics
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from harness import Record, data_text
from multihop_data import Haystack, MultihopQuestion, musique
from multihop_reader import MultihopReader, Noise
from octavo.documents.document import Document
from octavo.library.library import Library
from octavo.models.chat import Completion, Request, TokenUsage
from octavo.models.ledger import Ledger
from octavo.models.scripted import ScriptedModel
from octavo.models.tokenizer import Tokenizer
from octavo.reading.options import LevelChoice, ReadingOptions
from octavo.reading.reader import Reader
from serving import embedded_tokenizer

_WINDOW = 8_192
_QUESTIONS = 100
_TOKENS = 200_000


@dataclass(frozen=True, slots=True)
class Configuration:
    """How a question is read, and by whom."""

    level: LevelChoice = "reason"
    rounds: int = 1
    noise: Noise | None = None
    foresight: bool = False


CONFIGURATIONS = {
    "reason": Configuration(),
    "reason-noisy": Configuration(noise=Noise()),
    "reason-noisy-confident": Configuration(noise=Noise(confident=True)),
    "retrieve": Configuration("retrieve"),
    "read": Configuration("read"),
    "read-twice": Configuration("read", rounds=2),
    "read-foresight": Configuration("read", foresight=True),
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one reading came to. `shown` says of each hop whether its evidence stood in the final prompt, `packed`
    whether in its passages (and not only in what was found out on the way); `document_tokens` are the document's."""

    configuration: str
    question: str
    hops: int
    shown: tuple[bool, ...]
    packed: tuple[bool, ...]
    answered: bool
    calls: int
    prompt_tokens: int
    document_tokens: int


def main() -> None:
    """Measure and record."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--questions", type=int, default=_QUESTIONS, help="MuSiQue questions used, from the first")
    parser.add_argument("--tokens", type=int, default=_TOKENS, help="of each document")
    parser.add_argument("--configurations", nargs="+", choices=CONFIGURATIONS, default=list(CONFIGURATIONS))
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0, help="of excerpts, places and noise")
    parser.add_argument("--show-misses", action="store_true", help="name each question whose evidence is incomplete")
    arguments = parser.parse_args()
    questions = musique(arguments.questions)
    record = Record(
        "multihop",
        questions=len(questions),
        document_tokens=arguments.tokens,
        window=_WINDOW,
        seed=arguments.seed,
        noise="finds 90 %, claims 5 %",
    )
    # Spawned, not forked: the store and the tokenizer have threads of their own.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(arguments.processes, mp_context=context) as pool:
        jobs = [
            pool.submit(outcomes, question, arguments.tokens, arguments.seed + number, arguments.configurations)
            for number, question in enumerate(questions)
        ]
        found = []
        for job in jobs:
            found += job.result()
            if arguments.show_misses:
                _show_misses(found[-len(arguments.configurations) :])
    for name in arguments.configurations:
        summarise(record, name, [outcome for outcome in found if outcome.configuration == name])
    if (arguments.questions, arguments.tokens) == (_QUESTIONS, _TOKENS):
        record.save()
    else:
        print("a quick try: shown, not kept")


def outcomes(question: MultihopQuestion, tokens: int, seed: int, configurations: Sequence[str]) -> list[Outcome]:
    """One question, read in every configuration; parsed, chunked and indexed once."""
    document = haystack().hide(question.paragraphs, tokens=tokens, seed=seed, name="book.md")
    document_tokens = embedded_tokenizer().count(document.text)
    with tempfile.TemporaryDirectory() as home:
        return [
            asyncio.run(_outcome(question, document, document_tokens, Path(home), name, seed))
            for name in configurations
        ]


async def _outcome(
    question: MultihopQuestion, document: Document, document_tokens: int, home: Path, name: str, seed: int
) -> Outcome:
    configuration = CONFIGURATIONS[name]
    noise = configuration.noise and replace(configuration.noise, seed=seed)
    reader = MultihopReader(question, noise=noise, foresight=configuration.foresight)
    model = scripted(reader, embedded_tokenizer())
    options = ReadingOptions(rounds=configuration.rounds)
    with Ledger() as ledger:
        octavo = Reader(model, options=options, home=home, ledger=ledger)
        answer = await octavo.aask(Library(document, home=home), question.question, level=configuration.level)
    final = reader.final_prompts[-1] if reader.final_prompts else None
    nothing = [False] * len(question.hops)
    shown = reader.facts_in(final.shown) if final else nothing
    # Each passage on its own, as the fact must stand in one.
    packed = [reader.facts_in(text) for text in final.passages.values()] if final else []
    return Outcome(
        configuration=name,
        question=question.id,
        hops=len(question.hops),
        shown=tuple(shown),
        packed=tuple(any(facts) for facts in zip(*packed, strict=True)) if packed else tuple(nothing),
        answered=bool(answer.found),
        calls=answer.usage.calls,
        prompt_tokens=answer.usage.prompt_tokens,
        document_tokens=document_tokens,
    )


def scripted(reader: MultihopReader, tokenizer: Tokenizer) -> ScriptedModel:
    """A model of `reader`, with an account of every call."""

    def reply(request: Request) -> str | Completion:
        said = reader(request)
        if isinstance(said, str):
            return said
        usage = TokenUsage(prompt=model.measure(request.messages), completion=tokenizer.count(said.text))
        return replace(said, usage=usage)

    model = ScriptedModel(reply, window=_WINDOW, tokenizer=tokenizer)
    return model


@cache
def haystack() -> Haystack:
    """War and Peace, to hide paragraphs in."""
    return Haystack(data_text("war-and-peace"), embedded_tokenizer())


# --- figures --------------------------------------------------------------------------------------------------------


def summarise(record: Record, name: str, found: Sequence[Outcome]) -> None:
    """The figures of one configuration: of 100 questions, and a row for every number of hops."""
    figure = name.replace("-", "_")
    record.add(f"{figure}_evidence", _percent([all(outcome.shown) for outcome in found]), "of 100")
    record.add(f"{figure}_answered", _percent([outcome.answered for outcome in found]), "of 100")
    for hops, group in _by_hops(found):
        record.add_row(
            "evidence of every hop in the final prompt",
            {
                "configuration": name,
                "hops": hops,
                "questions": len(group),
                "with all evidence %": _percent([all(outcome.shown) for outcome in group]),
                "in passages %": _percent([all(outcome.packed) for outcome in group]),
                "hops with evidence %": _percent([shown for outcome in group for shown in outcome.shown]),
                "answered %": _percent([outcome.answered for outcome in group]),
                "calls": round(statistics.fmean(outcome.calls for outcome in group)),
                "prompt tokens ÷ document": round(
                    statistics.fmean(outcome.prompt_tokens / outcome.document_tokens for outcome in group), 2
                ),
            },
        )


def _by_hops(found: Sequence[Outcome]) -> Iterator[tuple[int | str, Sequence[Outcome]]]:
    for hops in sorted({outcome.hops for outcome in found}):
        yield hops, [outcome for outcome in found if outcome.hops == hops]
    yield "all", found


def _percent(held: Sequence[bool]) -> float:
    return round(100 * sum(held) / len(held), 1)


def _show_misses(found: Sequence[Outcome]) -> None:
    for outcome in found:
        if not all(outcome.shown):
            shown = " ".join("yes" if there else "no" for there in outcome.shown)
            print(f"{outcome.configuration}: {outcome.question}: evidence {shown}", flush=True)


if __name__ == "__main__":
    main()
