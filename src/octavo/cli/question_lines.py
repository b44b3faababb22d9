"""Where a conversation's questions come from: typed at a prompt, or a line each from a pipe.

Knows streams and line editing; nothing of what the lines say.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from contextlib import suppress

PROMPT = "> "


class QuestionLines:
    """Lines of standard input. `interactive` says that someone types them, and can be asked again."""

    def __init__(self) -> None:
        self.interactive = sys.stdin.isatty()
        reconfigure = getattr(sys.stdin, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="replace")

    def remember(self, lines: Iterable[str]) -> None:
        """Let the arrow keys bring back what was typed in an earlier session."""
        if self.interactive:
            with suppress(ImportError):  # Windows has no readline; its terminal edits lines itself
                import readline

                for line in lines:
                    readline.add_history(line)

    def next(self) -> str | None:
        """The next line without its end; None where there are no more."""
        line = None
        try:
            line = self._typed() if self.interactive else sys.stdin.readline()
        finally:
            if self.interactive and not line:  # ended or interrupted: what is said next begins on a line of its own
                sys.stderr.write("\n")
        return line.rstrip("\r\n") if line else None

    def _typed(self) -> str:
        """What is typed, with its end; empty where that is over."""
        if sys.stdout.isatty():
            try:
                return f"{input(PROMPT)}\n"
            except EOFError:
                return ""
        sys.stderr.write(PROMPT)  # standard output, a file, is for the answers
        sys.stderr.flush()
        return sys.stdin.readline()
