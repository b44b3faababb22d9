"""Parsers in a process of their own: its limits, its end, and what a hostile file costs."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from octavo.documents.formats import Format
from octavo.documents.limits import DEFAULT_LIMITS, MIB
from octavo.documents.sandbox import Sandbox
from octavo.errors import CorruptSource, EncryptedSource, MissingExtra, SourceTooLarge
from tests.documents.made_files import docx, paragraph, pdf, zipped

HTML = b"<h1>Title</h1><p>words"
SLOW = b"<div>" * 400_000  # the parser's time grows with the square of the depth


def test_one_worker_serves_many_files(sandbox: Sandbox) -> None:
    first = sandbox.parse(HTML, Format.HTML, given="a.html")
    pid = sandbox.worker_pid
    second = sandbox.parse(pdf([["page"]], outline=[("page", 1)]), Format.PDF, given="a.pdf")
    assert first.text == "Title\n\nwords\n"
    assert first.sections[0].title == "Title"
    assert (second.text, second.pages[0].number, second.sections[0].title) == ("page\n", 1, "page")
    assert sandbox.worker_pid == pid


def test_an_error_in_the_worker_is_that_error_here(sandbox: Sandbox) -> None:
    with pytest.raises(EncryptedSource, match=r"locked\.pdf: a PDF encrypted") as caught:
        sandbox.parse(pdf([["x"]], password="p"), Format.PDF, given="locked.pdf")
    assert caught.value.source == "locked.pdf"
    assert caught.value.hint == "save a copy without the password"


@pytest.mark.parametrize("format_", [Format.DOCX, Format.PPTX, Format.XLSX, Format.EPUB])
@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"no archive", "not what its name says"),
        (docx(paragraph("x"))[:200], "truncated"),
        (zipped({"[Content_Types].xml": "<a", "word/document.xml": "<b", "META-INF/container.xml": "<c"}), "f.x: "),
    ],
)
def test_damaged_files_say_so(sandbox: Sandbox, format_: Format, data: bytes, says: str) -> None:
    with pytest.raises(CorruptSource, match=says):
        sandbox.parse(data, format_, given="f.x")


def test_a_bomb_is_refused_by_what_it_declares(sandbox: Sandbox) -> None:
    bomb = zipped({"word/document.xml": b" " * (100 * MIB)})
    assert len(bomb) < 200_000
    with pytest.raises(SourceTooLarge, match=r"kB that would unpack to 104\.9 MB"):
        sandbox.parse(bomb, Format.DOCX, given="bomb.docx")


def test_an_encrypted_archive_is_named_so(sandbox: Sandbox) -> None:
    data = bytearray(zipped({"word/document.xml": "<x/>"}))
    data[data.index(b"PK\x01\x02") + 8] |= 1  # the flag of encryption in the central directory
    with pytest.raises(EncryptedSource):
        sandbox.parse(bytes(data), Format.DOCX, given="a.docx")


def test_memory_is_limited_and_the_next_file_is_parsed() -> None:
    with Sandbox(replace(DEFAULT_LIMITS, parser_memory_bytes=160 * MIB)) as small:
        with pytest.raises(SourceTooLarge, match=r"large\.html: needs more memory to parse than it may have"):
            small.parse(b"<p>x" * 2_000_000, Format.HTML, given="large.html")
        assert small.parse(HTML, Format.HTML, given="a.html").text == "Title\n\nwords\n"


def test_time_is_limited_and_the_next_file_is_parsed() -> None:
    with Sandbox(replace(DEFAULT_LIMITS, parser_seconds=2.5)) as hurried:
        with pytest.raises(SourceTooLarge, match=r"deep\.html: took longer than 2\.5 s to parse"):
            hurried.parse(SLOW, Format.HTML, given="deep.html")
        assert hurried.worker_pid is None
        assert hurried.parse(HTML, Format.HTML, given="a.html").text == "Title\n\nwords\n"


@pytest.mark.skipif(sys.platform != "linux", reason="what a process has held is asked of /proc")
def test_a_worker_is_not_charged_for_what_its_parent_holds() -> None:
    held = b"x" * (400 * MIB)
    with Sandbox(replace(DEFAULT_LIMITS, parser_memory_bytes=768 * MIB)) as own:
        own.parse(HTML, Format.HTML, given="a.html")
        pid = own.worker_pid
        assert pid is not None
        own.parse(HTML, Format.HTML, given="a.html")
        assert own.worker_pid == pid
    assert len(held) == 400 * MIB


@pytest.mark.skipif(sys.platform != "linux", reason="waits for a process by pidfd")
def test_a_worker_that_died_is_replaced() -> None:
    with Sandbox() as own:
        own.parse(HTML, Format.HTML, given="a.html")
        first = own.worker_pid
        assert first is not None
        ended = os.pidfd_open(first)
        os.kill(first, signal.SIGKILL)
        assert select.select([ended], [], [], 10)[0]
        os.close(ended)
        assert own.parse(HTML, Format.HTML, given="a.html").text == "Title\n\nwords\n"
        assert own.worker_pid != first


@pytest.mark.skipif(sys.platform == "win32", reason="sends a signal")
def test_a_crash_names_the_file_and_the_limit() -> None:
    def crash() -> None:
        while own.worker_pid is None:
            time.sleep(0.001)
        os.kill(own.worker_pid, signal.SIGSEGV)

    with Sandbox() as own:
        crashing = threading.Thread(target=crash)
        crashing.start()
        with pytest.raises(CorruptSource, match=r"a\.html: the parser crashed on it \(SIGSEGV\); .* more than 1\.6 GB"):
            own.parse(SLOW, Format.HTML, given="a.html")
        crashing.join()
        assert own.parse(HTML, Format.HTML, given="a.html").text == "Title\n\nwords\n"


def test_closing_leaves_no_process_behind() -> None:
    own = Sandbox()
    own.parse(HTML, Format.HTML, given="a.html")
    pid = own.worker_pid
    assert pid is not None
    own.close()
    assert own.worker_pid is None
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


PARENT = """
import sys
from octavo.documents.formats import Format
from octavo.documents.sandbox import Sandbox
sandbox = Sandbox()
sandbox.parse(b"<p>x", Format.HTML, given="a")
print(sandbox.worker_pid, flush=True)
if sys.argv[1] == "busy":
    sandbox.parse(b"<div>" * 400_000, Format.HTML, given="b")
sys.stdin.read()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="waits for a process that is not its child by pidfd")
@pytest.mark.parametrize("state", ["idle", "busy"])
def test_the_worker_goes_with_its_parent(state: str) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, state], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        worker = os.pidfd_open(int(parent.stdout.readline()))
        parent.kill()
        assert select.select([worker], [], [], 10)[0], "the worker is still there"
        os.close(worker)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_worker_is_told_nothing_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    with Sandbox() as own:
        own.parse(HTML, Format.HTML, given="a.html")
        assert b"sk-secret" not in Path(f"/proc/{own.worker_pid}/environ").read_bytes()


def test_a_module_in_the_folder_one_stands_in_is_not_loaded(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path_factory.mktemp("hostile")
    (folder / "selectolax.py").write_text("raise SystemExit(3)")
    monkeypatch.chdir(folder)
    with Sandbox() as own:
        assert own.parse(HTML, Format.HTML, given="a.html").text == "Title\n\nwords\n"


def test_a_missing_extra_names_its_installation(monkeypatch: pytest.MonkeyPatch) -> None:
    from octavo.documents import worker

    monkeypatch.setitem(sys.modules, "mammoth", None)
    head = {
        "format": Format.DOCX.value,
        "given": "a.docx",
        "charset": None,
        "unpacked_bytes": MIB,
        "memory_bytes": 1024 * MIB,
    }
    reply, _ = worker.answer(head, docx(paragraph("x")))
    assert reply == {"error": "MissingExtra", "what": "reading DOCX", "extra": "office"}
    assert "pip install 'octavo[office]'" in str(MissingExtra(str(reply["what"]), str(reply["extra"])))
