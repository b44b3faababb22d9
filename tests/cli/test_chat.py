"""`octavo chat`, whole: questions from a pipe and from a terminal, commands, interrupts, and what is kept."""

from __future__ import annotations

import io
import json
import os
import re
import select
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from octavo.cli.chatting import Chatted, resuming_command
from octavo.cli.main import main
from octavo.cli.tools import ToolWords
from octavo.models.chat import Request
from octavo.models.fake_server import FakeServer
from octavo.reading.chat.conversations import Conversations
from tests.reading.conftest import FACT, QUESTION, Faithful, book

FOLLOW_UP = "And where did she hide it?"
STANDALONE = "Where did Amelia Voss hide the silver compass?"
ANSWER = "The silver compass is hidden under the chapel floor [1]."

Talk = Callable[..., tuple[int, str, str]]


def rewriting(reply: Callable[[Request], str]) -> Callable[[Request], str]:
    """`reply`, and a follow-up question in words that stand alone."""

    def replying(request: Request) -> str:
        if "question" in (request.schema or {}).get("properties", {}):
            return json.dumps({"question": STANDALONE})
        return reply(request)

    return replying


@pytest.fixture
def server() -> Iterator[FakeServer]:
    """An endpoint whose model reads faithfully."""
    with FakeServer(rewriting(Faithful()), window=4_096) as running:
        yield running


@pytest.fixture
def document(here: Path) -> Path:
    """A book with the fact in its middle."""
    path = here / "book.txt"
    path.write_text(book(400, facts={200: FACT}).text, encoding="utf-8")
    return path


@pytest.fixture
def talk(server: FakeServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Talk:
    """Sends lines through a pipe: exit code, standard output and standard error."""

    def talking(lines: list[str], *arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.stdin", io.StringIO("".join(f"{line}\n" for line in lines)))
        code = main(["chat", "--base-url", server.base_url, *arguments])
        out, err = capsys.readouterr()
        return code, out, err

    return talking


@pytest.fixture
def store(here: Path) -> Conversations:
    """Where the conversations of these tests are kept."""
    return Conversations(Path(os.environ["OCTAVO_HOME"]))


# --- questions and answers ------------------------------------------------------------------------------------------


def test_every_line_of_a_pipe_is_a_question_and_answers_stand_on_standard_output(talk: Talk, document: Path) -> None:
    code, out, err = talk([QUESTION, "", FOLLOW_UP], str(document))
    assert code == 0
    assert out.count(ANSWER) == 2
    assert out.count(f'    "{FACT}"') == 2
    assert "octavo" not in out
    assert ">" not in out
    assert f"octavo: asked as: {STANDALONE}\n" in err
    assert len(re.findall(r"octavo: retrieve; .* calls \(", err)) == 2


def test_the_end_says_how_to_go_on_and_that_goes_on_over_the_same_documents(
    talk: Talk, document: Path, store: Conversations, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    _, _, err = talk([QUESTION], "book.txt")
    identity = store.last()
    assert err.splitlines()[-1].endswith(f"--resume {identity}")
    monkeypatch.chdir(tmp_path)
    for resume in (identity, "last"):
        code, out, err = talk([FOLLOW_UP], "--resume", resume)
        assert (code, out.count(ANSWER)) == (0, 1)
        assert f"asked as: {STANDALONE}" in err
    assert [turn.asked for turn in store.load(identity).turns] == [QUESTION, FOLLOW_UP, FOLLOW_UP]
    assert store.load(identity).sources == (str(document),)


def test_a_conversation_may_go_on_over_other_documents(
    talk: Talk, document: Path, here: Path, store: Conversations
) -> None:
    other = here / "other.txt"
    other.write_text(book(100, seed=1).text, encoding="utf-8")
    talk([QUESTION], str(document))
    code, out, _ = talk(["/sources"], str(other), "--resume", "last")
    assert (code, out.splitlines()[0]) == (0, "other.txt")
    assert store.load(store.last()).sources == (str(other),)


def test_a_question_that_fails_is_one_line_and_the_conversation_goes_on(
    talk: Talk, document: Path, store: Conversations
) -> None:
    code, out, err = talk(["Why? " * 5_000, QUESTION], str(document))
    assert code == 1
    assert ANSWER in out
    assert len(re.findall(r"(?m)^octavo: question and answer leave no room .*$", err)) == 1
    assert [turn.asked for turn in store.load(store.last()).turns] == [QUESTION]


def test_a_warning_that_holds_for_every_question_is_said_once(talk: Talk, document: Path) -> None:
    _, _, err = talk([QUESTION, FOLLOW_UP, QUESTION], str(document), "missing.md")
    assert err.count("missing.md: no such file or folder") == 1
    assert err.count("token counts are estimated") == 1


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["missing.md"], 1, "missing.md: no such file or folder; check the path"),
        ([], 2, "the library is empty: name a document"),
        (["-"], 2, "the questions come from standard input"),
        (["--resume", "nonsense"], 2, "no conversation 'nonsense'; to see those that are kept: octavo chat --list"),
        (["--resume", "last"], 2, "no conversation is kept yet"),
        (["http://127.0.0.1:9/book.txt"], 1, "127.0.0.1"),
    ],
)
def test_what_cannot_be_talked_about_is_said_before_the_first_question(
    talk: Talk, store: Conversations, arguments: list[str], code: int, said: str
) -> None:
    got, out, err = talk([QUESTION], *arguments)
    assert (got, out) == (code, "")
    assert said in err.splitlines()[-1]
    assert not store.folder.exists()


def test_a_page_is_fetched_once_for_the_whole_conversation(
    talk: Talk, document: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
    from threading import Thread

    asked: list[str] = []

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.send_header("content-type", "text/plain")
            self.end_headers()
            self.wfile.write(document.read_bytes())

        def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Page) as site:
        Thread(target=site.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{site.server_port}/book.txt"
        code, out, err = talk([QUESTION, FOLLOW_UP], url, "--allow-private")
        site.shutdown()
    assert (code, out.count(ANSWER)) == (0, 2), err
    assert asked == ["/book.txt"]


# --- commands -------------------------------------------------------------------------------------------------------


def test_the_level_is_told_and_changed(talk: Talk, document: Path) -> None:
    _, _, err = talk(["/level", "/level nonsense", "/level read", QUESTION], str(document))
    assert "octavo: level auto\n" in err
    assert "octavo: no level 'nonsense'; there are auto, whole, retrieve, read" in err
    assert "octavo: level read\n" in err
    assert "octavo: read: asked for\n" in err


def test_sources_are_the_documents_and_what_the_last_answer_cites(talk: Talk, document: Path) -> None:
    _, out, _ = talk(["/sources", QUESTION, "/sources"], str(document))
    first, _, rest = out.partition("\n")
    assert first == "book.txt"
    assert rest.count(f'    "{FACT}"') == 2
    assert "book.txt\n\ncited by the last answer:\n[1] book.txt, " in rest


def test_the_cost_is_that_of_all_questions(talk: Talk, document: Path, store: Conversations) -> None:
    _, out, _ = talk(["/cost", QUESTION, FOLLOW_UP, "/cost"], str(document))
    usage = store.load(store.last()).usage
    assert out.startswith("0 questions: 0 calls (0 reused); 0 tokens in")
    assert f"2 questions: {usage.calls} calls (0 reused); {usage.prompt_tokens:,} tokens in" in out


def test_a_conversation_is_saved_as_markdown_and_never_over_a_file(
    talk: Talk, document: Path, here: Path, store: Conversations
) -> None:
    talk_lines = ["/save it.md", QUESTION, FOLLOW_UP, "/save", "/save it.md", "/save it.md", "/save no/such/folder.md"]
    _, _, err = talk(talk_lines, str(document))
    text = (here / "it.md").read_text(encoding="utf-8")
    assert text.startswith(f"# Conversation {store.last()}\n")
    assert f"## 1. {QUESTION}\n\n{ANSWER}\n\n- [1] book.txt, " in text
    assert f"## 2. {FOLLOW_UP}\n\n*Asked as: {STANDALONE}*\n\n" in text
    assert f"  > {FACT}\n" in text
    assert "octavo: there is nothing to save yet\n" in err
    assert f"octavo: kept in {store.path(store.last())}; " in err
    assert "octavo: it.md: there is a file of this name; give another\n" in err
    assert "octavo: no/such/folder.md: No such file or directory\n" in err


def test_quit_ends_and_help_and_hints_say_what_there_is(talk: Talk, document: Path, server: FakeServer) -> None:
    code, out, err = talk(["/help", "/sourcse", "/nonsense", "/quit", QUESTION], str(document))
    assert code == 0
    assert all(f"\n/{name}" in f"\n{out}" for name in ("level", "sources", "cost", "save", "help", "quit"))
    assert "octavo: no command /sourcse; did you mean /sources?\n" in err
    assert "octavo: no command /nonsense; /help lists them\n" in err
    assert server.calls == []


# --- what is kept ---------------------------------------------------------------------------------------------------


def test_conversations_are_listed_and_a_damaged_one_is_named(
    talk: Talk, document: Path, store: Conversations, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["chat", "--list"]) == 0
    assert "no conversation is kept yet" in capsys.readouterr().err
    talk([QUESTION, FOLLOW_UP], str(document))
    identity = store.last()
    assert main(["chat", "--list"]) == 0
    assert re.fullmatch(
        rf"{identity}  \d{{4}}-\d\d-\d\d \d\d:\d\d  2 questions  {re.escape(QUESTION)}\n", capsys.readouterr().out
    )
    store.path("0000000000").write_text("{}\n")
    assert main(["chat", "--list"]) == 1
    out, err = capsys.readouterr()
    assert out.startswith(identity)
    assert f"{store.path('0000000000')}: this conversation is damaged" in err


def test_nothing_is_recorded_without_the_flag_and_the_flag_is_announced(
    talk: Talk, document: Path, store: Conversations
) -> None:
    _, _, err = talk([QUESTION], str(document))
    assert "octavo: recorded" not in err
    _, _, err = talk([FOLLOW_UP], "--resume", "last", "--record")
    assert "octavo: recorded: " in err
    *_, unrecorded, recorded = map(json.loads, store.path(store.last()).read_text("utf-8").splitlines())
    assert "events" not in unrecorded
    assert recorded["recorded"] is True


def test_the_help_says_what_recording_means(capsys: pytest.CaptureFixture[str]) -> None:
    main(["chat", "--help"])
    said = " ".join(capsys.readouterr().out.split())
    assert "your consent that the conversation becomes training data" in said


@pytest.mark.parametrize(
    ("arguments", "sources", "again"),
    [
        (["chat", "a.md", "b c.md"], ["a.md", "b c.md"], "octavo chat --resume X"),
        (["chat", "-m", "a.md", "--level", "read", "a.md"], ["a.md"], "octavo chat -m a.md --level read --resume X"),
        (["chat", "--resume", "last", "--fresh", "-q"], [], "octavo chat -q --resume X"),
        (["chat", "--resume=last", "--home", "a b", "--", "a.md"], ["a.md"], "octavo chat --home 'a b' --resume X"),
    ],
)
def test_the_command_that_goes_on_has_the_options_that_were_given(
    arguments: list[str], sources: list[str], again: str
) -> None:
    assert resuming_command(Chatted(sources, {}, ToolWords(), arguments), "X") == again


# --- at a terminal --------------------------------------------------------------------------------------------------


class Terminal:
    """A process at a terminal of its own."""

    def __init__(self, arguments: list[str]) -> None:
        import pty

        self._master, slave = pty.openpty()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "octavo.cli.main", *arguments],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env={**os.environ, "TERM": "dumb"},
        )
        os.close(slave)
        self.shown = ""
        self._seen = 0

    def wait_for(self, text: str) -> None:
        """Read until `text` is shown, after what was waited for before."""
        while (found := self.shown.find(text, self._seen)) < 0:
            ready, _, _ = select.select([self._master], [], [], 20)
            assert ready, f"no {text!r}: {self.shown}"
            try:
                piece = os.read(self._master, 4_096).decode("utf-8", "replace")
            except OSError:  # how Linux tells that the other side is closed
                piece = ""
            assert piece, f"ended before {text!r}: {self.shown}"
            self.shown += piece.replace("\r\n", "\n")
        self._seen = found + len(text)

    def type(self, text: str) -> None:
        """Type a line."""
        os.write(self._master, f"{text}\n".encode())

    def interrupt(self) -> None:
        """Ctrl-C."""
        os.kill(self.process.pid, signal.SIGINT)

    def end_by(self, number: signal.Signals) -> int:
        """The exit code after a signal at the prompt. One that comes between the prompt and the wait for a key is only
        seen with the next key, or the next signal: then it is sent again."""
        for _ in range(10):
            self.process.send_signal(number)
            try:
                code = self.process.wait(timeout=2)
            except subprocess.TimeoutExpired:
                continue
            while select.select([self._master], [], [], 0)[0]:
                try:
                    self.shown += os.read(self._master, 4_096).decode("utf-8", "replace")
                except OSError:  # how Linux tells that the other side is closed
                    break
            os.close(self._master)
            return code
        raise AssertionError(f"signal {number} does not end it: {self.shown}")


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such terminals")
def test_an_interrupt_stops_the_answer_and_at_the_prompt_it_leaves(document: Path, store: Conversations) -> None:
    faithful, slow = Faithful(), False

    def reply(request: Request) -> str:
        if slow and "sentences" in (request.schema or {}).get("properties", {}):
            terminal.interrupt()
        return rewriting(faithful)(request)

    with FakeServer(reply, window=4_096, latency=0.05) as server:
        terminal = Terminal(["chat", str(document), "--base-url", server.base_url, "--concurrency", "1"])
        terminal.wait_for("> ")
        terminal.type(QUESTION)
        terminal.wait_for("calls (")
        terminal.wait_for("> ")
        terminal.type("/level read")
        terminal.wait_for("> ")
        slow = True
        terminal.type(FOLLOW_UP)
        terminal.wait_for("octavo: stopped; what was paid for is kept")
        terminal.wait_for("> ")
        slow = False
        terminal.type("/level retrieve")
        terminal.wait_for("> ")
        terminal.type(FOLLOW_UP)
        terminal.wait_for(ANSWER)
        terminal.wait_for("> ")
        assert terminal.end_by(signal.SIGINT) == 130
    assert f"--resume {store.last()}" in terminal.shown
    assert "Traceback" not in terminal.shown
    assert [turn.asked for turn in store.load(store.last()).turns] == [QUESTION, FOLLOW_UP]


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such terminals")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_what_was_answered_outlives_the_process(document: Path, store: Conversations, number: signal.Signals) -> None:
    with FakeServer(rewriting(Faithful()), window=4_096) as server:
        terminal = Terminal(["chat", str(document), "--base-url", server.base_url])
        terminal.wait_for("> ")
        terminal.type(QUESTION)
        terminal.wait_for("calls (")
        terminal.wait_for("> ")
        assert terminal.end_by(number) == (130 if number == signal.SIGTERM else -signal.SIGKILL)
    assert [turn.asked for turn in store.load(store.last()).turns] == [QUESTION]
