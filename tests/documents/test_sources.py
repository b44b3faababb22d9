"""Files, folders, globs, URLs and standard input become sources."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from octavo.documents.sources import Source, expand, source_of
from octavo.errors import SourceError, SourceNotFound, UnsupportedSource
from tests.documents.conftest import Files


def names(*arguments: str | Path) -> list[str]:
    return [found.name if isinstance(found, Source) else type(found).__name__ for found in expand(arguments)]


@pytest.fixture
def tree(write: Files) -> Path:
    for name in ("b.md", "a.txt", "sub/a.txt", "sub/deep/c.py", ".hidden", ".git/config", "sub/.cache/x.txt"):
        write(f"tree/{name}", "words")
    write("tree/picture.png", b"\x89PNG")
    write("tree/data", bytes(range(256)))
    return write.folder / "tree"


def test_a_folder_is_all_its_documents_in_order_without_what_is_hidden_or_binary(tree: Path) -> None:
    skipped: list[Path] = []
    found = list(expand([tree], on_skip=skipped.append))
    assert [source.name for source in found if isinstance(source, Source)] == [
        "a.txt",
        "b.md",
        "sub/a.txt",
        "sub/deep/c.py",
    ]
    assert [path.name for path in skipped] == ["data", "picture.png"]


def test_a_source_is_known_by_its_absolute_path_and_called_as_given(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tree)
    assert list(expand(["sub/../a.txt"])) == [Source(str(tree / "a.txt"), "sub/../a.txt", "a.txt")]
    assert next(iter(expand(["sub"]))) == Source(str(tree / "sub" / "a.txt"), "sub/a.txt", "a.txt")


def test_a_file_named_twice_is_one_source(tree: Path) -> None:
    assert names(tree / "a.txt", tree, tree / "sub") == ["a.txt", "b.md", "sub/a.txt", "sub/deep/c.py"]


def test_a_glob_is_what_it_matches(tree: Path) -> None:
    assert names(f"{tree}/*.txt") == ["a.txt"]
    assert names(f"{tree}/**/*.txt") == ["a.txt", "sub/a.txt"]
    assert names(f"{tree}/s*") == ["sub/a.txt", "sub/deep/c.py"]
    assert names(f"{tree}/?.[tm]*") == ["a.txt", "b.md"]


def test_a_glob_from_where_one_stands_is_called_so(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tree / "sub")
    (found,) = expand(["../*.md"])
    assert found == Source(str(tree / "b.md"), "../b.md", "b.md")


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="such names cannot be made there")
def test_a_name_that_is_no_text_costs_only_its_file(tree: Path) -> None:
    Path(os.fsdecode(os.fsencode(tree) + b"/\xff.txt")).write_text("words")
    found = list(expand([tree]))
    assert [type(item) for item in found].count(Source) == 4
    (error,) = (item for item in found if isinstance(item, SourceError))
    assert str(error) == f"{tree}/?.txt: its name is not valid UTF-8; rename the file"


def test_names_that_start_with_a_tilde_and_locks_of_office(write: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(write.folder)
    write("~no-such-user.txt", "words")
    write("~$report.docx", "lock")
    assert names("~no-such-user.txt") == ["~no-such-user.txt"]
    assert names(".") == ["~no-such-user.txt"]


def test_a_file_whose_name_looks_like_a_glob_is_that_file(write: Files) -> None:
    assert names(write("draft[1].txt", "words")) == ["draft[1].txt"]


def test_what_is_missing_costs_only_itself(tree: Path) -> None:
    found = list(expand([tree / "none.txt", f"{tree}/*.none", tree / "a.txt", "x" * 5000, "a\0b"]))
    assert [type(item) for item in found] == [SourceNotFound, SourceNotFound, Source, SourceNotFound, SourceNotFound]
    assert str(found[0]) == f"{tree / 'none.txt'}: no such file or folder; check the path"
    assert "nothing matches" in str(found[1])


def test_an_empty_folder_says_so(tmp_path: Path) -> None:
    (error,) = expand([tmp_path])
    assert isinstance(error, SourceNotFound)
    assert "no files in this folder" in str(error)


def test_an_unreadable_folder_costs_only_itself(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scandir: Callable[[Any], Iterator[os.DirEntry[str]]] = os.scandir

    def refuse(path: str) -> Iterator[os.DirEntry[str]]:
        if Path(path).name == "deep":
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    found = list(expand([tree]))
    assert [item.name for item in found if isinstance(item, Source)] == ["a.txt", "b.md", "sub/a.txt"]
    errors = [item for item in found if isinstance(item, SourceError)]
    assert [str(error) for error in errors] == [
        f"{tree}/sub/deep: this folder cannot be read (Permission denied); check its permissions"
    ]


def test_a_document_that_cannot_be_read_is_not_passed_over(write: Files) -> None:
    write("letters/old.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(100))
    assert names(write.folder / "letters") == ["old.doc"]


def test_a_link_to_a_folder_is_not_followed_in_a_circle(tree: Path) -> None:
    (tree / "sub" / "up").symlink_to(tree)
    assert names(tree) == ["a.txt", "b.md", "sub/a.txt", "sub/deep/c.py"]


def test_urls_and_standard_input_are_taken_as_they_are() -> None:
    assert list(expand(["-", "https://example.org/a%20b/page.html?q=1", "http://example.org/"])) == [
        Source("-", "-", "standard input", "stdin"),
        Source(
            "https://example.org/a%20b/page.html?q=1", "https://example.org/a%20b/page.html?q=1", "page.html", "url"
        ),
        Source("http://example.org/", "http://example.org/", "example.org", "url"),
    ]


def test_other_addresses_are_refused() -> None:
    (error,) = expand(["ftp://example.org/a.txt"])
    assert isinstance(error, UnsupportedSource)


def test_one_source_is_not_a_folder(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedSource, match="a folder, where one file was asked for"):
        source_of(tmp_path)
