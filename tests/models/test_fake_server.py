from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path

import pytest

from octavo.errors import ModelError
from octavo.models.chat import Message, Request
from octavo.models.endpoint import EndpointModel
from octavo.models.fake_server import FakeServer


def request(text: str = "Hello?", max_tokens: int = 16) -> Request:
    return Request((Message("user", text),), max_tokens)


async def test_it_logs_every_prompt_with_its_outcome_and_the_most_at_once() -> None:
    with FakeServer(lambda asked: asked.messages[-1].content[::-1], latency=0.05) as server:
        model = EndpointModel(base_url=server.base_url)
        await model.ready()
        replies = await asyncio.gather(*(model.complete(request(text)) for text in ("ab", "cd", "ef")))
        await model.aclose()
    assert [reply.text for reply in replies] == ["ba", "dc", "fe"]
    assert {call.messages[0].content for call in server.calls} == {"ab", "cd", "ef"}
    assert {call.outcome for call in server.calls} == {200}
    assert server.peak == 3


async def test_the_same_seed_draws_the_same_faults() -> None:
    outcomes = []
    for _ in range(2):
        with FakeServer(fault_shares={"rate_limited": 0.3, "server_error": 0.3}, seed=5) as server:
            model = EndpointModel(base_url=server.base_url)
            for _ in range(20):
                try:
                    await model.complete(request())
                except ModelError:
                    continue
            await model.aclose()
            outcomes.append([call.outcome for call in server.calls])
    assert outcomes[0] == outcomes[1]
    assert set(outcomes[0]) == {200, "rate_limited", "server_error"}


async def test_more_calls_at_once_than_it_takes_are_turned_away() -> None:
    with FakeServer(latency=0.2, most_at_once=2) as server:
        model = EndpointModel(base_url=server.base_url)
        await model.ready()
        await asyncio.gather(*(model.complete(request()) for _ in range(5)), return_exceptions=True)
        await model.aclose()
    assert sorted(str(call.outcome) for call in server.calls) == ["200", "200", "429", "429", "429"]


def test_it_can_be_stopped_twice_and_says_when_it_is_not_started() -> None:
    server = FakeServer()
    with pytest.raises(RuntimeError, match="not started"):
        _ = server.base_url
    server.start()
    server.stop()
    server.stop()


def test_as_a_program_it_prints_its_address_first_and_logs_at_the_end(tmp_path: Path) -> None:
    log = tmp_path / "calls.jsonl"
    command = [sys.executable, "-m", "octavo.models.fake_server", "--reply", "yes", "--log", str(log)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as program:
        assert program.stdin is not None and program.stdout is not None
        url = program.stdout.readline().strip()
        reply = asyncio.run(EndpointModel(base_url=url).complete(request()))
        program.stdin.close()
        assert program.wait(timeout=300) == 0
    assert reply.text == "yes"
    (line,) = log.read_text(encoding="utf-8").splitlines()
    assert json.loads(line)["messages"] == [{"role": "user", "content": "Hello?"}]
