"""`octavo doctor`: each thing ok, a note or a problem, and what to type."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from octavo.cli.main import main
from octavo.models.fake_server import FakeServer


def examined(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict[str, dict[str, Any]]]:
    """The exit code and the checks by name."""
    code = main(["doctor", "--json", *arguments])
    return code, {check["what"]: check for check in json.loads(capsys.readouterr().out)}


def test_a_working_endpoint_is_described(capsys: pytest.CaptureFixture[str]) -> None:
    with FakeServer(window=4_096) as server:
        code, checks = examined(capsys, "--base-url", server.base_url)
        assert server.calls == []
    assert code == 0
    assert checks["model"]["verdict"] == "ok"
    assert "window 4,096 tokens" in checks["model"]["found"]
    assert "estimated" in checks["model"]["found"]
    assert "--tokenizer" in checks["model"]["advice"]
    assert "octavo" in checks["versions"]["found"]


def test_an_endpoint_that_does_not_answer_is_a_problem(capsys: pytest.CaptureFixture[str]) -> None:
    code, checks = examined(capsys, "--base-url", "http://127.0.0.1:9/v1")
    assert code == 1
    assert checks["model"]["verdict"] == "problem"
    assert "http://127.0.0.1:9/v1" in checks["model"]["found"]


def test_a_wrong_key_is_a_problem(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "wrong")
    with FakeServer(api_key="right") as server:
        code, checks = examined(capsys, "--base-url", server.base_url)
    assert (code, checks["model"]["verdict"]) == (1, "problem")


def test_a_missing_embedded_model_is_a_problem_only_for_those_who_use_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("octavo.models.install.weights_of", lambda name: None)
    monkeypatch.setattr("octavo.cli.examining.weights_of", lambda name: None)
    code, checks = examined(capsys)
    assert (code, checks["embedded model"]["verdict"]) == (1, "problem")
    assert checks["embedded model"]["advice"] == "octavo models install smollm2"
    with FakeServer() as server:
        code, checks = examined(capsys, "--base-url", server.base_url)
    assert (code, checks["embedded model"]["verdict"]) == (0, "note")


def test_an_extra_that_is_not_installed_is_a_note_with_what_to_type(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("octavo.cli.examining.find_spec", lambda module: None)
    with FakeServer() as server:
        code, checks = examined(capsys, "--base-url", server.base_url)
    assert code == 0
    for what, extra in (
        ("office files", "office"),
        ("tool servers", "mcp"),
        ("measuring", "eval"),
        ("training", "train"),
    ):
        assert (checks[what]["verdict"], checks[what]["advice"]) == ("note", f"pip install 'octavo[{extra}]'")


def test_a_damaged_library_is_a_problem_and_hides_nothing_else(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    home = tmp_path / "home"
    (home / "library").mkdir(parents=True)
    (home / "library" / "version").write_text("99")
    (home / "ledger.sqlite").write_text("this is no database, and never was one")
    with FakeServer() as server:
        code, checks = examined(capsys, "--base-url", server.base_url)
    assert code == 1
    assert checks["library"]["verdict"] == "problem"
    assert checks["ledger"]["verdict"] == "problem"
    assert checks["model"]["verdict"] == "ok"


def test_every_check_is_a_line_with_what_to_type(capsys: pytest.CaptureFixture[str]) -> None:
    with FakeServer() as server:
        assert main(["doctor", "--base-url", server.base_url]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line[:8].strip() for line in lines] == ["ok"] * len(lines)
    assert lines[-1].startswith("ok      model           fake at 127.0.0.1:")
    assert lines[-1].endswith("; --tokenizer FILE gives exact counts")
