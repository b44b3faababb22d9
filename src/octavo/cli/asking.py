"""What `octavo ask` does: settings become a model, a library and a reader; events become an answer on the terminal.

Knows the order of things; how they look stands in `progress.py` and `rendering.py`.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass

from octavo.cli.opening import Opened, opened
from octavo.cli.printing import print_events
from octavo.cli.progress import Progress, warning
from octavo.cli.rendering import (
    EXIT_CODES,
    account_line,
    citation_lines,
    estimate_json,
    estimate_lines,
)
from octavo.cli.terminal import say, write_json, write_line
from octavo.cli.tools import ToolWords
from octavo.reading.answer import Answer
from octavo.reading.events import Answered, Event


@dataclass(frozen=True, slots=True)
class Asked:
    """What the user typed. `flags` are the settings given on the command line (None: not given)."""

    question: str
    sources: Sequence[str]
    flags: Mapping[str, object]
    tools: ToolWords
    dry_run: bool = False
    fresh: bool = False
    json: bool = False
    quiet: bool = False


async def run(asked: Asked) -> int:
    """Answer, or say what it will cost. Returns the exit code; raises `OctavoError`."""
    async with opened(asked.sources, asked.flags, fresh=asked.fresh, quiet=asked.quiet, tools=asked.tools) as open_:
        if asked.dry_run:
            await _estimate(asked, open_)
            return 0
        events = open_.reader.astream(open_.library, asked.question, level=open_.settings.level, budget=open_.budget)
        answer = await follow(events, open_.progress, as_json=asked.json)
    if not asked.quiet:
        say(account_line(answer))
    return EXIT_CODES[answer.outcome]


async def _estimate(asked: Asked, open_: Opened) -> None:
    estimate = await open_.reader.aestimate(open_.library, asked.question, level=open_.settings.level)
    open_.progress.pause()
    for problem in open_.library.problems:
        say(warning(str(problem)))
    if asked.json:
        write_json(estimate_json(estimate))
    else:
        write_line("\n".join(estimate_lines(estimate)))


async def follow(events: AsyncGenerator[Event, None], progress: Progress, *, as_json: bool = False) -> Answer:
    """Follow a reading to its end, and print the answer as it comes."""

    def finish(answered: Answered, printed: str) -> None:
        print_answer(answered.answer, printed, as_json=as_json)

    return (await print_events(events, Answered, progress, finish, as_json=as_json)).answer


def print_answer(answer: Answer, streamed: str = "", *, as_json: bool = False) -> None:
    """What is not printed yet: the answer or the rest of it, then its citations."""
    if as_json:
        write_json(answer.as_json())
        return
    write_line(answer.text.removeprefix(streamed) if answer.text.startswith(streamed) else "")
    if lines := citation_lines(answer):
        write_line()
        write_line("\n".join(lines))
