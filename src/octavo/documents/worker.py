"""The process that parses binary formats: `python -m octavo.documents.worker`, started by `sandbox`, never by people.

Reads requests from standard input and answers on what was standard output, one at a time, until its input ends. It goes
with its parent, even from the middle of a file.
"""

from __future__ import annotations

import os
import select
import sys
from typing import Any, BinaryIO
from zipfile import ZipFile

from octavo.documents.archive import open_archive
from octavo.documents.decoding import NotText
from octavo.documents.formats import Format
from octavo.documents.frames import read_frame, write_frame
from octavo.documents.parsed import Parsed
from octavo.errors import CorruptSource, MissingExtra, OctavoError, SourceError, SourceTooLarge, UnsupportedSource

_ANY_LENGTH = sys.maxsize
_ZIPPED = (Format.DOCX, Format.PPTX, Format.XLSX, Format.EPUB)


def parse_isolated(head: dict[str, Any], data: bytes) -> Parsed:
    """What the parser for `head["format"]` makes of `data`. Raises `SourceError` or `MissingExtra`."""
    format_, given = Format(head["format"]), head["given"]
    if format_ in _ZIPPED:
        with open_archive(data, given=given, unpacked_bytes=head["unpacked_bytes"]) as archive:
            return _parse_zipped(format_, data, archive, given)
    if format_ is Format.PDF:
        from octavo.documents.parsers.pdf import parse_pdf

        return parse_pdf(data, given=given)
    if format_ is Format.XLS:
        from octavo.documents.parsers.workbook import parse_xls

        return parse_xls(data, given=given)
    from octavo.documents.parsers.html import parse_html

    try:
        return parse_html(data, charset=head["charset"], xml=format_ is Format.XHTML)
    except NotText as error:
        raise UnsupportedSource(given, "binary, whatever its name says", "get the file again") from error


def _parse_zipped(format_: Format, data: bytes, archive: ZipFile, given: str) -> Parsed:
    if format_ is Format.DOCX:
        from octavo.documents.parsers.docx import parse_docx

        return parse_docx(archive)
    if format_ is Format.PPTX:
        from octavo.documents.parsers.slides import parse_slides

        return parse_slides(data)
    if format_ is Format.XLSX:
        from octavo.documents.parsers.workbook import parse_xlsx

        return parse_xlsx(data, archive)
    from octavo.documents.parsers.epub import parse_epub

    return parse_epub(archive, given=given)


def answer(head: dict[str, Any], data: bytes) -> tuple[dict[str, Any], bytes]:
    """The reply to one request: what was parsed, or which error it met."""
    given = head["given"]
    try:
        return _reply(parse_isolated(head, data))
    except SourceError as error:
        return _failure(error, error.reason, error.hint)
    except MissingExtra as error:
        return {"error": "MissingExtra", "what": f"reading {Format(head['format']).name}", "extra": error.extra}, b""
    except MemoryError:
        return _too_large(given)
    except Exception as error:  # noqa: BLE001 - what a third-party parser raises on a damaged file is any exception at all
        if _is_spent(head["memory_bytes"]):
            return _too_large(given)  # how it said that it found no more memory
        return _failure(
            CorruptSource(given, ""), f"damaged ({type(error).__name__}: {_first_line(error)})", "get the file again"
        )


def _reply(parsed: Parsed) -> tuple[dict[str, Any], bytes]:
    head = {
        "title": parsed.title,
        "sections": [
            (section.title, section.level, section.span.start, section.span.end) for section in parsed.sections
        ],
        "pages": [(page.number, page.span.start, page.span.end) for page in parsed.pages],
    }
    # A lone surrogate, which a damaged PDF may yield, is no character; one stands in for it, so offsets hold.
    return head, parsed.text.encode("utf-8", "replace")


def _too_large(given: str) -> tuple[dict[str, Any], bytes]:
    return _failure(
        SourceTooLarge(given, ""), "needs more memory to parse than it may have", "split it, or convert it to text"
    )


def _failure(error: OctavoError, reason: str, hint: str) -> tuple[dict[str, Any], bytes]:
    return {"error": type(error).__name__, "reason": reason, "hint": hint}, b""


def _first_line(error: Exception) -> str:
    return " ".join(str(error).split())[:200]


def serve(requests: BinaryIO, replies: BinaryIO) -> None:
    """Answers requests until there are no more. A reply says `spent` once a file has taken so much memory that the next
    might not find enough: what a process has taken it rarely gives back whole."""
    while (request := read_frame(requests, limit=_ANY_LENGTH)) is not None:
        head, data = request
        _allow_processor_seconds(head["seconds"])
        _end_with_input(requests.fileno(), armed=True)
        reply, body = answer(head, data)
        _end_with_input(requests.fileno(), armed=False)
        write_frame(replies, reply | {"spent": _is_spent(head["memory_bytes"])}, body)


def _is_spent(memory_bytes: int) -> bool:
    """Whether this process has at any time held more than half of the memory that it may have."""
    if sys.platform == "win32":
        return False
    return _most_held() > memory_bytes / 2


def _most_held() -> int:
    """Bytes. On Linux not what `getrusage` says: that begins with what the program held that started this one."""
    try:
        with open("/proc/self/status", encoding="ascii") as status:  # noqa: PTH123 - no more modules than it takes
            return next(1024 * int(line.split()[1]) for line in status if line.startswith("VmHWM:"))
    except (OSError, StopIteration):
        import resource

        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return most if sys.platform == "darwin" else most * 1024


def _end_with_input(descriptor: int, *, armed: bool) -> None:
    """While armed, the system itself ends this process when the parent is gone: the signal that something happened on
    the input is left to its default action. A thread could not do it, since a parser in C may not let it run."""
    if sys.platform == "win32":
        return
    import fcntl

    fcntl.fcntl(descriptor, fcntl.F_SETOWN, os.getpid())
    flags = fcntl.fcntl(descriptor, fcntl.F_GETFL)
    fcntl.fcntl(descriptor, fcntl.F_SETFL, flags | os.O_ASYNC if armed else flags & ~os.O_ASYNC)
    if armed:
        state = select.poll()
        state.register(descriptor, select.POLLHUP)
        if state.poll(0):
            sys.exit()  # it went before the signal was asked for


def _limit_memory(memory_bytes: int) -> None:
    if sys.platform == "win32":
        return
    import resource

    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    wanted = memory_bytes if hard == resource.RLIM_INFINITY else min(memory_bytes, hard)
    resource.setrlimit(resource.RLIMIT_AS, (wanted, hard))


def _allow_processor_seconds(seconds: float) -> None:
    """The backstop should the parent, which keeps the time, be stopped: counted from what was used so far."""
    if sys.platform == "win32":
        return
    import resource

    usage = resource.getrusage(resource.RUSAGE_SELF)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    wanted = int(usage.ru_utime + usage.ru_stime + seconds) + 2
    resource.setrlimit(resource.RLIMIT_CPU, (wanted if hard == resource.RLIM_INFINITY else min(wanted, hard), hard))


def main() -> None:
    """Takes the pipes for itself, so that nothing a parser prints can be taken for a reply, and serves."""
    requests = os.fdopen(os.dup(0), "rb")
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)
    _limit_memory(int(sys.argv[1]))
    serve(requests, replies)


if __name__ == "__main__":
    main()
