"""What a real model loses when a passage is put to it for several questions at once.

Every trial is one passage of about a chunk's size, made of a MuSiQue paragraph that answers a sub-question and of
others of the same question, read for four sub-questions: that one and three of other MuSiQue questions. It is read for
each alone, in two pairs, and for all four together, by octavo's own reading (what is asked again, and in fewer
questions, after a reply that cannot be used included). A *hit*: the sentence that holds the answer was pointed at. A
*false find*: anything was, for a question that the passage does not answer. Shares of the trials, with Wilson's 95 %
interval; the same trials for all, so compare the counts, too.

What it does not measure: whole documents, other languages, or what an answer makes of the findings.
"""

from __future__ import annotations

import argparse
import asyncio
import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import get_args

from asked import squeezed
from harness import Record
from multihop_data import MultihopQuestion, musique
from octavo.documents.document import Document
from octavo.library.memory_corpus import MemoryCorpus
from octavo.models.chat import ChatModel
from octavo.models.embedded import EmbeddedModel
from octavo.models.endpoint import EndpointModel
from octavo.models.tokenizer import Tokenizer
from octavo.reading.answer import Finding
from octavo.reading.options import ReadingOptions, Strategy
from one_pass import one_pass

_TOGETHER = (1, 2, 4)
_QUESTIONS = max(_TOGETHER)
_PASSAGE_TOKENS = 480


@dataclass(frozen=True, slots=True)
class Trial:
    """A passage and the questions to read it for, of which it answers the one at `answered`, by `fact`."""

    passage: Document
    questions: tuple[str, ...]
    answered: int
    fact: str


def trials(questions: Sequence[MultihopQuestion], tokenizer: Tokenizer, draw: random.Random) -> Iterator[Trial]:
    """A trial for every sub-question that is one ("Hello Love >> performer" is a relation)."""
    hops = [
        (question, asked_for, hop.fact)
        for question in questions
        for asked_for, hop in zip(question.hop_questions(), question.hops, strict=True)
        if ">>" not in asked_for
    ]
    for question, asked_for, fact in hops:
        others = draw.sample([other for owner, other, _ in hops if owner.id != question.id], _QUESTIONS - 1)
        answered = draw.randrange(_QUESTIONS)
        passage = _passage(question, fact, tokenizer, draw)
        yield Trial(passage, (*others[:answered], asked_for, *others[answered:]), answered, fact)


def _passage(question: MultihopQuestion, fact: str, tokenizer: Tokenizer, draw: random.Random) -> Document:
    """The paragraph with the fact among others without any fact of the question, as many as a chunk holds."""
    helpful = next(paragraph for paragraph in question.paragraphs if fact in squeezed(paragraph))
    facts = [hop.fact for hop in question.hops]
    others = [text for text in question.paragraphs if not any(known in squeezed(text) for known in facts)]
    draw.shuffle(others)
    chosen, left = [helpful], _PASSAGE_TOKENS - tokenizer.count(helpful)
    for other in others:
        if (tokens := tokenizer.count(other) + 1) <= left:
            chosen.append(other)
            left -= tokens
    draw.shuffle(chosen)
    return Document.of("\n\n".join(chosen), name="passage")


@dataclass
class Tally:
    """Counts over trials."""

    trials: int = 0
    hits: int = 0
    unanswered: int = 0
    false_finds: int = 0
    calls: int = 0
    prompt_tokens: int = 0

    def take(self, trial: Trial, findings: Sequence[Finding]) -> None:
        """Count what was found in one trial."""
        self.trials += 1
        self.unanswered += len(trial.questions) - 1
        for number, question in enumerate(trial.questions):
            pointed = [span for finding in findings if finding.question == question for span in finding.sentences]
            if number != trial.answered:
                self.false_finds += bool(pointed)
            else:
                sentences = [squeezed(span.of(trial.passage.text)) for span in pointed]
                # A fact without a sentence of its own is the whole paragraph: any of its sentences will do.
                self.hits += any(trial.fact in text or text in trial.fact for text in sentences)


async def measure(model: ChatModel, options: ReadingOptions, asked_for: Sequence[Trial]) -> dict[int, Tally]:
    """Read every trial's passage for its questions, by 1, 2 and 4 at once."""
    tallies = {together: Tally() for together in _TOGETHER}
    for number, trial in enumerate(asked_for, 1):
        corpus = MemoryCorpus([trial.passage], model.tokenizer, limit=2 * _PASSAGE_TOKENS)
        for together, tally in tallies.items():
            findings: list[Finding] = []
            for start in range(0, len(trial.questions), together):
                result = await one_pass(corpus, model, trial.questions[start : start + together], options)
                findings += result.findings
                tally.calls += result.account.calls
                tally.prompt_tokens += result.account.prompt_tokens
            tally.take(trial, findings)
        hits = ", ".join(f"{tally.hits} of {number} by {together}" for together, tally in tallies.items())
        print(f"  {number} of {len(asked_for)} trials; hits {hits}", flush=True)
    return tallies


def wilson(held: int, of: int) -> tuple[float, float]:
    """The 95 % interval of a share (Wilson 1927)."""
    if not of:
        return 0.0, 1.0
    z, share = 1.96, held / of
    middle = share + z**2 / (2 * of)
    reach = z * math.sqrt(share * (1 - share) / of + z**2 / (4 * of**2))
    return (middle - reach) / (1 + z**2 / of), (middle + reach) / (1 + z**2 / of)


def _share(held: int, of: int) -> str:
    low, high = wilson(held, of)
    return f"{held} of {of}: {held / of:.0%} ({low:.0%} to {high:.0%})"


async def main() -> None:
    """Measure one model."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--limit", type=int, default=40, help="trials of each strategy")
    parser.add_argument("--model", help="an endpoint's model (OPENAI_BASE_URL); default: the embedded model")
    parser.add_argument("--strategies", nargs="+", choices=get_args(Strategy), default=["number", "quote"])
    parser.add_argument("--threads", type=int, help="of the embedded model; default: one for every core")
    arguments = parser.parse_args()
    model: ChatModel = (
        EndpointModel(arguments.model) if arguments.model else EmbeddedModel(raw=True, threads=arguments.threads)
    )
    await model.ready()
    draw = random.Random(0)
    every = list(trials(musique(), model.tokenizer, draw))
    chosen = draw.sample(every, min(arguments.limit, len(every)))
    record = Record("batching_loss", model=model.name, trials=len(chosen))
    for strategy in arguments.strategies:
        options = ReadingOptions(strategy=strategy, questions_at_once=_QUESTIONS)
        for together, tally in (await measure(model, options, chosen)).items():
            record.add(f"hits_{strategy}_{together}", 100 * tally.hits / tally.trials, "%")
            record.add(f"false_{strategy}_{together}", 100 * tally.false_finds / tally.unanswered, "%")
            record.add_row(
                "the same passages and questions, so many at once",
                {
                    "strategy": strategy,
                    "questions at once": together,
                    "hits": _share(tally.hits, tally.trials),
                    "false finds": _share(tally.false_finds, tally.unanswered),
                    "calls": tally.calls,
                    "prompt tokens": tally.prompt_tokens,
                },
            )
    await model.aclose()
    record.save()


if __name__ == "__main__":
    asyncio.run(main())
