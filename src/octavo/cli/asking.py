"""What `octavo ask` does: settings become a model, a library and a reader; events become an answer on the terminal.

Knows the order of things; how they look stands in `progress.py` and `rendering.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass

from octavo.cli.choosing import Choice, choose_model
from octavo.cli.progress import Progress, progress_for, warning
from octavo.cli.rendering import (
    EXIT_CODES,
    account_line,
    citation_lines,
    estimate_json,
    estimate_lines,
)
from octavo.cli.terminal import say, write, write_json, write_line
from octavo.library.library import Library
from octavo.reading.answer import Answer
from octavo.reading.events import AnswerDelta, Answered
from octavo.reading.options import Budget, ReadingOptions
from octavo.reading.reader import Reader
from octavo.settings import Settings, load_settings


@dataclass(frozen=True, slots=True)
class Asked:
    """What the user typed. `flags` are the settings given on the command line (None: not given)."""

    question: str
    sources: Sequence[str]
    flags: Mapping[str, object]
    dry_run: bool = False
    fresh: bool = False
    json: bool = False
    quiet: bool = False


async def run(asked: Asked) -> int:
    """Answer, or say what it will cost. Returns the exit code; raises `OctavoError`."""
    settings = load_settings(asked.flags)
    choice = choose_model(settings, asked.flags)
    try:
        await _announce(choice)
        with progress_for(quiet=asked.quiet) as progress:
            return await _ask(asked, settings, choice, progress)
    finally:
        await choice.model.aclose()


async def _announce(choice: Choice) -> None:
    """The first line: which model, where. One that is not named is asked for its name; nothing else is sent yet."""
    if not choice.named:
        await choice.model.ready()
    say(choice.announcement or f"{choice.model.name} at {choice.model.host}")
    for message in choice.warnings:
        say(warning(message))


async def _ask(asked: Asked, settings: Settings, choice: Choice, progress: Progress) -> int:
    home = settings.home_folder
    options = ReadingOptions(
        chunk_tokens=settings.chunk_tokens,
        strategy=settings.strategy,
        read_tokens=settings.read_tokens,
        fill=settings.fill,
        answer_tokens=settings.answer_tokens,
        concurrency=settings.concurrency,
        fresh=asked.fresh,
    )
    progress.step("opening the documents")
    library = Library(*asked.sources, home=home, allow_private=settings.allow_private, progress=progress.step)
    reader = Reader(choice.model, window=settings.window, options=options, home=home)
    try:
        if asked.dry_run:
            estimate = await reader.aestimate(library, asked.question, level=settings.level)
            progress.pause()
            for problem in library.problems:
                say(warning(str(problem)))
            if asked.json:
                write_json(estimate_json(estimate))
            else:
                write_line("\n".join(estimate_lines(estimate)))
            return 0
        budget = Budget(tokens=settings.budget_tokens, seconds=settings.budget_seconds)
        answer = await _answer(asked, settings, reader, library, budget, progress)
    finally:
        reader.ledger.close()
    if not asked.quiet:
        say(account_line(answer))
    return EXIT_CODES[answer.outcome]


async def _answer(
    asked: Asked, settings: Settings, reader: Reader, library: Library, budget: Budget, progress: Progress
) -> Answer:
    """Follow a reading to its end, and print the answer as it comes."""
    streamed = ""
    events = reader.astream(library, asked.question, level=settings.level, budget=budget)
    async with aclosing(events):
        async for event in events:
            progress.show(event)
            if isinstance(event, AnswerDelta) and not asked.json:
                write(event.text)
                streamed += event.text
            if isinstance(event, Answered):
                progress.pause()
                _print(event.answer, streamed, as_json=asked.json)
                return event.answer
    raise AssertionError("a reading ends with Answered or raises")


def _print(answer: Answer, streamed: str, *, as_json: bool) -> None:
    """What is not printed yet: the answer or the rest of it, then its citations."""
    if as_json:
        write_json(answer.as_json())
        return
    write_line(answer.text.removeprefix(streamed) if answer.text.startswith(streamed) else "")
    if lines := citation_lines(answer):
        write_line()
        write_line("\n".join(lines))
