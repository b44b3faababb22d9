"""What goes to the two streams: results to standard output, everything else to standard error.

Text of documents and models is shown with its control characters made visible, so that no document can write to a
terminal's clipboard or title. Knows nothing of what is said.
"""

from __future__ import annotations

import json
import os
import sys
from typing import TextIO

PREFIX = "octavo: "

_SHOWN = {code: f"\\x{code:02x}" for code in (*range(32), *range(0x7F, 0xA0)) if chr(code) not in "\n\t"}


def harmless(text: str) -> str:
    """`text` with every control character but line ends and tabs made visible."""
    return text.translate(_SHOWN)


def one_line(text: str) -> str:
    """`text` on one line, every run of white space one space, control characters made visible."""
    return harmless(" ".join(text.split()))


def write(text: str) -> None:
    """A piece of the result, as it comes."""
    sys.stdout.write(harmless(text))
    sys.stdout.flush()


def write_line(text: str = "") -> None:
    """A line of the result."""
    write(f"{text}\n")


def write_json(value: object) -> None:
    """The result as one JSON object, or array."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2) + "\n")
    sys.stdout.flush()


def say(message: str, stream: TextIO | None = None) -> None:
    """One line to the user, beside the result: on standard error, or on what that was (`stream`) before it was
    redirected."""
    stream = stream or sys.stderr
    stream.write(f"{PREFIX}{one_line(message)}\n")
    stream.flush()


def draws() -> bool:
    """Whether standard error is a terminal on which a line can move."""
    return sys.stderr.isatty() and os.environ.get("TERM") != "dumb"


def prepare_streams() -> None:
    """Let no character that a stream's encoding lacks stop the program: it is written as an escape."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")


def discard_output() -> None:
    """Nobody reads standard output any more: let what is still buffered go nowhere instead of failing at exit."""
    descriptor = os.open(os.devnull, os.O_WRONLY)
    os.dup2(descriptor, sys.stdout.fileno())
    os.close(descriptor)
