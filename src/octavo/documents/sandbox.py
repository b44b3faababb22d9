"""Parsers of binary formats run in another process, with limits of memory and time.

One worker serves many files and is replaced after a crash or a timeout, so a hostile file costs itself. This module
knows nothing of formats; `worker` does.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import threading
import weakref
from typing import IO, Any, cast

from octavo import errors
from octavo.documents.document import Page, Section, Span
from octavo.documents.formats import Format
from octavo.documents.frames import read_frame, write_frame
from octavo.documents.limits import DEFAULT_LIMITS, Limits, in_words
from octavo.documents.parsed import Parsed
from octavo.errors import CorruptSource, MissingExtra, SourceError, SourceTooLarge

# All that a worker may know of this process's environment: where its program and its libraries are. No keys.
_ENVIRONMENT = (
    *("PATH", "LANG", "LC_ALL", "LC_CTYPE", "TMPDIR", "TEMP", "TMP", "SYSTEMROOT"),
    *("VIRTUAL_ENV", "PYTHONPATH", "PYTHONHOME", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"),
)


class Sandbox:
    """A worker process for binary formats: started when first needed, kept, replaced when it fails.

    Safe to call from several threads; files are parsed one at a time. Close it, or use it in a `with` block.
    """

    def __init__(self, limits: Limits = DEFAULT_LIMITS) -> None:
        self._limits = limits
        self._lock = threading.Lock()
        self._worker: _Worker | None = None

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def worker_pid(self) -> int | None:
        """The process id of the worker; None while there is none."""
        worker = self._worker
        return worker.pid if worker is not None else None

    def close(self) -> None:
        """Ends the worker, if there is one. The sandbox may be used again: that starts another."""
        with self._lock:
            self._discard()

    def parse(self, data: bytes, format_: Format, *, given: str, charset: str | None = None) -> Parsed:
        """What the parser for `format_` makes of `data`; `given` is what errors call the source.

        Raises `SourceError` of the kind that fits (`SourceTooLarge` for too much memory or time, `CorruptSource` for a
        file on which the parser crashed) and `MissingExtra` where the format's parser is not installed.
        """
        head = {
            "format": format_.value,
            "given": given,
            "charset": charset,
            "unpacked_bytes": self._limits.unpacked_bytes,
            "memory_bytes": self._limits.parser_memory_bytes,
            "seconds": self._limits.parser_seconds,
        }
        with self._lock:
            if self._worker is None or not self._worker.is_alive():
                self._discard()
                self._worker = _Worker(self._limits.parser_memory_bytes)
            try:
                reply = self._worker.ask(head, data, self._limits)
            except BaseException:
                self._discard()  # an interrupted exchange leaves the pipe in the middle of a message
                raise
            if reply is None:
                raise self._ended(self._worker, given)
            if reply[0].get("spent"):
                self._discard()
        return _parsed(reply, given)

    def _ended(self, worker: _Worker, given: str) -> SourceError:
        timed_out = worker.timed_out
        status, last_words = worker.end()
        self._discard()
        if timed_out:
            return SourceTooLarge(
                given, f"took longer than {self._limits.parser_seconds:g} s to parse", "split it, or convert it to text"
            )
        memory = in_words(self._limits.parser_memory_bytes)
        how = _signal_name(status) or last_words or f"status {status}"
        return CorruptSource(
            given, f"the parser crashed on it ({how})", f"it is damaged, or needs more than {memory} of memory"
        )

    def _discard(self) -> None:
        if self._worker is not None:
            self._worker.end()
            self._worker = None


class _Worker:
    """The process and its pipes."""

    def __init__(self, memory_bytes: int) -> None:
        self.timed_out = False
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed in `end`
        environment = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
        # Libraries that start a thread per core take hundreds of MB of address space for it.
        environment |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "PYTHONIOENCODING": "utf-8"}
        self._process = subprocess.Popen(
            # -P: a folder that one happens to stand in must not bring modules into the worker.
            [sys.executable, "-P", "-m", "octavo.documents.worker", str(memory_bytes)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env=environment,
            start_new_session=True,  # Ctrl-C is for the parent to handle
        )
        self._finalizer = weakref.finalize(self, _end_process, self._process)

    @property
    def pid(self) -> int:
        return self._process.pid

    def is_alive(self) -> bool:
        return self._process.poll() is None

    def ask(self, head: dict[str, Any], data: bytes, limits: Limits) -> tuple[dict[str, Any], bytes] | None:
        """The reply; None where the worker ended without one, by itself or because its time was over."""
        requests, replies = cast("IO[bytes]", self._process.stdin), cast("IO[bytes]", self._process.stdout)
        timer = threading.Timer(limits.parser_seconds, self._time_out)
        timer.daemon = True
        timer.start()
        try:
            write_frame(cast("Any", requests), head, data)
            return read_frame(cast("Any", replies), limit=limits.parser_memory_bytes)
        except (OSError, ValueError):
            return None
        finally:
            timer.cancel()

    def _time_out(self) -> None:
        self.timed_out = True
        self._process.kill()

    def end(self) -> tuple[int, str]:
        """Kills the process if it still runs, leaves no zombie; its exit status and the last line it wrote to standard
        error."""
        self._finalizer()
        last_words = ""
        if not self._errors.closed:
            self._errors.seek(0)
            lines = self._errors.read()[-2000:].decode("utf-8", "replace").split("\n")
            last_words = next((line.strip() for line in reversed(lines) if line.strip()), "")
            self._errors.close()
        return self._process.returncode, last_words


def _end_process(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.kill()
    process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            try:
                pipe.close()
            except BrokenPipeError:  # what was still to be sent went with the process
                continue


def _signal_name(status: int) -> str:
    if status >= 0:
        return ""
    try:
        return signal.Signals(-status).name
    except ValueError:
        return f"signal {-status}"


def _parsed(reply: tuple[dict[str, Any], bytes], given: str) -> Parsed:
    head, body = reply
    if head.get("error") == "MissingExtra":
        raise MissingExtra(str(head["what"]), str(head["extra"]))
    if "error" in head:
        kind = getattr(errors, str(head["error"]), None)
        if not (isinstance(kind, type) and issubclass(kind, SourceError)):
            kind = CorruptSource
        raise kind(given, str(head["reason"]), str(head["hint"]))
    return Parsed(
        text=body.decode("utf-8"),
        title=head["title"],
        sections=tuple(Section(title, level, Span(start, end)) for title, level, start, end in head["sections"]),
        pages=tuple(Page(number, Span(start, end)) for number, start, end in head["pages"]),
    )
