"""What `octavo chat` does: questions are taken one by one, and each answer is kept before the next is asked for.

One event loop serves the whole conversation, and runs while a question is answered: an interrupt then stops the answer,
and at the prompt it ends the conversation. Knows the order of things; how they look stands elsewhere.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import shlex
import sys
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import AsyncExitStack, aclosing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from octavo.cli.asking import follow
from octavo.cli.chat_commands import SLASH, Talk, obey
from octavo.cli.opening import Opened, opened
from octavo.cli.progress import warning
from octavo.cli.question_lines import QuestionLines
from octavo.cli.rendering import account_line
from octavo.cli.run import INTERRUPTED, Terminated, event_loop, run_cancellably, show_error
from octavo.cli.terminal import say, write_line
from octavo.cli.tools import ToolWords
from octavo.cli.transcript import listing
from octavo.documents.sources import STANDARD_INPUT, is_url
from octavo.errors import OctavoError, SourceError, UsageError
from octavo.library.library import Library, is_document_id
from octavo.reading.chat.conversation import Conversation
from octavo.reading.chat.conversations import Conversations
from octavo.reading.events import Event, Warned
from octavo.settings import load_settings

LAST = "last"


@dataclass(frozen=True, slots=True)
class Chatted:
    """What the user typed. `flags` are the settings given on the command line (None: not given), `arguments` all of
    it."""

    sources: Sequence[str]
    flags: Mapping[str, object]
    tools: ToolWords
    arguments: Sequence[str]
    resume: str | None = None
    record: bool = False
    fresh: bool = False
    quiet: bool = False
    debug: bool = False


def list_conversations(flags: Mapping[str, object]) -> int:
    """Print those that are kept, the latest first. Returns 1 where one cannot be read."""
    kept = Conversations(load_settings(flags).home_folder).kept()
    for conversation in kept.conversations:
        write_line(listing(conversation))
    for problem in kept.problems:
        say(str(problem))
    if not kept.conversations and not kept.problems:
        say("no conversation is kept yet; to begin one: octavo chat SOURCE")
    return 1 if kept.problems else 0


def run(chatted: Chatted) -> int:
    """Converse until there are no more questions. Returns the exit code; raises `OctavoError` where there is nothing to
    converse about."""
    if STANDARD_INPUT in chatted.sources:
        raise UsageError("the questions come from standard input, so a document cannot: name a file")
    store = Conversations(load_settings(chatted.flags).home_folder)
    conversation = _begun(chatted, store)
    talk: Talk | None = None
    try:
        with event_loop() as runner:
            stack = AsyncExitStack()
            sources = chatted.sources or conversation.sources
            opening = opened(sources, chatted.flags, fresh=chatted.fresh, quiet=chatted.quiet, tools=chatted.tools)
            try:
                open_ = run_cancellably(runner, stack.enter_async_context(opening))
                library = run_cancellably(runner, asyncio.to_thread(_looked_at, sources, open_))
                if chatted.resume and chatted.sources:
                    store.keep_sources(conversation)
                chat = open_.reader.chat(library, conversation, store=store, record=chatted.record)
                talk = Talk(chat, library, store.path(conversation.id), open_.settings.level)
                code = _Conversing(chatted, runner, open_, talk).converse()
            finally:
                run_cancellably(runner, stack.aclose())
    except KeyboardInterrupt:
        code = INTERRUPTED
    _tell_the_end(chatted, talk.chat.conversation if talk else conversation)
    return code


def _begun(chatted: Chatted, store: Conversations) -> Conversation:
    """A new conversation, or the one to go on with."""
    lasting = [_lasting(source) for source in chatted.sources]
    if chatted.resume is None:
        return Conversation.begin(datetime.now(UTC), secrets.randbelow, lasting)
    conversation = store.load(store.last() if chatted.resume == LAST else chatted.resume)
    return conversation.with_sources(lasting) if lasting else conversation


def _lasting(source: str) -> str:
    """The source by a name that means the same in another folder."""
    if is_url(source) or is_document_id(source):
        return source
    path = Path(source)
    with suppress(RuntimeError):  # a name that starts with a tilde and is not a user's home
        path = path.expanduser()
    return os.path.abspath(path)  # noqa: PTH100 - `resolve` would follow links


def _looked_at(sources: Sequence[str], open_: Opened) -> Library:
    """The documents of the conversation. What an address holds is fetched now, and not again for every question. Raises
    the first problem where nothing can be read."""

    def library(*named: str) -> Library:
        allow_private = open_.settings.allow_private
        found = Library(*named, home=open_.library.home, allow_private=allow_private, progress=open_.progress.step)
        found.refresh()
        return found

    held: list[str] = []
    problems: list[SourceError] = []
    for source in sources:
        if is_url(source):
            fetched = library(source)
            problems += fetched.problems
            held += [reference.id for reference in fetched.documents]
        else:
            held.append(source)
    if not held and problems:
        raise problems[0]
    found = library(*held)
    problems += found.problems
    open_.progress.pause()
    if not found.documents:
        raise problems[0] if problems else UsageError("the library is empty: name a document, or octavo add SOURCE")
    for problem in problems:
        say(warning(str(problem)))
    return found


class _Conversing:
    """The turns of one session at the terminal, or through a pipe."""

    def __init__(self, chatted: Chatted, runner: asyncio.Runner, open_: Opened, talk: Talk) -> None:
        self._chatted = chatted
        self._runner = runner
        self._open = open_
        self._talk = talk
        self._lines = QuestionLines()
        self._standing_warnings = {str(problem) for problem in talk.library.problems}

    def converse(self) -> int:
        """The exit code."""
        self._greet()
        failed = False
        while not self._talk.over and (line := self._lines.next()) is not None:
            line = line.strip()
            if line.startswith(SLASH):
                obey(line, self._talk)
            elif line:
                failed |= not self._ask(line)
        return 1 if failed and not self._lines.interactive else 0

    def _greet(self) -> None:
        turns = self._talk.chat.conversation.turns
        self._lines.remember(turn.asked for turn in turns)
        if turns and not self._chatted.quiet:
            count = f"{len(turns):,} question{'' if len(turns) == 1 else 's'}"
            say(f"going on after {count}, the last: {turns[-1].asked}")
        if self._chatted.record:
            say("recorded: what happens while a question is answered is kept, to train on")

    def _ask(self, question: str) -> bool:
        """Whether it came to an answer, or was stopped on purpose."""
        events = self._talk.chat.astream(question, level=self._talk.level, budget=self._open.budget)
        try:
            with self._open.progress as progress:
                answer = run_cancellably(self._runner, follow(self._without_repeats(events), progress))
        except Terminated:
            raise
        except KeyboardInterrupt:
            if not self._lines.interactive:
                raise
            sys.stderr.write("\n")  # after the ^C that the terminal shows
            say("stopped; what was paid for is kept")
            return True
        except OctavoError as error:
            show_error(error, str(error), self._chatted.debug)
            return False
        write_line()
        if not self._chatted.quiet:
            say(account_line(answer))
        self._standing_warnings |= {*map(str, self._talk.library.problems), *self._open.reader.model.warnings}
        return True

    async def _without_repeats(self, events: AsyncGenerator[Event, None]) -> AsyncGenerator[Event, None]:
        """The events, without the warnings that hold for every question and were said before."""
        async with aclosing(events):
            async for event in events:
                if not isinstance(event, Warned) or event.message not in self._standing_warnings:
                    yield event


def _tell_the_end(chatted: Chatted, conversation: Conversation) -> None:
    if conversation.turns:
        say(f"kept; to go on: {resuming_command(chatted, conversation.id)}")


def resuming_command(chatted: Chatted, conversation_id: str) -> str:
    """The command that goes on with this conversation: the one given, its documents left out, since they are kept."""
    again = [argument for argument in chatted.arguments if argument not in ("--fresh", "--")]
    if "--resume" in again:
        place = again.index("--resume")
        del again[place : place + 2]
    again = [argument for argument in again if not argument.startswith("--resume=")]
    for source in reversed(chatted.sources):
        del again[len(again) - 1 - again[::-1].index(source)]
    return shlex.join(["octavo", *again, "--resume", conversation_id])
