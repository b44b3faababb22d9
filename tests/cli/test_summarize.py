"""`octavo summarize`, whole: a fake endpoint, documents on disk, what stands on which stream, and the exit code."""

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
from tests.reading.conftest import FACT, book
from tests.reading.summaries.summariser import Summariser

SENTENCES = 400


@pytest.fixture
def server() -> Iterator[FakeServer]:
    """An endpoint whose model summarises faithfully."""
    with FakeServer(Summariser(), window=4_096) as running:
        yield running


@pytest.fixture
def document(here: Path) -> Path:
    """A book of several chapters that does not fit a prompt, with the fact at its beginning."""
    path = here / "book.txt"
    path.write_text(book(SENTENCES, facts={0: FACT}).text, encoding="utf-8")
    return path


def summarize(server: FakeServer, *arguments: str) -> int:
    """The exit code of `octavo summarize` at this endpoint."""
    return main(["summarize", "--base-url", server.base_url, *arguments])


def test_a_summary_stands_on_standard_output_with_its_citations(
    server: FakeServer, document: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert summarize(server, str(document)) == 0
    out, err = capsys.readouterr()
    text, empty, where, quote, *_ = out.splitlines()
    assert text.startswith(f"{FACT[:-1]} [1]. ")
    assert empty == ""
    assert re.fullmatch(r"\[1\] book\.txt, .*characters [\d,]+ to [\d,]+ \(supported\)", where)
    assert quote == f'    "{FACT}"'
    lines = err.splitlines()
    assert any(re.fullmatch(r"octavo: summarize: \d+ parts and what they make up", line) for line in lines)
    assert any(re.match(r"octavo: (\d+) of \1 chunks read", line) for line in lines)
    assert re.fullmatch(r"octavo: summarize; (\d+) of \1 chunks read, \1 relevant; \d+ calls .* s", lines[-1])


def test_json_is_one_object_with_the_tree(
    server: FakeServer, document: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert summarize(server, str(document), "--json", "--words", "90") == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["words"], said["focus"]) == (90, None)
    text = document.read_text()
    for citation in said["citations"]:
        assert text[citation["start"] : citation["end"]] == citation["quote"]
    assert said["sections"][0]["title"].startswith("Chapter 1")
    assert said["sections"][0]["summary"]
    assert said["coverage"]["read"] == said["coverage"]["chunks"]


def test_an_outline_shows_every_section_with_a_line_and_costs_nothing_after_a_summary(
    server: FakeServer, document: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    summarize(server, str(document))
    paid = len(server.calls)
    capsys.readouterr()
    assert summarize(server, str(document), "--outline") == 0
    out = capsys.readouterr().out.splitlines()
    assert len(server.calls) == paid
    assert len(out) == SENTENCES // 40
    assert out[0] == f"Chapter 1: {FACT}"
    assert all(re.match(r"Chapter \d+: .", line) for line in out)


def test_another_length_costs_one_call(server: FakeServer, document: Path) -> None:
    summarize(server, str(document))
    paid = len(server.calls)
    assert summarize(server, str(document), "--words", "80") == 0
    assert len(server.calls) == paid + 1


def test_a_focus_that_the_documents_are_silent_on_is_code_3(
    server: FakeServer, document: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert summarize(server, str(document), "--focus", "quantum electrodynamics") == 3
    assert capsys.readouterr().out.startswith("Nothing in the documents on this: all ")


def test_a_budget_that_is_used_up_is_code_4(server: FakeServer, document: Path) -> None:
    assert summarize(server, str(document), "--budget-tokens", "5000") == 4


def test_a_dry_run_tells_the_price_and_makes_no_call(
    server: FakeServer, document: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert summarize(server, str(document), "--dry-run", "--json") == 0
    price = json.loads(capsys.readouterr().out)
    assert server.calls == []
    summarize(server, str(document), "--json")
    paid = json.loads(capsys.readouterr().out)["usage"]
    assert price["level"] == "summarize"
    assert price["calls"] == paid["calls"]
    assert summarize(server, str(document), "--dry-run") == 0
    assert capsys.readouterr().out.startswith("level    summarize\nto read  ")


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--words", "0"], 2, r"a summary of 0 words says nothing: ask for 1 or more$"),
        (["--words", "9999"], 2, r"ask for 1,024 words at most, or use a larger --window$"),
        (["--focus", "why " * 9_000], 1, r"shorten it by [\d,]+ tokens or use a larger --window$"),
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
    assert summarize(server, str(document), *arguments) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert re.search(said, err.splitlines()[-1])
    assert server.calls == []


def test_control_characters_of_a_title_do_not_reach_the_terminal(
    server: FakeServer, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = here / "hostile.md"
    text = book(200).text.replace("Chapter 2", "# Chapter \x1b]52;c;aGFja2Vk\x07 2")
    path.write_text(f"# Chapter 1\n\n{text}", encoding="utf-8")
    assert summarize(server, str(path), "--outline") == 0
    out, err = capsys.readouterr()
    assert "\x1b" not in out + err
    assert "\x07" not in out + err


def test_an_interrupted_summary_says_how_to_go_on_and_goes_on_from_there(document: Path) -> None:
    reply, half = Summariser(), 3

    def reply_until_half(request: Request) -> str:
        if len(server.calls) == half:
            os.kill(running.pid, signal.SIGINT)
        return reply(request)

    with FakeServer(reply_until_half, window=4_096, latency=0.02) as server:
        command = ["summarize", str(document), "--base-url", server.base_url, "--concurrency", "1"]
        running = subprocess.Popen(
            [sys.executable, "-m", "octavo.cli.main", *command],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        out, err = running.communicate(timeout=300)
        assert running.returncode == 130, err
        assert out == ""
        last = err.splitlines()[-1]
        assert last.startswith("octavo: interrupted; what was paid for is kept. To go on: octavo summarize ")
        assert main(command) == 0
        prompts = [call.messages for call in server.calls]
        assert len(prompts) - len(set(prompts)) <= 1
