"""What `octavo summarize` does: documents become a summary, or an outline, on the terminal.

Knows the order of things; how they look stands in `progress.py` and `rendering.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from octavo.cli.opening import Opened, opened
from octavo.cli.printing import print_events
from octavo.cli.progress import warning
from octavo.cli.rendering import (
    EXIT_CODES,
    account_line,
    citation_lines,
    estimate_json,
    estimate_lines,
    outline_lines,
)
from octavo.cli.terminal import say, write_json, write_line
from octavo.reading.events import Summarised
from octavo.reading.summaries.outline import outline_of
from octavo.reading.summaries.summary import Summary


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the user typed. `words` is None where the outline is wanted."""

    focus: str | None
    words: int | None
    dry_run: bool = False
    fresh: bool = False
    json: bool = False
    quiet: bool = False


async def run(sources: Sequence[str], flags: Mapping[str, object], wanted: Wanted) -> int:
    """Summarise, or say what it will cost. Returns the exit code; raises `OctavoError`."""
    async with opened(sources, flags, fresh=wanted.fresh, quiet=wanted.quiet) as open_:
        if wanted.dry_run:
            await _estimate(wanted, open_)
            return 0
        summary = await _follow(wanted, open_)
    if not wanted.quiet:
        say(account_line(summary))
    return EXIT_CODES[summary.outcome]


async def _estimate(wanted: Wanted, open_: Opened) -> None:
    estimate = await open_.reader.aestimate_summary(open_.library, wanted.focus, wanted.words)
    open_.progress.pause()
    for problem in open_.library.problems:
        say(warning(str(problem)))
    if wanted.json:
        write_json(estimate_json(estimate))
    else:
        write_line("\n".join(estimate_lines(estimate)))


async def _follow(wanted: Wanted, open_: Opened) -> Summary:
    """Follow the work to its end, and print the summary as it comes."""
    events = open_.reader.astream_summary(open_.library, focus=wanted.focus, words=wanted.words, budget=open_.budget)

    def finish(summarised: Summarised, printed: str) -> None:
        _print(summarised.summary, printed, as_json=wanted.json)

    return (await print_events(events, Summarised, open_.progress, finish, as_json=wanted.json)).summary


def _print(summary: Summary, streamed: str, *, as_json: bool) -> None:
    """What is not printed yet: the outline, or the rest of the summary and its citations."""
    if as_json:
        write_json(summary.as_json())
        return
    if summary.words is None:
        write_line("\n".join(outline_lines(outline_of(summary.root))))
        return
    write_line(summary.text.removeprefix(streamed) if summary.text.startswith(streamed) else "")
    if lines := citation_lines(summary):
        write_line()
        write_line("\n".join(lines))
