"""From settings to a reader and its documents: what every verb that reads begins and ends with.

Knows settings, models and libraries; nothing of what is asked.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from octavo.cli.choosing import Choice, choose_model
from octavo.cli.progress import Progress, progress_for, warning
from octavo.cli.terminal import say
from octavo.cli.tools import ToolWords, chosen_tools
from octavo.library.library import Library
from octavo.reading.options import Budget, ReadingOptions
from octavo.reading.reader import Reader
from octavo.settings import Settings, load_settings


@dataclass(frozen=True, slots=True)
class Opened:
    """What a verb works with; all of it is closed by `opened`."""

    settings: Settings
    reader: Reader
    library: Library
    progress: Progress

    @property
    def budget(self) -> Budget:
        """The caps on one question."""
        return Budget(tokens=self.settings.budget_tokens, seconds=self.settings.budget_seconds)


@asynccontextmanager
async def opened(
    sources: Sequence[str],
    flags: Mapping[str, object],
    *,
    fresh: bool = False,
    quiet: bool = False,
    tools: ToolWords | None = None,
) -> AsyncIterator[Opened]:
    """The reader and the documents that sources and settings name, the model announced, the tools ready. `flags` are
    the settings given on the command line (None: not given). Raises `OctavoError`."""
    settings = load_settings(flags)
    choice = choose_model(settings, flags)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(choice.model.aclose)
        await announce(choice)
        progress = stack.enter_context(progress_for(quiet=quiet))
        given_tools = await stack.enter_async_context(chosen_tools(tools or ToolWords(), progress))
        progress.step("opening the documents")
        home = settings.home_folder
        library = Library(*sources, home=home, allow_private=settings.allow_private, progress=progress.step)
        options = reading_options(settings, fresh=fresh)
        reader = Reader(choice.model, window=settings.window, options=options, home=home, tools=given_tools)
        stack.callback(reader.close)
        yield Opened(settings, reader, library, progress)


def reading_options(settings: Settings, *, fresh: bool = False) -> ReadingOptions:
    """What the settings say about reading."""
    return ReadingOptions(
        chunk_tokens=settings.chunk_tokens,
        strategy=settings.strategy,
        read_tokens=settings.read_tokens,
        questions_at_once=settings.questions_at_once,
        rounds=settings.rounds,
        steps=settings.steps,
        calling=settings.tools,
        highest=settings.highest,
        fill=settings.fill,
        answer_tokens=settings.answer_tokens,
        concurrency=settings.concurrency,
        fresh=fresh,
    )


async def announce(choice: Choice) -> None:
    """The first line: which model, where. One that is not named is asked for its name; nothing else is sent yet."""
    if not choice.named:
        await choice.model.ready()
    say(choice.announcement or f"{choice.model.name} at {choice.model.host}")
    for message in choice.warnings:
        say(warning(message))
