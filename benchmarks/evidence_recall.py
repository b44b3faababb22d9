"""How much does the final evidence depend on the reader? Level `retrieve` against `read` with better and worse readers.

All 100 MuSiQue questions, the 20 paragraphs of each hidden at random places in an excerpt of War and Peace of 128,000
tokens (the embedded model's, as all tokens here); the first 20 again in 1,000,000 tokens. The book has 747,000: there
it is followed by the beginning of the Dream of the Red Chamber, where no English question finds a word. Every document
is read in a window of 4,096 tokens and of 8,192, so what is asked for has to be in the few chunks that fit.

The reader is a script in this process (`multihop_reader.py`, with foresight: it knows the fact of every hop when it
sees it) that is as good as it is made: of the passages that hold a fact it points at the share `finds`, and of all
others it claims the share `claims`, at a random sentence. It gives no logprobs, so nothing tells a true finding from a
false one but the words in it. Everything else, every call, prompt, ranking and packing, is octavo's own.

- *gold in prompt*: of a question's hops the share whose fact (`multihop_data.py`) stands in the final prompt, word for
  word; the mean over the questions, with its 95 % interval. *all of it*: the share of questions of which every fact
  does.
- *precision*: of all findings the share that hold a fact. `retrieve` has no findings.
- *calls*, *prompt tokens*: the mean a question.

Where the reader finds nothing at all, level `read` shows what BM25 ranks best. Of found chunks that do not fit whole
the found sentences are shown.

What came out, at 128,000 tokens: retrieving brings half of the facts into the small window and two thirds into the
large; a reader that misses nothing brings all of them, whatever it claims besides. What the evidence depends on is what
the reader misses: at 90 % found 93 to 97 % are shown in the small window and 93 to 100 % in the large, at 70 % found 80
to 87 % and 81 to 93 %, which is more than was found, as the question's own words find some of what is missed. False
claims cost less (at most 7 points in the small window, 12 in the large), and most where the reader misses much: what it
claims then stands where BM25's choice would. At 1,000,000 tokens precision falls to 2 %, and the perfect reader's
evidence still is all there but for 3 points (4,096 tokens, 5 % claimed). The tables' 100 and 20 questions are not to be
compared: at 20 the intervals are wide.

What it does not measure: a real reader, whose misses and false claims are no coin tosses, and what an answering model
makes of the evidence. Takes about 40 minutes of processor time, shared by two processes.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import re
import statistics
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from harness import Record, data_text
from multihop_data import Haystack, MultihopQuestion, musique
from multihop_reader import MultihopReader, Noise
from octavo.documents.document import Document, Span
from octavo.evaluation.intervals import bootstrap_mean
from octavo.library.library import Library
from octavo.models.ledger import Ledger
from octavo.models.scripted import ScriptedModel
from octavo.reading.answer import Finding, Usage
from octavo.reading.events import Answered, ChunkRead
from octavo.reading.options import LevelChoice
from octavo.reading.reader import Reader
from serving import embedded_tokenizer

_QUESTIONS = {128_000: 100, 1_000_000: 20}
"""How many are asked, from the first, by the tokens of the document."""

_WINDOWS = (4_096, 8_192)
_FINDS = (1.0, 0.9, 0.7)
_CLAIMS = (0.0, 0.01, 0.05)
_SPARE = 10_000
"""Tokens of text beyond those of the longest document, so that its beginning can be drawn."""


@dataclass(frozen=True, slots=True)
class Configuration:
    """A window in tokens, and who reads: nobody (level `retrieve`) where there is no noise."""

    window: int
    noise: tuple[float, float] | None = None

    @property
    def level(self) -> LevelChoice:
        """As octavo calls it."""
        return "read" if self.noise else "retrieve"

    @property
    def title(self) -> str:
        """As figures are called."""
        if self.noise is None:
            return f"{self.window}_retrieve"
        finds, claims = self.noise
        return f"{self.window}_read_{finds * 100:.0f}_{claims * 100:.0f}"


def configurations() -> list[Configuration]:
    """All, in the order of the tables."""
    noises = [(finds, claims) for finds in _FINDS for claims in _CLAIMS]
    return [Configuration(window, noise) for window in _WINDOWS for noise in (None, *noises)]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one reading came to. `shown` says of each hop whether its fact stood in the final prompt; of `findings`
    `true` held a fact."""

    configuration: Configuration
    shown: tuple[bool, ...]
    findings: int
    true: int
    calls: int
    prompt_tokens: int


def main() -> None:
    """Measure and record."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tokens", type=int, nargs="+", default=list(_QUESTIONS), help="of the documents")
    parser.add_argument("--questions", type=int, help=f"a quick try with so many; default: {_QUESTIONS}")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0, help="of excerpts, places and noise")
    arguments = parser.parse_args()
    record = Record("evidence_recall", tokenizer="smollm2", seed=arguments.seed)
    # Spawned, not forked: the store and the tokenizer have threads of their own.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(arguments.processes, mp_context=context) as pool:
        for tokens in arguments.tokens:
            questions = musique(arguments.questions or _QUESTIONS.get(tokens, 1))
            jobs = [
                pool.submit(outcomes, question, tokens, arguments.seed + number)
                for number, question in enumerate(questions)
            ]
            found = []
            for number, job in enumerate(jobs, start=1):
                found += job.result()
                print(f"{tokens:,} tokens: {number} of {len(jobs)} questions", flush=True)
            for configuration in configurations():
                summarise(record, tokens, [each for each in found if each.configuration == configuration])
            if arguments.questions is None:
                record.save()  # after every length: the next takes long
    if arguments.questions is not None:
        print("a quick try: shown, not kept")


def outcomes(question: MultihopQuestion, tokens: int, seed: int) -> list[Outcome]:
    """One question in every configuration; its document is parsed, chunked and indexed once."""
    document = _haystack(tokens).hide(question.paragraphs, tokens=tokens, seed=seed, name="book.md")
    with tempfile.TemporaryDirectory() as home:
        return [asyncio.run(_outcome(question, document, Path(home), each, seed)) for each in configurations()]


async def _outcome(
    question: MultihopQuestion, document: Document, home: Path, configuration: Configuration, seed: int
) -> Outcome:
    finds, claims = configuration.noise or (0.0, 0.0)
    reader = MultihopReader(question, noise=Noise(finds, claims, seed=seed), foresight=True)
    model = ScriptedModel(reader, window=configuration.window, tokenizer=embedded_tokenizer())
    findings: list[Finding] = []
    usage = Usage()
    with Ledger() as ledger:
        octavo = Reader(model, home=home, ledger=ledger)
        async for event in octavo.astream(Library(document, home=home), question.question, level=configuration.level):
            if isinstance(event, ChunkRead):
                findings += event.findings
            elif isinstance(event, Answered):
                usage = event.answer.usage
    final = reader.final_prompts[-1] if reader.final_prompts else None
    gold = list(fact_places(question, document.text))
    return Outcome(
        configuration=configuration,
        shown=tuple(reader.facts_in(final.shown if final else "")),
        findings=len(findings),
        true=sum(any(place.overlaps(at) for place in gold for at in finding.sentences) for finding in findings),
        calls=usage.calls,
        prompt_tokens=usage.prompt_tokens,
    )


def fact_places(question: MultihopQuestion, text: str) -> Iterator[Span]:
    """Where the facts of a question stand in `text`, however its lines are broken."""
    for hop in question.hops:
        pattern = r"\s+".join(map(re.escape, hop.fact.split()))
        yield from (Span(*match.span()) for match in re.finditer(pattern, text))


@cache
def _haystack(tokens: int) -> Haystack:
    """A book that is long enough for documents of `tokens` tokens."""
    text = data_text("war-and-peace")
    missing = tokens + _SPARE - embedded_tokenizer().count(text)
    for line in data_text("hongloumeng").splitlines() if missing > 0 else ():
        if missing > 0 and line.strip():
            text += f"\n\n{line}"
            missing -= embedded_tokenizer().count(line)
    return Haystack(text, embedded_tokenizer())


# --- figures --------------------------------------------------------------------------------------------------------


def summarise(record: Record, tokens: int, found: Sequence[Outcome]) -> None:
    """A row of one configuration at one length, and its recall as a figure."""
    configuration = found[0].configuration
    finds, claims = configuration.noise or (None, None)
    recalls = [sum(outcome.shown) / len(outcome.shown) for outcome in found]
    complete = [float(all(outcome.shown)) for outcome in found]
    findings = sum(outcome.findings for outcome in found)
    title = f"{tokens // 1000}k_{configuration.title}"
    record.add(f"{title}_recall", 100 * statistics.fmean(recalls), "of 100")
    record.add_row(
        f"{len(found)} documents of {tokens:,} tokens",
        {
            "window": configuration.window,
            "level": configuration.level,
            "finds %": finds if finds is None else round(100 * finds),
            "claims %": claims if claims is None else round(100 * claims),
            **_percent("gold in prompt", recalls),
            **_percent("all of it", complete),
            "precision %": round(100 * sum(outcome.true for outcome in found) / findings, 1) if findings else None,
            "calls": round(statistics.fmean(outcome.calls for outcome in found)),
            "prompt tokens": round(statistics.fmean(outcome.prompt_tokens for outcome in found)),
        },
    )


def _percent(name: str, values: Sequence[float]) -> dict[str, float | str]:
    """A mean of shares with its interval, for a row."""
    interval = bootstrap_mean(values)
    return {
        f"{name} %": round(100 * statistics.fmean(values), 1),
        f"{name}, 95 % interval": f"{100 * interval.low:.0f} to {100 * interval.high:.0f}",
    }


if __name__ == "__main__":
    main()
