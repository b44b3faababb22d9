"""Events are followed to their end, and the text in them is printed as it comes.

Knows streams; nothing of what the text says, nor of how its end is printed.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import TypeVar

from octavo.cli.progress import Progress
from octavo.cli.terminal import write, write_line
from octavo.errors import OctavoError
from octavo.reading.events import AnswerDelta, Answered, Event, Summarised, Warned

End = TypeVar("End", Answered, Summarised)


async def print_events(
    events: AsyncGenerator[Event, None],
    end: type[End],
    progress: Progress,
    finish: Callable[[End, str], None],
    *,
    as_json: bool = False,
) -> End:
    """Follow `events` to the `end`, which is returned. `finish` prints what is not printed yet, told what is; with
    `as_json` that is everything. A warning that comes amid the text is said behind it. Raises what the events raise."""
    printed = ""
    held: list[Warned] = []
    async with aclosing(events):
        try:
            async for event in events:
                if printed and isinstance(event, Warned):
                    held.append(event)
                    continue
                progress.show(event)
                if isinstance(event, AnswerDelta) and not as_json:
                    write(event.text)
                    printed += event.text
                if isinstance(event, end):
                    progress.pause()
                    finish(event, printed)
                    return event
        except (OctavoError, asyncio.CancelledError):
            progress.pause()
            if printed:  # what is said next begins on a line of its own
                write_line()
            raise
        finally:
            for warned in held:
                progress.show(warned)
    raise AssertionError("a reading ends, or raises")
