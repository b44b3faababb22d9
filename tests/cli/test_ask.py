"""`octavo ask`, whole: a fake endpoint, documents on disk, what stands on which stream, and the exit code."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from octavo.cli.main import main
from octavo.models.chat import Request
from octavo.models.fake_server import FakeServer
from tests.reading.conftest import FACT, QUESTION, Faithful, book

SENTENCES = 400


@pytest.fixture
def server() -> Iterator[FakeServer]:
    """An endpoint whose model reads faithfully."""
    with FakeServer(Faithful(), window=4_096) as running:
        yield running


@pytest.fixture
def document(here: Path) -> Path:
    """A book with the fact in its middle."""
    path = here / "book.txt"
    path.write_text(book(SENTENCES, facts={SENTENCES // 2: FACT}).text, encoding="utf-8")
    return path


@pytest.fixture
def without(here: Path) -> Path:
    """A book without the fact."""
    path = here / "other.txt"
    path.write_text(book(SENTENCES, seed=1).text, encoding="utf-8")
    return path


def ask(server: FakeServer, *arguments: str) -> int:
    """The exit code of `octavo ask` at this endpoint."""
    return main(["ask", "--base-url", server.base_url, *arguments])


def test_an_answer_stands_on_standard_output_with_its_citations(
    server: FakeServer, document: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ask(server, QUESTION, str(document), "--level", "read") == 0
    out, err = capsys.readouterr()
    answer, empty, where, quote = out.splitlines()
    assert re.fullmatch(r"The silver compass is hidden under the chapel floor \[(\d+)\]\.", answer)
    assert empty == ""
    assert re.fullmatch(r"\[\d+\] book\.txt, .*characters [\d,]+ to [\d,]+ \(supported\)", where)
    assert quote == f'    "{FACT}"'
    lines = err.splitlines()
    assert lines[0] == f"octavo: fake at {server.base_url.removeprefix('http://').removesuffix('/v1')}"
    assert "octavo: read: asked for" in lines
    assert re.fullmatch(
        r"octavo: read; (\d+) of \1 chunks read, 1 relevant; \d+ calls \(0 reused\); .* out; \d+\.\d s", lines[-1]
    )


def test_json_is_one_object_and_nothing_else_on_standard_output(
    server: FakeServer, document: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ask(server, QUESTION, str(document), "--level", "read", "--json") == 0
    said = json.loads(capsys.readouterr().out)
    assert said["found"] is True
    (citation,) = said["citations"]
    assert citation["quote"] == FACT
    assert document.read_text()[citation["start"] : citation["end"]] == FACT
    assert said["coverage"]["read"] == said["coverage"]["chunks"] > 5


def test_what_is_not_in_the_documents_is_said_so_with_code_3(
    server: FakeServer, without: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ask(server, QUESTION, str(without), "--level", "read") == 3
    out, err = capsys.readouterr()
    assert out.startswith("Not in the documents")
    assert "octavo: read, not in the documents; " in err


def test_what_was_not_read_cannot_be_denied(server: FakeServer, without: Path) -> None:
    assert ask(server, QUESTION, str(without), "--level", "retrieve") == 5


def test_a_budget_that_is_used_up_is_code_4(server: FakeServer, without: Path) -> None:
    assert ask(server, QUESTION, str(without), "--level", "read", "--budget-tokens", "3000") == 4


def test_the_same_question_again_costs_nothing(
    server: FakeServer, document: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ask(server, QUESTION, str(document), "--level", "read")
    first, paid = capsys.readouterr().out, len(server.calls)
    assert ask(server, QUESTION, str(document), "--level", "read") == 0
    again = capsys.readouterr()
    assert len(server.calls) == paid
    assert again.out == first
    assert f"0 calls ({paid} reused); 0 tokens in" in again.err
    ask(server, QUESTION, str(document), "--level", "read", "--fresh")
    assert len(server.calls) == 2 * paid


def test_a_dry_run_tells_the_price_and_makes_no_call(
    server: FakeServer, document: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ask(server, QUESTION, str(document), "--level", "read", "--dry-run", "--json") == 0
    price = json.loads(capsys.readouterr().out)
    assert server.calls == []
    assert (price["level"], price["reused_calls"]) == ("read", 0)
    ask(server, QUESTION, str(document), "--level", "read", "--json")
    paid = json.loads(capsys.readouterr().out)["usage"]
    assert price["calls"] == pytest.approx(paid["calls"], abs=1)
    assert price["prompt_tokens"] == pytest.approx(paid["prompt_tokens"], rel=0.2)
    assert ask(server, QUESTION, str(document), "--level", "read", "--dry-run") == 0
    assert capsys.readouterr().out.startswith("level    read\nto read  ")


def test_a_document_on_standard_input_is_read(server: FakeServer, document: Path) -> None:
    command = [sys.executable, "-m", "octavo.cli.main", "ask", "--base-url", server.base_url, QUESTION, "-", "--quiet"]
    with document.open("rb") as stream:
        asked = subprocess.run(command, stdin=stream, capture_output=True, text=True, check=False, timeout=300)
    assert asked.returncode == 0, asked.stderr
    assert "chapel floor" in asked.stdout
    assert "standard input" in asked.stdout
    assert len([line for line in asked.stderr.splitlines() if "warning" not in line]) == 1


def test_without_sources_the_whole_library_is_asked(
    server: FakeServer, document: Path, without: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["add", str(document), str(without)]) == 0
    capsys.readouterr()
    assert ask(server, QUESTION, "--json", "--level", "read") == 0
    (citation,) = json.loads(capsys.readouterr().out)["citations"]
    assert citation["document"]["name"] == "book.txt"


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--level", "nonsense"], 2, r"invalid value for '--level': 'nonsense' is not one of 'auto', "),
        (["--fill", "3"], 2, r"--fill: must be at least 32, not 3$"),
        (["--nonsense"], 2, r"no such option: --nonsense"),
        (["-m", "nonsense"], 1, r"no model 'nonsense'; it serves fake$"),
        (["--window", "1000"], 1, r"a window of 1,000 tokens is too small to read in"),
        (["--base-url", "http://127.0.0.1:9/v1"], 1, r"http://127\.0\.0\.1:9/v1: no connection"),
        (["--base-url", "ftp://127.0.0.1/v1"], 2, r"'ftp://127\.0\.0\.1/v1' is no http\(s\) address"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_its_code(
    arguments: list[str],
    code: int,
    said: str,
    server: FakeServer,
    document: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert ask(server, QUESTION, str(document), *arguments) == code
    out, err = capsys.readouterr()
    assert out == ""
    last = err.splitlines()[-1]
    assert re.search(said, last), last
    assert "Traceback" not in err
    assert server.calls == []


def test_a_wrong_key_is_code_1(
    document: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "wrong")
    with FakeServer(api_key="right") as server:
        assert ask(server, QUESTION, str(document)) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "key" in line
    assert "OPENAI_API_KEY" in line


def test_a_question_that_is_longer_than_the_window_says_by_how_much(
    server: FakeServer, document: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ask(server, "Why? " * 5_000, str(document)) == 1
    assert re.search(r"by [\d,]+ tokens", capsys.readouterr().err.splitlines()[-1])
    assert server.calls == []


def test_a_missing_document_is_named_and_the_others_are_asked(
    server: FakeServer, document: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ask(server, QUESTION, "missing.md", str(document)) == 0
    assert "octavo: warning: missing.md: no such file or folder; check the path" in capsys.readouterr().err


def test_a_document_that_is_missing_alone_fails_with_its_name(
    server: FakeServer, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ask(server, QUESTION, "missing.md") != 0
    assert "missing.md: no such file or folder; check the path" in capsys.readouterr().err


def test_control_characters_of_a_document_do_not_reach_the_terminal(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hostile = "The lighthouse keeper \x1b]52;c;aGFja2Vk\x07 Amelia Voss hid the silver compass."
    path = here / "hostile.txt"
    path.write_text(book(SENTENCES, facts={100: hostile}).text, encoding="utf-8")
    with FakeServer(Faithful(fact=hostile, answer="Amelia \x1b[31mVoss hid the silver compass [{number}].")) as server:
        assert ask(server, QUESTION, str(path), "--level", "read") == 0
    out, err = capsys.readouterr()
    assert "\x1b" not in out + err
    assert "\x07" not in out + err
    assert r"\x1b[31mVoss" in out


# --- interrupts -----------------------------------------------------------------------------------------------------


def test_an_interrupted_reading_says_how_to_go_on_and_goes_on_from_there(document: Path, tmp_path: Path) -> None:
    reply, half = Faithful(), 8

    def reply_until_half(request: Request) -> str:
        if "sentences" in (request.schema or {}).get("properties", {}) and len(server.calls) == half:
            os.kill(reading.pid, signal.SIGINT)
        return reply(request)

    with FakeServer(reply_until_half, window=4_096, latency=0.02) as server:
        command = [
            "ask",
            QUESTION,
            str(document),
            "--base-url",
            server.base_url,
            "--level",
            "read",
            "--concurrency",
            "2",
        ]
        reading = subprocess.Popen(
            [sys.executable, "-m", "octavo.cli.main", *command],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        out, err = reading.communicate(timeout=300)
        assert reading.returncode == 130, err
        assert out == ""
        assert "Traceback" not in err
        last = err.splitlines()[-1]
        assert last.startswith("octavo: interrupted; what was paid for is kept. To go on: octavo ask 'Where is")
        paid = len(server.calls)
        assert main(command) == 0
        prompts = [call.messages for call in server.calls]
        assert half <= paid < len(prompts)
        assert len(prompts) - len(set(prompts)) <= 2
