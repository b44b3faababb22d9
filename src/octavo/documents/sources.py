"""What a user names (files, folders, globs, URLs, `-`) becomes a list of sources, each of one document.

Nothing is read here but folders' listings and, of files without a telling name, the first bytes. One that cannot be a
source is handed on as the error that it is, in its place, and costs only itself.
"""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import unquote, urlsplit

from octavo.documents.decoding import SAMPLE_BYTES, is_binary
from octavo.documents.formats import is_binary_name, is_known, unreadable_hint
from octavo.errors import SourceError, SourceNotFound, UnsupportedSource

STANDARD_INPUT = "-"
_URL = re.compile(r"([a-z][a-z0-9+.-]+)://", re.IGNORECASE)
_WILD = re.compile(r"[*?\[]")


@dataclass(frozen=True, slots=True)
class Source:
    """Where one document comes from.

    `uri` is its key: a file's absolute path, a URL, or "-". `given` is what messages call it: as the user wrote it, a
    file in a folder after the folder's name. `name` is what people call the document: a file's name, after its folders
    where it was found in one (two files of one name stay apart).
    """

    uri: str
    given: str
    name: str
    kind: Literal["file", "url", "stdin"] = "file"

    @property
    def path(self) -> Path:
        """Where a source of the kind "file" is."""
        return Path(self.uri)


def is_url(argument: str | Path) -> bool:
    """Whether `argument` is an address, not a path."""
    return isinstance(argument, str) and _URL.match(argument) is not None


def source_of(argument: str | Path) -> Source:
    """The one file, URL or "-" that `argument` names; whether it is there is seen when it is read. Raises
    `UnsupportedSource` for a folder and for a URL that is not http(s)."""
    given = str(argument)
    if given == STANDARD_INPUT:
        return Source(STANDARD_INPUT, STANDARD_INPUT, "standard input", "stdin")
    if isinstance(argument, str) and (url := _URL.match(given)):
        if url[1].lower() not in ("http", "https"):
            raise UnsupportedSource(given, f"{url[1]} addresses are not read", "give a file or an http(s) URL")
        return Source(given, given, _url_name(given), "url")
    path = _absolute(argument)
    if path.is_dir():
        raise UnsupportedSource(
            given, "a folder, where one file was asked for", "add it to a library to read all of it"
        )
    return _file(path, given, path.name)


def _file(path: Path, given: str, name: str) -> Source:
    uri = str(path)
    if not _is_text(uri):
        shown = given.encode("utf-8", "replace").decode()
        raise UnsupportedSource(shown, "its name is not valid UTF-8", "rename the file")
    return Source(uri, given, name)


def _is_text(name: str) -> bool:
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:  # bytes that the system's encoding does not know
        return False
    return True


def expand(
    arguments: Sequence[str | Path], *, on_skip: Callable[[Path], None] = lambda path: None
) -> Iterator[Source | SourceError]:
    """The sources that `arguments` name, in their order, each once; a folder's in order of their paths.

    From folders and globs, what is hidden is passed over, and so are files that hold no text: `on_skip` hears of these
    each. Links to folders inside a folder are not followed.
    """
    seen: set[str] = set()
    for argument in arguments:
        for found in _expand_one(argument, on_skip):
            if isinstance(found, SourceError):
                yield found
            elif found.uri not in seen:
                seen.add(found.uri)
                yield found


def _expand_one(argument: str | Path, on_skip: Callable[[Path], None]) -> Iterator[Source | SourceError]:
    given = str(argument)
    try:
        if given != STANDARD_INPUT and not _URL.match(given):
            path = _absolute(argument)
            if path.is_dir():
                yield from _folder(path, given, path, on_skip)
                return
            if not os.path.lexists(path):
                yield from _glob(given, path, on_skip) if _WILD.search(given) else [_nothing_there(given)]
                return
        yield source_of(argument)
    except SourceError as error:
        yield error
    except (OSError, ValueError) as error:  # a name too long, or with a NUL in it
        yield SourceNotFound(given, f"no file can have this name ({error})", "check the path")


def _folder(folder: Path, given: str, root: Path, on_skip: Callable[[Path], None]) -> Iterator[Source | SourceError]:
    """All files under `folder`; `given` is what messages call it, and names are told from `root`."""
    failures: list[OSError] = []
    found_any = False
    for directory, folders, files in os.walk(folder, onerror=failures.append):
        for failure in failures:
            yield _unreadable(failure, folder, given)
        failures.clear()
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            if not name.startswith((".", "~$")):  # hidden, or the lock that Office leaves beside an open file
                found_any = True
                path = Path(directory, name)
                yield from _member(path, str(Path(given) / path.relative_to(folder)), root, on_skip)
    for failure in failures:
        yield _unreadable(failure, folder, given)
    if not found_any and not failures:
        yield SourceNotFound(given, "no files in this folder", "hidden files are passed over; name them one by one")


def _glob(given: str, path: Path, on_skip: Callable[[Path], None]) -> Iterator[Source | SourceError]:
    root = Path(*path.parts[: _first_wild(path)])
    matches = sorted(glob.glob(str(path), recursive=True))  # noqa: PTH207 - Path.glob does not pass over what is hidden
    # `**` matches folders and, apart, the files in them; a folder that `*` matches stands for all that it holds.
    whole_folders = "**" not in given
    absolute = Path(given).is_absolute() or given.startswith("~")
    found_any = False
    for match in map(Path, matches):
        shown = str(match) if absolute else os.path.relpath(match)
        if match.is_dir():
            if whole_folders:
                found_any = True
                yield from _folder(match, shown, root, on_skip)
        else:
            found_any = True
            yield from _member(match, shown, root, on_skip)
    if not found_any:
        yield SourceNotFound(
            given, "nothing matches this pattern", "check the path, and quote the pattern for the shell"
        )


def _first_wild(path: Path) -> int:
    return next(index for index, part in enumerate(path.parts) if _WILD.search(part))


def _member(path: Path, given: str, root: Path, on_skip: Callable[[Path], None]) -> Iterator[Source | SourceError]:
    """One of many files: left out where it is no document at all, an error where it is one that octavo cannot read."""
    try:
        if not path.is_file() or is_binary_name(path.name) or (not is_known(path.name) and _looks_binary(path)):
            on_skip(path)
            return
        yield _file(path, given, path.relative_to(root).as_posix())
    except OSError as error:
        yield SourceNotFound(given, f"cannot be read ({error.strerror})", "check its permissions")
    except UnsupportedSource as error:
        yield error


def _looks_binary(path: Path) -> bool:
    if unreadable_hint(path.name):
        return False  # a document, which reading it will say; not something to pass over in silence
    with path.open("rb") as file:
        return is_binary(file.read(SAMPLE_BYTES))


def _absolute(argument: str | Path) -> Path:
    path = Path(argument)
    with suppress(RuntimeError):  # a file whose name starts with a tilde, not a user's home
        path = path.expanduser()
    return Path(os.path.abspath(path))  # noqa: PTH100 - `resolve` would follow links


def _nothing_there(given: str) -> SourceNotFound:
    return SourceNotFound(given, "no such file or folder", "check the path")


def _unreadable(failure: OSError, folder: Path, given: str) -> SourceNotFound:
    inner = Path(failure.filename).relative_to(folder) if failure.filename else Path()
    return SourceNotFound(
        str(Path(given) / inner), f"this folder cannot be read ({failure.strerror})", "check its permissions"
    )


def _url_name(url: str) -> str:
    parts = urlsplit(url)
    return unquote(parts.path.rstrip("/").rpartition("/")[2]) or parts.hostname or url
