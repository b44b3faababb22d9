"""`octavo batch`: questions from a file, a line of JSON for each."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from octavo.cli.main import main
from octavo.models.fake_server import FakeServer
from tests.reading.conftest import book
from tests.reading.test_batch import FACTS, PLACES, QUESTIONS, Reading


@pytest.fixture
def server() -> Iterator[FakeServer]:
    with FakeServer(Reading(), window=4_096) as running:
        yield running


@pytest.fixture
def document(here: Path) -> Path:
    path = here / "book.txt"
    path.write_text(book(200, facts={30: PLACES[30], 90: PLACES[90]}).text, encoding="utf-8")
    return path


def batch(server: FakeServer, *arguments: str) -> int:
    return main(["batch", "--base-url", server.base_url, "--level", "read", *arguments])


def test_every_question_has_its_line_in_their_order(
    server: FakeServer, document: Path, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / "questions.txt").write_text(f"{QUESTIONS[1]}\n\n{QUESTIONS[0]}\n{QUESTIONS[2]}\n", encoding="utf-8")
    assert batch(server, "questions.txt", str(document)) == 0
    out, err = capsys.readouterr()
    lines = [json.loads(line) for line in out.splitlines()]
    assert [line["question"] for line in lines] == [QUESTIONS[1], QUESTIONS[0], QUESTIONS[2]]
    assert [line["found"] for line in lines] == [True, True, False]
    assert lines[0]["citations"][0]["quote"] == FACTS[QUESTIONS[1]]
    assert "2 of 3 questions answered" in err.splitlines()[-1]


def test_questions_may_come_from_standard_input(
    server: FakeServer, document: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{QUESTIONS[0]}\n"))
    assert batch(server, "-", str(document)) == 0
    assert len(capsys.readouterr().out.splitlines()) == 1


@pytest.mark.parametrize(
    ("content", "said"), [(None, "cannot be read"), (b"\n \n", "holds no question"), (b"\xff\xfe\x00x", "not UTF-8")]
)
def test_a_file_without_questions_is_named(
    server: FakeServer,
    document: Path,
    here: Path,
    content: bytes | None,
    said: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    if content is not None:
        (here / "questions.txt").write_bytes(content)
    assert batch(server, "questions.txt", str(document)) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "questions.txt" in line
    assert said in line


def test_a_budget_that_runs_out_has_its_exit_code(
    server: FakeServer, document: Path, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / "questions.txt").write_text("\n".join(QUESTIONS), encoding="utf-8")
    assert batch(server, "questions.txt", str(document), "--budget-tokens", "4000") == 4
    assert len(capsys.readouterr().out.splitlines()) == len(QUESTIONS)
