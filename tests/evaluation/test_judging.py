"""A model that judges: asked from threads, paid for once, cancelled when nobody waits any more."""

from __future__ import annotations

import asyncio
import threading
import time
from concurrent.futures import CancelledError, ThreadPoolExecutor
from typing import Any

import pytest
from anyio.from_thread import BlockingPortal

from octavo.errors import ModelUnavailable, UnknownModel
from octavo.evaluation.item import Item
from octavo.evaluation.judging import JudgingModel
from octavo.evaluation.scorers.judge import Judge
from octavo.models.ledger import Ledger
from octavo.models.scripted import ScriptedModel

ITEM = Item("0", "", "Who painted the mill?", ("Ada Finch", "A. Finch"))


@pytest.mark.parametrize(
    ("reply", "verdict"),
    [
        ("yes", 1.0),
        ("Yes, it does.", 1.0),
        ("No", 0.0),
        ("It does not: no.", 0.0),
        ("Perhaps", 0.0),
        ("yesterday", 0.0),
    ],
)
def test_a_verdict_is_the_first_yes_or_no(reply: str, verdict: float) -> None:
    assert Judge(lambda _: reply)(ITEM, "It was Finch.") == verdict


def test_a_judge_is_told_question_references_and_answer_but_not_of_an_empty_one() -> None:
    prompts: list[str] = []

    def ask(prompt: str) -> str:
        prompts.append(prompt)
        return "yes"

    assert Judge(ask)(ITEM, "  ") == 0.0
    assert prompts == []
    Judge(ask)(ITEM, "It was Finch.")
    (prompt,) = prompts
    assert "Question: Who painted the mill?" in prompt
    assert "Right answer: Ada Finch / A. Finch" in prompt
    assert "Answer to judge: It was Finch." in prompt


def test_a_verdict_given_before_costs_nothing() -> None:
    model, ledger = ScriptedModel("yes", name="wise"), Ledger()
    for calls, reused in ((1, 0), (0, 1)):
        with JudgingModel(model, ledger) as judging:
            assert judging("Is it?") == "yes"
            assert (judging.account.calls, judging.account.reused) == (calls, reused)
            assert judging.settings() == {"name": "wise", "fingerprint": model.fingerprint}
    with JudgingModel(model, ledger, fresh=True) as judging:
        judging("Is it?")
    assert [request.temperature for request in model.requests] == [0.0, 0.0]


async def test_worker_threads_that_all_wait_for_the_judge_do_not_stop_it() -> None:
    # A loop with one worker: were the judge's calls made there, what they do in a worker thread would never begin.
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(1))

    class Busy(ScriptedModel):
        async def ready(self) -> None:
            await asyncio.to_thread(lambda: None)

        async def complete(self, request):  # type: ignore[no-untyped-def]
            await asyncio.to_thread(lambda: None)
            return await super().complete(request)

    with JudgingModel(Busy("yes"), Ledger()) as judging:
        async with asyncio.timeout(20):
            verdicts = await asyncio.gather(*(asyncio.to_thread(judging, f"{number}?") for number in range(4)))
    assert verdicts == ["yes"] * 4


def test_leaving_cancels_what_is_under_way(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = threading.Event()
    start = BlockingPortal.start_task_soon

    def slow_to_return(*arguments: Any) -> Any:  # the call is under way before the thread that made it knows
        future = start(*arguments)
        time.sleep(0.05)
        return future

    async def forever(_: float) -> None:
        asked.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(BlockingPortal, "start_task_soon", slow_to_return)
    judging = JudgingModel(ScriptedModel("yes", latency=1.0, sleep=forever), Ledger())
    with ThreadPoolExecutor(1) as pool, judging:
        waiting = pool.submit(judging, "Is it?")
        assert asked.wait(20)
        judging.__exit__(None, None, None)
        with pytest.raises(CancelledError):
            waiting.result(20)


def test_a_judge_that_cannot_be_found_is_said_at_once_and_one_that_fails_when_it_is_asked() -> None:
    class Missing(ScriptedModel):
        async def ready(self) -> None:
            raise UnknownModel("no model 'wise'")

    with pytest.raises(UnknownModel), JudgingModel(Missing("yes"), Ledger()):
        pytest.fail("it was found")

    def failing(_: object) -> str:
        raise ModelUnavailable("gone", retry_after=1e9)

    with JudgingModel(ScriptedModel(failing), Ledger()) as judging, pytest.raises(ModelUnavailable, match="gone"):
        judging("Is it?")
    with pytest.raises(RuntimeError, match="inside its `with`"):
        judging("Is it?")
