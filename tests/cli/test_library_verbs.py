"""`octavo add`, `list`, `show` and `remove`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from octavo.cli.main import main
from octavo.models.fake_server import FakeServer

TEXT = "# Voyages\n\nThe ship left at dawn.\n\n## Return\n\nIt came back in May.\n"


@pytest.fixture
def voyages(here: Path) -> Path:
    """A small document with sections."""
    path = here / "voyages.md"
    path.write_text(TEXT, encoding="utf-8")
    return path


def of_json(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    """What a verb prints with --json."""
    capsys.readouterr()
    main([*arguments, "--json"])
    return json.loads(capsys.readouterr().out)


def test_what_is_added_is_listed_with_its_id_size_and_source(voyages: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["add", str(voyages)]) == 0
    document_id = capsys.readouterr().out.split()[0]
    assert main(["list"]) == 0
    line = capsys.readouterr().out
    assert line.startswith(f"{document_id}  {len(TEXT)} characters  ")
    assert line.endswith("  voyages.md\n")
    (listed,) = of_json(capsys, "list")
    assert listed["id"].startswith(document_id)
    assert listed["sources"] == [str(voyages)]


def test_an_empty_library_says_how_to_fill_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list"]) == 0
    assert capsys.readouterr() == ("", "octavo: the library is empty; to fill it: octavo add SOURCE\n")
    assert of_json(capsys, "list") == []


def test_a_source_that_fails_is_named_and_costs_only_itself(
    voyages: Path, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / "empty.txt").touch()
    assert main(["add", "empty.txt", "missing.txt", str(voyages)]) == 1
    out, err = capsys.readouterr()
    assert out.split()[1:] == ["voyages.md"]
    assert [line.split(":")[1] for line in err.splitlines()] == [" empty.txt", " missing.txt"]
    said = of_json(capsys, "add", "empty.txt", str(voyages))
    assert [failed["source"] for failed in said["failed"]] == ["empty.txt"]
    assert [added["name"] for added in said["added"]] == ["voyages.md"]


def test_a_private_address_is_refused_unless_it_is_allowed(capsys: pytest.CaptureFixture[str]) -> None:
    with FakeServer() as server:
        url = f"{server.base_url}/models"
        assert main(["add", url]) == 1
        assert "--allow-private" in capsys.readouterr().err
        assert main(["add", url, "--allow-private"]) == 0


def test_a_place_is_shown_between_marks_with_its_surroundings(
    voyages: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["add", str(voyages)])
    start = TEXT.index("It came")
    capsys.readouterr()
    arguments = ["show", "voyages.md", "--start", str(start), "--end", str(start + 12), "--context", "8"]
    assert main(arguments) == 0
    out, err = capsys.readouterr()
    assert out == "Return\n\n[[It came back]] in May.\n"
    assert err == "octavo: voyages.md, Voyages > Return\n"
    said = of_json(capsys, *arguments)
    assert (said["before"], said["text"], said["after"]) == ("Return\n\n", "It came back", " in May.")
    assert said["section"] == ["Voyages", "Return"]


def test_without_a_place_the_whole_text_is_shown_by_id_or_name(
    voyages: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["add", str(voyages)])
    document_id = capsys.readouterr().out.split()[0]
    for name in (document_id, "voyages.md"):
        assert main(["show", name]) == 0
        assert capsys.readouterr().out == TEXT


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["show", "nothing"], 1, "nothing: no such document in the library; see: octavo list"),
        (["show", "voyages.md", "--start", "9", "--end", "3"], 2, "voyages.md: no characters 9 to 3"),
        (["show", "voyages.md", "--start", "99999"], 2, "voyages.md: no characters 99,999 to 99,999"),
        (["remove", "nothing"], 1, "nothing: nothing in the library has this id, path or URL"),
    ],
)
def test_what_is_not_there_is_said_in_one_line(
    arguments: list[str], code: int, said: str, voyages: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["add", str(voyages)])
    capsys.readouterr()
    assert main(arguments) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"octavo: {said}")
    assert err.count("\n") == 1


def test_two_documents_of_one_name_are_told_apart_by_their_ids(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for folder in ("a", "b"):
        (here / folder).mkdir()
        (here / folder / "notes.md").write_text(f"These are the notes of {folder}.\n")
    main(["add", "a/notes.md", "b/notes.md"])
    first = capsys.readouterr().out.split()[0]
    assert main(["show", "notes.md"]) == 2
    said = capsys.readouterr().err
    assert said.startswith("octavo: notes.md: 2 documents have this name; say which by its id: ")
    assert first in said
    assert main(["show", first]) == 0


def test_removing_a_document_forgets_the_calls_that_its_text_was_part_of(
    voyages: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    question = "When did the ship leave?"
    with FakeServer("At dawn [1].") as server:
        ask = ["ask", "--base-url", server.base_url, question]
        main(["add", str(voyages)])
        assert main(ask) == 0
        paid = len(server.calls)
        assert main(ask) == 0
        assert len(server.calls) == paid
        said = of_json(capsys, "remove", "voyages.md")
        assert [removed["name"] for removed in said["removed"]] == ["voyages.md"]
        assert said["forgotten_calls"] == paid
        assert of_json(capsys, "list") == []
        main(["add", str(voyages)])
        assert main(ask) == 0
        assert len(server.calls) == 2 * paid
