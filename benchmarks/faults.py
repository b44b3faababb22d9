"""Level `reason` at a server and with a planner that misbehave: does every run end, honestly and within its budget?

MuSiQue questions, their paragraphs hidden in 60,000 tokens of War and Peace, read over HTTP from a fake server on
loopback (`faulty_server.py`) at which 20 % of the prompts fail the first time and 2 % every time (status 429 or 500, a
connection that ends, half a reply), and 5 % of the replies are not the JSON that was asked for. The planner is, in
turn, a good one, one that repeats a sub-question for ever, one that always has another, one that goes round in a
circle, one that never asks, and one that never writes JSON; a third of the runs have a budget of tokens, a third one
of seconds.

Counted as violations: a run that raises, or takes longer than the time limit; an answer whose facts were not shown;
"not in the documents" after less than a full reading without failures; a coverage that does not add up, or says more
was read than the server's own log holds (or, without a budget, anything else than that); more tokens than the budget.

What it does not measure: real servers, whose faults come in other shapes.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from asked import Planning, asked
from faulty_server import Faults, FaultyServer
from harness import Record, data_text
from multihop_data import Haystack, MultihopQuestion, musique
from multihop_reader import MultihopReader
from octavo.library.library import Library
from octavo.models.chat import Completion, Request
from octavo.models.endpoint import EndpointModel
from octavo.models.estimated_tokenizer import EstimatedTokenizer
from octavo.models.ledger import Ledger
from octavo.models.retry import Retry
from octavo.reading.answer import Answer
from octavo.reading.events import Answered, SubQuestionAsked
from octavo.reading.options import Budget
from octavo.reading.reader import Reader

_TOKENS = 60_000
_LIMIT_SECONDS = 90.0
_BUDGETS = (Budget(), Budget(tokens=130_000), Budget(seconds=0.8))

Planner = Callable[[Planning, MultihopQuestion], str]
"""Writes the next step in place of the good planner."""


def _repeats(call: Planning, question: MultihopQuestion) -> str:
    return _plan(question.hop_questions()[0])


def _never_ends(call: Planning, question: MultihopQuestion) -> str:
    return _plan(f"{question.hops[0].question({})} (attempt {len(call.known) + 1})")


def _goes_round(call: Planning, question: MultihopQuestion) -> str:
    questions = question.hop_questions()
    return _plan(questions[len(call.known) % len(questions)])


def _never_asks(call: Planning, question: MultihopQuestion) -> str:
    return json.dumps({"enough": False, "questions": []})


def _chatters(call: Planning, question: MultihopQuestion) -> str:
    return "First I would look for the name, and then we shall see."


def _plan(*questions: str) -> str:
    return json.dumps({"enough": False, "questions": questions})


PLANNERS: Mapping[str, Planner | None] = {
    "good": None,
    "repeats": _repeats,
    "never ends": _never_ends,
    "goes round": _goes_round,
    "never asks": _never_asks,
    "writes no JSON": _chatters,
}


@dataclass
class Run:
    """One run: what it was, how it ended, and what was wrong with that."""

    seed: int
    planner: str
    budget: Budget
    seconds: float = 0.0
    answer: Answer | None = None
    violations: list[str] = field(default_factory=list)


def main() -> None:
    """Measure and record."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=36, help="6 planners and 3 budgets, in turn")
    parser.add_argument("--tokens", type=int, default=_TOKENS, help="of each document")
    arguments = parser.parse_args()
    haystack = Haystack(data_text("war-and-peace"), EstimatedTokenizer())
    questions = musique()
    record = Record("faults", runs=arguments.runs, document_tokens=arguments.tokens, once=0.20, for_good=0.02)
    runs = []
    for seed in range(arguments.runs):
        planner = list(PLANNERS)[seed % len(PLANNERS)]
        run = Run(seed, planner, _BUDGETS[seed // len(PLANNERS) % len(_BUDGETS)])
        one_run(run, questions[seed % len(questions)], haystack, arguments.tokens)
        record.add_row("runs", _row(run))
        runs.append(run)
    record.add("violations", sum(len(run.violations) for run in runs), "violations")
    record.add("longest_seconds", max(run.seconds for run in runs), "s")
    record.add("with_failed_chunks", sum(bool(run.answer and run.answer.coverage.failed) for run in runs), "runs")
    record.add("answered", sum(bool(run.answer and run.answer.found) for run in runs), "runs")
    record.save()


def one_run(run: Run, question: MultihopQuestion, haystack: Haystack, tokens: int) -> None:
    """Ask one question, and judge how that ends."""
    document = haystack.hide(question.paragraphs, tokens=tokens, seed=run.seed, name="book.md")
    reader = MultihopReader(question)
    planner = PLANNERS[run.planner]

    def script(request: Request) -> str | Completion:
        call = asked(request.messages)
        return planner(call, question) if planner and isinstance(call, Planning) else reader.reply(call)

    faults = Faults(seed=run.seed)
    steps: dict[int, set[str]] = defaultdict(set)

    async def ask(base_url: str, home: Path) -> Answer:
        model = EndpointModel(base_url=base_url, tokenizer=EstimatedTokenizer(exact=True), cache=home)
        with Ledger() as ledger:
            # Short pauses: what is measured is how a run ends, not how long it waits.
            octavo = Reader(model, home=home, ledger=ledger, retry=Retry(first=0.01, longest=0.1))
            try:
                events = octavo.astream(
                    Library(document, home=home), question.question, level="reason", budget=run.budget
                )
                async for event in events:
                    if isinstance(event, SubQuestionAsked):
                        steps[event.step].add(event.question)
                    if isinstance(event, Answered):
                        return event.answer
            finally:
                await model.aclose()
        raise AssertionError("a reading ends with Answered or raises")

    async def within_limit(base_url: str, home: Path) -> Answer:
        async with asyncio.timeout(_LIMIT_SECONDS):
            return await ask(base_url, home)

    started = time.monotonic()
    with tempfile.TemporaryDirectory() as home, FaultyServer(script, faults) as server:
        try:
            run.answer = asyncio.run(within_limit(server.base_url, Path(home)))
        except TimeoutError:
            run.violations.append(f"no end after {_LIMIT_SECONDS:g} s")
        except Exception as error:  # noqa: BLE001 - that a run raises nothing at all is what is measured
            run.violations.append(f"raised {type(error).__name__}: {error}")
    run.seconds = time.monotonic() - started
    if run.answer is not None:
        run.violations += judged(run.answer, run.budget, question, reader, server, steps)


def judged(
    answer: Answer,
    budget: Budget,
    question: MultihopQuestion,
    reader: MultihopReader,
    server: FaultyServer,
    steps: Mapping[int, set[str]],
) -> Iterator[str]:
    """What is wrong with an answer."""
    coverage = answer.coverage
    if not answer.text.strip():
        yield "no text"
    if coverage.read + coverage.failed + coverage.skipped != coverage.chunks:
        yield f"the coverage does not add up: {coverage}"
    if answer.found and not (reader.final_prompts and all(reader.facts_in(reader.final_prompts[-1].shown))):
        yield "answered from a prompt without the facts"
    if answer.found and question.answer not in answer.text:
        yield f"another answer: {answer.text!r}"
    if answer.found is False and not coverage.full:
        yield f"not in the documents, after {coverage}"
    read = server.passages_read()
    in_log = min(
        (len(set.intersection(*(read[asked_for] for asked_for in step))) for step in steps.values()), default=0
    )
    if coverage.read > in_log:
        yield f"{coverage.read} chunks read, {in_log} by the server's log"
    unlimited = budget == Budget()
    if unlimited and (coverage.read < in_log or coverage.skipped):
        yield f"without a budget, {coverage.read} chunks read and {coverage.skipped} skipped of {in_log} in the log"
    spent = answer.usage.prompt_tokens + answer.usage.completion_tokens
    if budget.tokens is not None and spent > budget.tokens:
        yield f"{spent:,} tokens of {budget.tokens:,}"
    if answer.usage.prompt_tokens > server.tokens_given():
        yield f"{answer.usage.prompt_tokens:,} prompt tokens accounted for, {server.tokens_given():,} in the log"
    if budget.seconds is not None and answer.usage.seconds > 2 * budget.seconds + 2:
        yield f"{answer.usage.seconds:.1f} s of {budget.seconds:g}"


def _row(run: Run) -> dict[str, object]:
    answer = run.answer
    limits = [f"{run.budget.tokens:,} tokens"] if run.budget.tokens else []
    limits += [f"{run.budget.seconds:g} s"] if run.budget.seconds else []
    return {
        "seed": run.seed,
        "planner": run.planner,
        "budget": ", ".join(limits) or "none",
        "outcome": str(answer.outcome) if answer else "none",
        "steps": len(answer.steps) if answer else 0,
        "chunks": answer.coverage.chunks if answer else 0,
        "read": answer.coverage.read if answer else 0,
        "failed": answer.coverage.failed if answer else 0,
        "skipped": answer.coverage.skipped if answer else 0,
        "calls": answer.usage.calls if answer else 0,
        "seconds": round(run.seconds, 1),
        "violations": "; ".join(run.violations) or "none",
    }


if __name__ == "__main__":
    main()
