"""The examples run, and the demo's document is what the demo says."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from octavo.documents.load import load
from octavo.models.fake_server import FakeServer
from tests.reading.conftest import FACT, QUESTION, Faithful, book

EXAMPLES = Path(__file__).parents[1] / "examples"


def run(example: str, *arguments: object, **environment: str) -> str:
    """What an example prints."""
    ran = subprocess.run(
        [sys.executable, str(EXAMPLES / example), *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
        env={**os.environ, **environment},
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def test_the_demos_book_has_a_section_for_every_topic(tmp_path: Path) -> None:
    from pydoc_data.topics import topics

    run("write_demo_document.py", tmp_path)
    document = load(tmp_path / "python-language-reference.md")
    tops = [section for section in document.sections if section.level == 1]
    assert len(tops) == len(topics)
    assert tops[0].title == 'The "assert" statement'
    part = load(tmp_path / "python-statements.md")
    assert 55_000 < len(part.text) < 70_000
    assert part.sections[0].title == tops[0].title


def test_a_book_is_asked_in_a_few_lines_and_followed_in_a_few_more(tmp_path: Path) -> None:
    path = tmp_path / "book.txt"
    path.write_text(book(300, facts={150: FACT}).text, encoding="utf-8")
    with FakeServer(Faithful(), window=4_096) as server:
        environment = {"OPENAI_BASE_URL": server.base_url, "OCTAVO_HOME": str(tmp_path / "home")}
        asked = run("ask_a_book.py", path, QUESTION, **environment)
        followed = run("async_events.py", path, QUESTION, **environment)
    assert "hidden under the chapel floor" in asked
    assert f'"{FACT}"' in asked
    assert "Coverage(" in asked
    assert FACT in followed
    assert "hidden under the chapel floor" in followed


@pytest.mark.embedded
def test_training_data_for_the_reader_is_written(tmp_path: Path) -> None:
    book = tmp_path / "book.txt"
    book.write_text("The rain had stopped. Nobody spoke for a while. Then the carriage came! " * 100, encoding="utf-8")
    said = run("reader_training_data.py", "--text", book, "--count", 20, "-o", tmp_path / "reader.jsonl")
    assert said.startswith("20 examples: ")
    lines = (tmp_path / "reader.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["messages"][-1]["role"] for line in lines] == ["assistant"] * 20


def test_the_mean_of_two_adapters_lies_where_it_is_said(tmp_path: Path) -> None:
    gguf = pytest.importorskip("gguf", reason="is in the extra: train")
    np = pytest.importorskip("numpy")
    for name, value, alpha in (("a", 1.0, 32.0), ("b", 3.0, 32.0), ("louder", 3.0, 64.0)):
        writer = gguf.GGUFWriter(tmp_path / f"{name}.gguf", "llama")
        writer.add_float32("adapter.lora.alpha", alpha)
        writer.add_tensor("blk.0.attn_q.weight.lora_a", np.full((4, 32), value, np.float16))
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()
    mean = tmp_path / "mean.gguf"
    run("average_adapters.py", tmp_path / "a.gguf", tmp_path / "b.gguf", "--share", "0.25", "-o", mean)
    (tensor,) = gguf.GGUFReader(mean).tensors
    assert np.all(tensor.data == 1.5)
    with pytest.raises(AssertionError, match="are not adapters of one model with one rank and alpha"):
        run("average_adapters.py", tmp_path / "a.gguf", tmp_path / "louder.gguf", "-o", tmp_path / "none.gguf")
