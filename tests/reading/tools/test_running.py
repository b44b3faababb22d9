from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from typing import Any

import pytest

from octavo.errors import ToolError
from octavo.models.estimated_tokenizer import EstimatedTokenizer
from octavo.reading.tools.running import cut_text, run_tool
from octavo.reading.tools.tool import Run, Tool, ToolOutcome, ToolResult

TOKENIZER = EstimatedTokenizer()


async def outcome_of(run: Run, arguments: Mapping[str, Any] | None = None, **options: Any) -> ToolOutcome:
    return await run_tool(Tool("probe", "", {}, run), arguments or {}, tokenizer=TOKENIZER, **options)


async def test_a_function_runs_in_a_thread_and_its_text_is_the_outcome() -> None:
    def run(arguments: Mapping[str, Any]) -> str:
        return f"{arguments['word']} {threading.current_thread() is threading.main_thread()}"

    outcome = await outcome_of(run, {"word": "a"})
    assert (outcome.text, outcome.failed) == ("a False", False)
    assert (outcome.call.name, outcome.call.arguments) == ("probe", {"word": "a"})


async def test_an_asynchronous_one_runs_in_the_loop() -> None:
    async def run(_: Mapping[str, Any]) -> ToolResult:
        return ToolResult(str(threading.current_thread() is threading.main_thread()))

    assert (await outcome_of(run)).text == "True"


@pytest.mark.parametrize(
    ("error", "complaint"),
    [
        (ValueError("no\nsuch word"), "probe failed: ValueError: no such word"),
        (KeyError(), "probe failed: KeyError"),
        (ToolError("the shelf is empty"), "probe failed: the shelf is empty"),
        (StopIteration("over"), "probe failed: RuntimeError: coroutine raised StopIteration"),
        (SystemExit(3), "probe failed: it tried to end the program"),
        (asyncio.CancelledError(), "probe failed: it was cancelled"),
    ],
)
@pytest.mark.parametrize("asynchronous", [False, True])
async def test_one_that_raises_costs_its_call_alone(error: BaseException, complaint: str, asynchronous: bool) -> None:
    def run(_: Mapping[str, Any]) -> str:
        raise error

    async def run_async(_: Mapping[str, Any]) -> str:
        raise error

    outcome = await outcome_of(run_async if asynchronous else run)
    assert (outcome.text, outcome.failed) == (complaint, True)


async def test_a_long_complaint_is_cut() -> None:
    def run(_: Mapping[str, Any]) -> str:
        raise ValueError("word " * 100_000)

    assert len((await outcome_of(run)).text) < 600


async def test_what_is_no_text_is_a_failure() -> None:
    outcome = await outcome_of(lambda _: 3)  # type: ignore[arg-type,return-value]
    assert outcome.failed and "no text but int" in outcome.text


async def test_a_function_that_hangs_is_left_behind_and_does_not_hold_up_the_loop() -> None:
    released = threading.Event()

    def run(_: Mapping[str, Any]) -> str:
        released.wait()
        return "late"

    began = time.monotonic()
    outcome = await outcome_of(run, timeout=0.05)
    assert time.monotonic() - began < 5
    released.set()
    assert outcome.failed and outcome.text == "probe gave no result in 0.05 s"


async def test_an_asynchronous_one_that_heeds_no_cancellation_is_left_behind_too() -> None:
    released = asyncio.Event()

    async def run(_: Mapping[str, Any]) -> str:
        while not released.is_set():
            try:
                await released.wait()
            except asyncio.CancelledError:
                continue
        raise ValueError("too late for anybody to hear")

    outcome = await outcome_of(run, timeout=0.05)
    released.set()
    assert outcome.failed and "no result" in outcome.text


async def test_cancelling_the_caller_cancels_the_tool() -> None:
    begun, ended = asyncio.Event(), asyncio.Event()

    async def run(_: Mapping[str, Any]) -> str:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()
        return ""

    caller = asyncio.create_task(outcome_of(run))
    await begun.wait()
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    await asyncio.wait_for(ended.wait(), 5)


HANGING = """
import asyncio, threading
from octavo.models.estimated_tokenizer import EstimatedTokenizer
from octavo.reading.tools.running import run_tool
from octavo.reading.tools.tool import Tool

tool = Tool("hang", "", {}, lambda _: threading.Event().wait())
print(asyncio.run(run_tool(tool, {}, tokenizer=EstimatedTokenizer(), timeout=0.05)).text)
"""


def test_a_process_ends_although_a_tool_hangs_in_its_thread() -> None:
    ended = subprocess.run(
        [sys.executable, "-W", "error", "-c", HANGING], capture_output=True, text=True, timeout=300, check=False
    )
    assert (ended.stdout, ended.stderr, ended.returncode) == ("hang gave no result in 0.05 s\n", "", 0)


async def test_megabytes_are_cut_and_said_to_be() -> None:
    whole = "word " * 2_000_000
    outcome = await outcome_of(lambda _: whole, most_tokens=100)
    assert not outcome.failed
    assert TOKENIZER.count(outcome.text) <= 100
    assert outcome.text.startswith("word word") and outcome.text.endswith(
        "[cut here: the whole has 10,000,000 characters]"
    )


@pytest.mark.parametrize("text", ["", "word " * 99 + "word", "字" * 40])
def test_a_text_that_fits_is_left_as_it_is(text: str) -> None:
    assert cut_text(text, 100, TOKENIZER) == text


@pytest.mark.parametrize(
    "text", ["word " * 101, "字" * 200, "\N{FACE WITH TEARS OF JOY}" * 50, " " * 10_000, "x" * 10_000]
)
def test_a_text_of_any_script_is_cut_to_the_tokens_there_are(text: str) -> None:
    assert TOKENIZER.count(cut_text(text, 100, TOKENIZER)) <= 100
