"""The command itself: help, version, usage errors, the verbs about models."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
from typer.main import get_command

from octavo.cli.main import app, main

VERBS = (
    "ask",
    "batch",
    "summarize",
    "chat",
    "train",
    "export",
    "add",
    "list",
    "show",
    "remove",
    "doctor",
    "models",
)


def test_help_lists_every_verb_in_whole_sentences(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    said = capsys.readouterr().out
    assert all(f"\n  {verb} " in said for verb in VERBS)
    assert "..." not in said.partition("Commands:")[2]


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_explains_itself_and_each_of_its_options(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([verb, "--help"]) == 0
    assert capsys.readouterr().out.startswith(f"Usage: octavo {verb} ")
    commands = getattr(get_command(app), "commands")  # noqa: B009 - typer's own types do not tell it
    parameters = [(parameter.name, getattr(parameter, "help", "")) for parameter in commands[verb].params]
    assert [name for name, said in parameters if not said] == []


def test_the_version_is_the_packages(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"octavo {version('octavo')}\n"


def test_without_a_verb_help_goes_to_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("Usage: octavo")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nonsense"], "no such command 'nonsense'; octavo --help says more"),
        (["ask"], "missing argument 'QUESTION'; octavo ask --help says more"),
        (["ask", "q", "--window", "x"], "invalid value for '--window': must be a valid integer"),
        (["models", "install", "nonsense"], "no model 'nonsense' to install; there is smollm2"),
    ],
)
def test_wrong_usage_is_one_line_and_code_2(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"octavo: {said}")
    assert err.count("\n") == 1


def test_a_setting_that_is_not_known_stops_every_verb(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "octavo.toml").write_text("modle = 'x'\n")
    for arguments in (["ask", "q"], ["list"], ["doctor"], ["remove", "x"]):
        assert main(arguments) == 2
        assert "unknown setting 'modle'; did you mean model?" in capsys.readouterr().err


def test_models_are_listed_with_what_to_type(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("octavo.models.install.weights_of", lambda name: None)
    assert main(["models"]) == 0
    assert "to install: octavo models install smollm2" in capsys.readouterr().out
    assert main(["models", "list", "--json"]) == 0
    (model,) = json.loads(capsys.readouterr().out)
    assert (model["name"], model["installed"], model["path"]) == ("smollm2", False, None)


def test_a_model_that_is_installed_is_left_alone(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("octavo.models.install.weights_of", lambda name: Path("weights.gguf"))
    assert main(["models", "install", "smollm2"]) == 0
    assert capsys.readouterr().err == "octavo: smollm2 is installed: weights.gguf\n"


def test_help_imports_neither_the_engine_nor_what_draws() -> None:
    program = (
        "import sys; from octavo.cli.main import main; main(['--help']); "
        "print(*{name.partition('.')[0] for name in sys.modules}, file=sys.stderr)"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert not {"lancedb", "openai", "pydantic", "rich", "asyncio", "xllamacpp", "torch", "transformers"} & set(
        ran.stderr.split()
    )
