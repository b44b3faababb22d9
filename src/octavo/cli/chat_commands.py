"""What can be typed in a conversation besides questions: lines that begin with a slash.

Knows a conversation that is going on; nothing of how questions are answered.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import cast, get_args

from octavo.cli.options import Level
from octavo.cli.rendering import citation_lines, usage_words
from octavo.cli.terminal import one_line, say, write, write_line
from octavo.cli.transcript import markdown
from octavo.library.library import Library
from octavo.reading.chat.chatting import Chat

SLASH = "/"
_DOCUMENTS_SHOWN = 50


@dataclass
class Talk:
    """A conversation on the command line: the `chat` about a `library`, kept at `path`; `level` is for the questions to
    come."""

    chat: Chat
    library: Library
    path: Path
    level: Level
    over: bool = False


def obey(line: str, talk: Talk) -> None:
    """Do what a line with a slash says; where that cannot be done, say what can."""
    name, _, argument = line.strip().partition(" ")
    command = _COMMANDS.get(name)
    if command is None:
        close = get_close_matches(name, _COMMANDS, n=1)
        say(f"no command {name}; " + (f"did you mean {close[0]}?" if close else "/help lists them"))
        return
    command.act(talk, argument.strip())


def _level(talk: Talk, argument: str) -> None:
    levels = get_args(Level)
    if argument and argument not in levels:
        say(f"no level {argument!r}; there are {', '.join(levels)}")
        return
    talk.level = cast("Level", argument or talk.level)
    say(f"level {talk.level}")


def _sources(talk: Talk, argument: str) -> None:
    names = [one_line(reference.name) for reference in talk.library.documents]
    for name in names[:_DOCUMENTS_SHOWN]:
        write_line(name)
    if len(names) > _DOCUMENTS_SHOWN:
        write_line(f"and {len(names) - _DOCUMENTS_SHOWN:,} more")
    turns = talk.chat.conversation.turns
    if turns and (lines := citation_lines(turns[-1].answer)):
        write_line("\ncited by the last answer:")
        write_line("\n".join(lines))


def _cost(talk: Talk, argument: str) -> None:
    conversation = talk.chat.conversation
    count = len(conversation.turns)
    write_line(f"{count:,} question{'' if count == 1 else 's'}: {usage_words(conversation.usage)}")


def _save(talk: Talk, argument: str) -> None:
    conversation = talk.chat.conversation
    if not conversation.turns:
        say("there is nothing to save yet")
    elif not argument:
        say(f"kept in {talk.path}; /save FILE writes it as Markdown")
    else:
        _write_markdown(Path(argument).expanduser(), talk)


def _write_markdown(path: Path, talk: Talk) -> None:
    text = markdown(talk.chat.conversation, [reference.name for reference in talk.library.documents])
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        say(f"{path}: there is a file of this name; give another")
    except OSError as error:
        say(f"{path}: {error.strerror or error}")
    else:
        say(f"written: {path}")


def _help(talk: Talk, argument: str) -> None:
    width = max(len(f"{name} {command.argument}") for name, command in _COMMANDS.items())
    for name, command in _COMMANDS.items():
        write(f"{f'{name} {command.argument}':<{width}}  {command.meaning}\n")


def _quit(talk: Talk, argument: str) -> None:
    talk.over = True


@dataclass(frozen=True, slots=True)
class _Command:
    act: Callable[[Talk, str], None]
    argument: str
    meaning: str


_COMMANDS = {
    "/level": _Command(_level, "[LEVEL]", "how to answer from now on: " + ", ".join(get_args(Level))),
    "/sources": _Command(_sources, "", "the documents, and what the last answer cites"),
    "/cost": _Command(_cost, "", "calls, tokens and seconds of this conversation"),
    "/save": _Command(_save, "[FILE]", "write the conversation as Markdown; without FILE: where it is kept"),
    "/help": _Command(_help, "", "these lines"),
    "/quit": _Command(_quit, "", "end; Ctrl-D does too"),
}
