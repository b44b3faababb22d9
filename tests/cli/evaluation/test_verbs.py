"""`octavo eval`, whole: every task at a tiny length at a fake endpoint, what a run leaves behind, and what stops it."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from octavo.cli.main import app, main
from octavo.models.chat import Request
from octavo.models.fake_server import FakeServer
from octavo.models.install import weights_of
from octavo.reading import prompts
from tests.models.vocabulary import write_tiny_model

TASKS = ("needle", "lveval", "leval", "ruler", "babilong", "multihop", "pressure")
NEEDLE = r"Hidden on ([\w ]+?) is the legendary ([\w ]+?)\."


@dataclass
class Knowing:
    """Finds what matches `pattern` wherever it is shown, and answers `answer`, in which the match's groups stand."""

    pattern: str
    answer: str

    def __call__(self, request: Request) -> str:
        prompt = request.messages[-1].content
        properties = (request.schema or {}).get("properties", {})
        if "keywords" in properties:
            words = re.findall(r"\w{4,}", re.sub(r"\\.|\(.*?\)", " ", self.pattern))
            return json.dumps({"information": "", "instruction": "", "keywords": words, "whole": False})
        if "sentences" in properties:
            numbered = re.split(r"\[(\d+)\] ", prompt)
            shown = zip(numbered[1::2], numbered[2::2], strict=True)
            return json.dumps({"sentences": [int(number) for number, text in shown if re.search(self.pattern, text)]})
        if "verdict" in prompt or "Answer to judge" in prompt:
            return "yes"
        found = re.search(self.pattern, prompt)
        return found.expand(self.answer) if found else prompts.NOT_FOUND


@dataclass
class Case:
    """A verb with its own options, made in a folder, and the model that knows its answers."""

    verb: str
    options: Callable[[Path], Sequence[str]]
    model: Knowing
    items: int = 1


def essays(folder: Path, name: str = "essays.txt") -> str:
    """A text of some 4,000 tokens."""
    path = folder / name
    kinds = ("river", "garden", "harbour", "forest", "market", "tower", "valley", "bridge")
    path.write_text(
        "\n\n".join(
            f"In the year {1500 + number} the old {kinds[number % 8]} was painted once more, and nobody could say why. "
            f"It took the people {number % 29 + 3} long days, and then they went home to their {kinds[number % 5]}."
            for number in range(100)
        ),
        encoding="utf-8",
    )
    return str(path)


def write_lines(path: Path, *records: dict[str, Any]) -> None:
    """JSON lines, in a folder that is made for them."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")


LVEVAL = {
    "input": "Who painted the mill?",
    "context": "Passage 1\nThe mill was painted by Ada Finch.\n\nPassage 2\nThe barn was painted by Tom Reed.",
    "answers": ["Ada Finch"],
    "length": 18,
    "dataset": "hotpotwikiqa_mixup",
    "language": "en",
    "answer_keywords": "Ada Finch",
    "confusing_facts": "The barn was painted by Tom Reed.",
}
MUSIQUE = {
    "id": "2hop__1",
    "question": "Where was the painter of the mill born?",
    "answer": "Lisbon",
    "answer_aliases": ["Lisboa"],
    "answerable": True,
    "question_decomposition": [{}, {}],
    "paragraphs": [
        {"title": "Mill", "paragraph_text": "The mill was painted by Ada Finch.", "is_supporting": True},
        {"title": "Barn", "paragraph_text": "The barn is red.", "is_supporting": False},
        {"title": "Finch", "paragraph_text": "Ada Finch was born in Lisbon.", "is_supporting": True},
    ],
}


def lveval_files(folder: Path) -> list[str]:
    write_lines(folder / "lv" / "hotpotwikiqa_mixup" / "hotpotwikiqa_mixup_16k.jsonl", LVEVAL)
    return ["--data", str(folder / "lv")]


def leval_files(folder: Path) -> list[str]:
    record = {
        "instructions": ["Who painted the mill? A. Tom Reed B. Ada Finch"],
        "outputs": ["B"],
        "input": "The mill was painted by Ada Finch. The barn was painted by Tom Reed.",
        "source": "made up",
        "evaluation": "exam",
    }
    write_lines(folder / "le" / "Exam" / "quality.jsonl", record)
    return ["--data", str(folder / "le")]


def babi_files(folder: Path) -> list[str]:
    path = folder / "babi" / "qa1_single-supporting-fact_train.txt"
    path.parent.mkdir()
    path.write_text("1 Mary moved to the garden.\n2 Where is Mary? \tgarden\t1\n", encoding="utf-8")
    return ["--data", str(path.parent), "--text", essays(folder), "--tasks", "qa1", "--lengths", "900"]


def musique_file(folder: Path) -> str:
    write_lines(folder / "musique.jsonl", MUSIQUE)
    return str(folder / "musique.jsonl")


FINCH = Knowing(r"mill was painted by (Ada Finch)", r"\1")
LISBON = Knowing(r"Ada Finch was born in (\w+)\.", r"\1")
CASES = {
    "needle": Case(
        "needle",
        lambda at: [
            *("--text", essays(at), "--tasks", "s_rt", "--lengths", "1200", "--depths", "50"),
            *("--repeats", "1", "--buffer", "200"),
        ],
        Knowing(NEEDLE, r"The legendary item hidden on \1 is \2."),
    ),
    "lveval": Case("lveval", lveval_files, FINCH),
    "leval": Case("leval", leval_files, Knowing(r"mill was painted by Ada Finch", "B")),
    "ruler": Case(
        "ruler",
        lambda at: ["--text", essays(at), "--tasks", "niah_single_2", "--lengths", "1200", "--samples", "1"],
        Knowing(r"magic numbers for [\w-]+ is: (\d+)", r"It is \1."),
    ),
    "babilong": Case(
        "babilong", lambda at: [*babi_files(at), "--samples", "1"], Knowing(r"Mary moved to the (g\w+)", r"\1")
    ),
    "multihop": Case("multihop", lambda at: ["--data", musique_file(at)], LISBON),
    "multihop hidden": Case(
        "multihop",
        lambda at: [
            *("--data", musique_file(at), "--text", essays(at), "--lengths", "900", "--supporting", "--shared"),
        ],
        LISBON,
    ),
    "multihop harder": Case(
        "multihop",
        lambda at: ["--data", musique_file(at), "--confuse", "--rename"],
        Knowing(r"Ada Finch was born in (\w+)\.", r"\1"),
    ),
    "pressure": Case(
        "pressure",
        lambda at: ["--text", essays(at), "--tokens", "1200", "--depths", "50"],
        Knowing(NEEDLE, r"The \2."),
    ),
}


def evaluate(server: FakeServer, *arguments: str) -> int:
    """The exit code of `octavo eval` at this endpoint, its run in the folder `run`."""
    return main(["eval", *arguments, "--base-url", server.base_url, "--out", "run"])


def predictions(run: str = "run") -> bytes:
    return Path(run, "predictions.jsonl").read_bytes()


@pytest.fixture
def pressure(here: Path) -> Iterator[tuple[FakeServer, list[str]]]:
    """An endpoint that knows, and the options of a test of three depths."""
    with FakeServer(CASES["pressure"].model, window=4_096) as server:
        yield server, ["pressure", "--text", essays(here), "--tokens", "600", "--depths", "0,50,100"]


@pytest.mark.parametrize("name", CASES)
def test_every_task_is_run_from_end_to_end(name: str, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    case = CASES[name]
    with FakeServer(case.model, window=4_096) as server:
        assert evaluate(server, case.verb, *case.options(here), "--methods", "native,retrieve,read", "--json") == 0
    out, err = capsys.readouterr()
    scores = json.loads(out)
    assert list(scores["methods"]) == ["native", "retrieve", "read"]
    assert scores["complete"] is True
    for method, scored in scores["methods"].items():
        assert (method, scored["items"], scored["failed"]) == (method, case.items, 0)
        assert (method, scored["measures"]["score"]["mean"]) == (method, 1.0)
        assert scored["cost"]["seconds"] > 0
    assert json.loads(Path("run", "scores.json").read_text()) == scores
    assert "3 answers made, 0 kept from before" in err


def test_a_run_of_auto_is_not_gone_on_with_to_another_height(
    pressure: tuple[FakeServer, list[str]], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    server, options = pressure
    assert evaluate(server, *options, "--methods", "auto") == 0
    monkeypatch.setenv("OCTAVO_HIGHEST", "retrieve")
    assert evaluate(server, *options, "--methods", "auto") == 1
    assert "other methods" in capsys.readouterr().err


@pytest.mark.parametrize("verb", TASKS)
def test_every_task_explains_its_own_options_and_those_of_all(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["eval", verb, "--help"]) == 0
    said = capsys.readouterr().out
    assert said.startswith(f"Usage: octavo eval {verb} [OPTIONS]")
    for option in ("--methods", "--model", "--window", "--native-window", "--extend", "--out", "--fresh", "--json"):
        assert f" {option} " in said
    assert ("--judge " in said) == (verb in {"lveval", "leval"})
    commands = getattr(get_command(app), "commands")["eval"].commands  # noqa: B009 - typer's own types do not tell it
    assert [each.name for each in commands[verb].params if not getattr(each, "help", "")] == []


def test_the_same_run_again_gives_the_same_bytes_without_a_call(
    pressure: tuple[FakeServer, list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    server, options = pressure
    assert evaluate(server, *options) == 0
    first, paid = predictions(), len(server.calls)
    assert main(["eval", *options, "--base-url", server.base_url, "--out", "again"]) == 0
    assert predictions("again") == first
    assert len(server.calls) == paid
    assert "0 calls (" in capsys.readouterr().err
    again = [*options, "--methods", "native", "--fresh"]
    assert main(["eval", *again, "--base-url", server.base_url, "--out", "fresh"]) == 0
    assert len(server.calls) == paid + 3


def test_a_run_is_gone_on_with_however_it_is_told(
    pressure: tuple[FakeServer, list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    server, options = pressure
    assert evaluate(server, *options, "--methods", "native", "--budget-tokens", "600") == 4
    assert predictions().count(b"\n") == 1
    assert evaluate(server, *options, "--methods", "native", "--quiet") == 0
    assert predictions().count(b"\n") == 3
    assert len(server.calls) == 3
    capsys.readouterr()
    assert evaluate(server, *options, "--methods", "native", "--seed", "1") == 1
    assert "another run was begun here, with other settings; name another folder" in capsys.readouterr().err


def test_an_interrupted_run_goes_on_from_there(here: Path) -> None:
    reply = CASES["pressure"].model

    def interrupting(request: Request) -> str:
        if len(server.calls) == 2 and run.poll() is None:
            os.kill(run.pid, signal.SIGINT)
        return reply(request)

    options = ["pressure", "--text", essays(here), "--tokens", "600", "--methods", "native", "--items-at-once", "1"]
    with FakeServer(interrupting, window=4_096, latency=0.05) as server:
        command = ["eval", *options, "--base-url", server.base_url, "--out", "run"]
        run = subprocess.Popen([sys.executable, "-m", "octavo.cli.main", *command], stderr=subprocess.PIPE, text=True)
        _, err = run.communicate(timeout=300)
        assert run.returncode == 130, err
        assert "To go on: octavo eval pressure --text" in err.splitlines()[-1]
        kept = predictions()
        assert 1 <= kept.count(b"\n") < 5
        server.calls.clear()
        assert main(command) == 0
        assert predictions().startswith(kept)
        assert len(server.calls) <= 5 - kept.count(b"\n")


def test_runs_are_put_side_by_side(pressure: tuple[FakeServer, list[str]], capsys: pytest.CaptureFixture[str]) -> None:
    server, options = pressure
    for seed in ("1", "2"):
        chosen = [*options, "--methods", "native", "--seed", seed, "--base-url", server.base_url]
        assert main(["eval", *chosen, "--out", f"run-{seed}", "--quiet"]) == 0
    capsys.readouterr()
    assert main(["eval", "report", "run-1", "run-2", "--out", "side-by-side"]) == 0
    out, err = capsys.readouterr()
    assert out.count("native") >= 2
    page = Path("side-by-side", "report.html")
    assert str(page) in err
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert list(Path("side-by-side").glob("*.csv"))


# --- what stops a run ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["lveval", "--data", "lv"], 1, r'hotpotwikiqa_mixup_16k\.jsonl, line 2: has no field "answers"$'),
        (["lveval", "--data", "nowhere"], 1, r"^octavo: nowhere: has no file of LV-Eval such as "),
        (["lveval", "--data", "lv", "--levels", "9k"], 2, r"LV-Eval has no level 9k; there are 16k, "),
        (["leval", "--data", "lv", "--judge-url", "http://x/v1"], 2, r"name it with --judge MODEL$"),
        (["multihop", "--data", "lv/hotpotwikiqa_mixup_16k.jsonl"], 1, r'line 1: has no field "supporting_facts"$'),
        (["multihop"], 2, r"missing option '--data'"),
        (["multihop", "--data", "m", "--shared", "--confuse"], 2, r"cannot be changed for one of them; leave out"),
        (["multihop", "--data", "m", "--lengths", "8k"], 2, r"name text files and lengths, or neither$"),
        (["pressure", "--tokens", "8k,1m"], 2, r"'8k,1m' are 2 lengths: give one, such as 1m$"),
        (["pressure", "--text", "nowhere.txt"], 1, r"^octavo: nowhere\.txt: is not there; name a text file"),
        (["pressure", "--methods", "guess"], 2, r"no method 'guess': there are native, auto, "),
        (["pressure", "--methods", ","], 2, r"--methods: names none; there are native, "),
        (
            ["pressure", "--methods", "read", "--extend", "yarn"],
            2,
            r"about the method native, which --methods does not",
        ),
        (["pressure", "--text", "t.txt", "--extend", "yarn"], 2, r"is its server's to stretch; start that with YaRN"),
        (
            ["pressure", "--items-at-once", "0"],
            2,
            r"invalid value for '--items-at-once': must be greater than or equal to 1;",
        ),
        (["needle", "--lengths", "4k"], 1, r"NeedleBench has no en text to hide needles in; name text files, or "),
    ],
)
def test_what_cannot_be_run_is_one_line_and_its_code(
    arguments: list[str], code: int, said: str, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = {name: value for name, value in LVEVAL.items() if name != "answers"}
    write_lines(here / "lv" / "hotpotwikiqa_mixup_16k.jsonl", LVEVAL, broken)
    (here / "t.txt").write_text("A short text.", encoding="utf-8")
    write_lines(here / "m", MUSIQUE)
    with FakeServer("nothing", window=4_096) as server:
        assert main(["eval", *arguments, "--base-url", server.base_url]) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert re.search(said, err.splitlines()[-1]), err
    assert "Traceback" not in err


def test_offline_a_benchmark_without_a_folder_is_asked_for(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import huggingface_hub.constants

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    with FakeServer("nothing", window=4_096) as server:
        assert evaluate(server, "leval") == 1
    assert re.search(
        r"L4NLP/LEval: cannot be downloaded \(.+\); download it elsewhere and name its folder with --data",
        capsys.readouterr().err.splitlines()[-1],
    )


def test_lengths_that_the_buffer_takes_up_are_warned_of(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    case = CASES["needle"]
    options = ["--text", essays(here), "--tasks", "s_rt", "--depths", "50", "--repeats", "1", "--methods", "native"]
    with FakeServer(case.model, window=4_096) as server:
        assert evaluate(server, "needle", *options, "--lengths", "2k,4k") == 0
    assert (
        "octavo: warning: s_rt in en: the tokens that are kept free for question and answer leave nothing but the "
        "needles of 2,000, 1,000 of 4,000; --buffer N keeps N free"
    ) in capsys.readouterr().err


# --- a judge ---------------------------------------------------------------------------------------------------------


def test_a_judge_stands_beside_the_official_score_and_is_asked_once(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["lveval", *lveval_files(here), "--methods", "native", "--json"]
    wordy = Knowing(r"mill was painted by (Ada Finch)", "A. Finch, she who painted it")
    with FakeServer(wordy, window=4_096) as server, FakeServer("Yes.", name="wise", window=4_096) as judge:
        judged = [*options, "--judge", "wise", "--judge-url", judge.base_url]
        assert evaluate(server, *judged) == 0
        out, err = capsys.readouterr()
        measures = json.loads(out)["methods"]["native"]["measures"]
        assert measures["judged"]["mean"] == 1.0
        assert measures["score"]["mean"] < 1.0
        assert f"octavo: answers are judged by wise at {judge.base_url[7:-3]}" in err
        assert "octavo: calls of the judge: 1 (0 reused)" in err
        assert ["Right answer: Ada Finch\n" in call.messages[-1].content for call in judge.calls] == [True]
        assert main(["eval", *judged, "--base-url", server.base_url, "--out", "again"]) == 0
        assert len(judge.calls) == 1
        assert predictions("again") == predictions()
        capsys.readouterr()
        assert evaluate(server, *options) == 1
        assert "another run was begun here, with other settings" in capsys.readouterr().err


def test_a_key_is_not_sent_to_a_judge_elsewhere(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "secret")
    options = ["lveval", *lveval_files(here), "--methods", "native", "--judge", "wise"]
    with FakeServer(FINCH, api_key="secret", window=4_096) as server:
        with FakeServer("yes", name="wise", api_key="secret", window=4_096) as judge:
            assert evaluate(server, *options, "--judge-url", judge.base_url) == 1
        with FakeServer("yes", name="wise", api_key="other", window=4_096) as judge:
            monkeypatch.setenv("OCTAVO_JUDGE_API_KEY", "other")
            assert evaluate(server, *options, "--judge-url", judge.base_url) == 0


# --- native's window, and the embedded model -------------------------------------------------------------------------


def test_native_may_have_a_window_of_its_own(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    case = CASES["pressure"]
    options = ["pressure", "--text", essays(here), "--tokens", "3000", "--depths", "50", "--methods", "native,read"]
    with FakeServer(case.model, window=32_000) as server:
        assert evaluate(server, *options, "--window", "2048", "--native-window", "16000", "--json") == 0
    out, err = capsys.readouterr()
    methods = json.loads(out)["methods"]
    assert methods["native"]["evidence"]["evidence_shown"]["mean"] == 1.0
    assert methods["read"]["measures"]["score"]["mean"] == 1.0
    described = json.loads(Path("run", "run.json").read_text())
    assert [method["window"] for method in described["methods"]] == [16_000, 2_048]
    assert "octavo: native has a window of 16,000 tokens" in err


@pytest.mark.embedded
def test_a_stretched_window_is_natives_alone(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("xllamacpp", reason="xllamacpp is not installed (octavo[local])")
    write_tiny_model(here / "tiny.gguf", "smollm", rotary=True)
    options = ["pressure", "-m", "tiny.gguf", "--text", essays(here), "--tokens", "700", "--depths", "50"]
    native = ["--methods", "native", "--answer-tokens", "8", "--json"]
    assert main(["eval", *options, *native, "--extend", "yarn", "--out", "run"]) == 0
    out, err = capsys.readouterr()
    scored = json.loads(out)["methods"]
    assert list(scored) == ["native-yarn"]
    assert scored["native-yarn"]["failed"] == 0
    assert scored["native-yarn"]["evidence"]["evidence_shown"]["mean"] == 1.0
    assert "octavo: native has a window of 1,024 tokens" in err


@pytest.mark.embedded
@pytest.mark.skipif(
    weights_of("smollm2") is None, reason="the embedded model is not installed (octavo models install smollm2)"
)
def test_the_embedded_model_is_measured_too(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("xllamacpp", reason="xllamacpp is not installed (octavo[local])")
    # One thread: two that wait for each other on a busy machine take many times as long.
    monkeypatch.setattr("octavo.models.embedded.physical_cores", lambda: 1)
    options = ["pressure", "-m", "smollm2", "--text", essays(here), "--tokens", "60", "--depths", "50"]
    assert main(["eval", *options, "--methods", "native", "--answer-tokens", "8", "--json", "--out", "run"]) == 0
    out, err = capsys.readouterr()
    scored = json.loads(out)["methods"]["native"]
    assert (scored["items"], scored["failed"], scored["cost"]["calls"]) == (1, 0, 1)
    assert err.startswith("octavo: smollm2 (135M, embedded, in this process)")
    (line,) = predictions().decode().splitlines()
    assert json.loads(line)["text"]
