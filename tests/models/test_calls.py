from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from octavo.errors import ModelUnavailable, RateLimited, RequestRejected
from octavo.models.calls import Account, Calls
from octavo.models.chat import Completion, Message, Request
from octavo.models.endpoint import EndpointModel
from octavo.models.fake_server import FakeServer
from octavo.models.ledger import Ledger
from octavo.models.limiter import Limiter
from octavo.models.retry import Retry
from octavo.models.scripted import ScriptedModel
from tests.models.test_retry import Pauses


def request(text: str = "Hello?", *, replicate: int = 0) -> Request:
    return Request((Message("user", text),), max_tokens=16, replicate=replicate)


class Flaky:
    """A script that fails as often as it is told before it replies."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)

    def __call__(self, _: Request) -> str:
        if self.errors:
            raise self.errors.pop(0)
        return "two words"


def calls_of(model: ScriptedModel, ledger: Ledger, *, fresh: bool = False) -> Calls:
    return Calls(model, ledger, retry=Retry(sleep=Pauses()), fresh=fresh)


async def test_the_same_call_is_paid_for_once() -> None:
    model = ScriptedModel("two words")
    with Ledger() as ledger:
        calls = calls_of(model, ledger)
        assert not calls.recorded(request())
        first = await calls.complete(request())
        again = await calls.complete(request())
        assert calls.recorded(request())
    assert (first.text, first.reused) == (again.text, not again.reused) == ("two words", False)
    assert len(model.requests) == 1
    assert calls.account == Account(1, 1, first.usage.prompt, 0, first.usage.completion)


async def test_the_same_call_twice_at_once_is_paid_for_once() -> None:
    model = ScriptedModel("two words", latency=1.0, sleep=lambda _: asyncio.sleep(0))
    with Ledger() as ledger:
        calls = calls_of(model, ledger)
        completions = await asyncio.gather(*(calls.complete(request()) for _ in range(5)))
    assert len(model.requests) == 1
    assert sorted(completion.reused for completion in completions) == [False, True, True, True, True]


async def test_a_call_that_fails_does_not_fail_the_one_that_waited_for_it() -> None:
    model = ScriptedModel(Flaky(RequestRejected("no")), latency=1.0, sleep=lambda _: asyncio.sleep(0))
    with Ledger() as ledger:
        calls = calls_of(model, ledger)
        outcomes = await asyncio.gather(*(calls.complete(request()) for _ in range(3)), return_exceptions=True)
    assert isinstance(outcomes[0], RequestRejected)
    assert [outcome.text for outcome in outcomes[1:] if isinstance(outcome, Completion)] == ["two words"] * 2
    assert len(model.requests) == 2


async def test_fresh_asks_again_and_records_the_new_reply() -> None:
    with Ledger() as ledger:
        await calls_of(ScriptedModel("old"), ledger).complete(request())
        fresh = calls_of(ScriptedModel("new"), ledger, fresh=True)
        assert not fresh.recorded(request())
        assert (await fresh.complete(request())).text == "new"
        assert (await calls_of(ScriptedModel("unused"), ledger).complete(request())).text == "new"


async def test_replicates_are_different_calls() -> None:
    model = ScriptedModel("two words")
    with Ledger() as ledger:
        calls = calls_of(model, ledger)
        await calls.complete(request())
        await calls.complete(request(replicate=1))
    assert len(model.requests) == 2


async def test_a_failure_that_passes_is_tried_again() -> None:
    model = ScriptedModel(Flaky(ModelUnavailable(""), RateLimited("")))
    with Ledger() as ledger:
        calls = calls_of(model, ledger)
        assert (await calls.complete(request())).text == "two words"
    assert len(model.requests) == 3
    assert calls.account.calls == 1


async def test_a_failed_call_is_not_recorded() -> None:
    with Ledger() as ledger:
        calls = calls_of(ScriptedModel(Flaky(RequestRejected("no"))), ledger)
        with pytest.raises(RequestRejected):
            await calls.complete(request())
        assert not calls.recorded(request())
        assert calls.account == Account()


async def test_no_more_calls_are_under_way_than_the_limiter_lets_through() -> None:
    under_way = peak = 0

    async def count(_: float) -> None:
        nonlocal under_way, peak
        under_way += 1
        peak = max(peak, under_way)
        await asyncio.sleep(0)
        under_way -= 1

    with Ledger() as ledger:
        calls = Calls(ScriptedModel("yes", latency=1.0, sleep=count), ledger, limiter=Limiter(fixed=3))
        await asyncio.gather(*(calls.complete(request(str(number))) for number in range(20)))
    assert peak == 3


async def test_a_stream_is_recorded_and_replayed_in_one_piece() -> None:
    model = ScriptedModel("two words")
    with Ledger() as ledger:
        calls = calls_of(model, ledger)
        *first, made = [piece async for piece in calls.stream(request())]
        *again, kept = [piece async for piece in calls.stream(request())]
    assert first == ["two", " words"]
    assert again == ["two words"]
    assert isinstance(made, Completion) and isinstance(kept, Completion)
    assert (made.reused, kept.reused) == (False, True)
    assert (calls.account.calls, calls.account.reused) == (1, 1)


async def test_a_stream_that_fails_before_its_first_piece_is_tried_again() -> None:
    with Ledger() as ledger:
        calls = calls_of(ScriptedModel(Flaky(ModelUnavailable(""))), ledger)
        assert [piece async for piece in calls.stream(request())][:-1] == ["two", " words"]


async def test_a_stream_that_breaks_after_its_first_piece_is_not_withdrawn() -> None:
    with FakeServer("two words", faults=["dropped"]) as server, Ledger() as ledger:
        model = EndpointModel(base_url=server.base_url)
        await model.ready()
        calls = Calls(model, ledger, retry=Retry(sleep=Pauses()))
        pieces: list[str | Completion] = []
        with pytest.raises(ModelUnavailable):
            async for piece in calls.stream(request()):
                pieces += [piece]
        assert pieces == ["two"]
        assert not calls.recorded(request())
        assert calls.limiter.in_flight == 0
        await model.aclose()


async def test_a_stream_that_is_left_early_gives_its_place_back() -> None:
    with Ledger() as ledger:
        calls = calls_of(ScriptedModel("two words"), ledger)
        stream = calls.stream(request())
        assert await anext(aiter(stream)) == "two"
        await stream.aclose()
        assert calls.limiter.in_flight == 0
        assert not calls.recorded(request())


async def test_removing_a_document_forgets_calls_that_were_reused_for_it() -> None:
    with Ledger() as ledger:
        calls = calls_of(ScriptedModel("two words"), ledger)
        await calls.complete(request(), documents=["first edition"])
        await calls.complete(request(), documents=["second edition"])
        ledger.purge("second edition")
        assert not calls.recorded(request())


async def test_many_calls_through_a_troubled_server_all_come_back(tmp_path: Path) -> None:
    shares = {"rate_limited": 0.1, "server_error": 0.1, "broken_json": 0.05, "dropped": 0.05}
    with (
        FakeServer("yes", fault_shares=shares, seed=7) as server,
        Ledger(tmp_path / "calls.sqlite") as ledger,
    ):
        model = EndpointModel(base_url=server.base_url)
        await model.ready()
        calls = Calls(model, ledger, limiter=Limiter(fixed=16), retry=Retry(12, sleep=Pauses()))
        completions = await asyncio.gather(*(calls.complete(request(str(number))) for number in range(100)))
        assert {completion.text for completion in completions} == {"yes"}
        assert len(server.calls) > 100
        assert calls.account.calls == 100
        await model.aclose()


async def test_calls_taken_apart_count_in_both_accounts() -> None:
    with Ledger() as ledger:
        calls = calls_of(ScriptedModel("two words"), ledger)
        await calls.complete(request("first"))
        apart = calls.apart()
        await apart.complete(request("second"))
        await apart.complete(request("first"))
    assert (apart.account.calls, apart.account.reused) == (1, 1)
    assert (calls.account.calls, calls.account.reused) == (2, 1)
    assert apart.total == calls.total == calls.account


async def test_calls_taken_apart_twice_count_all_the_way_up() -> None:
    with Ledger() as ledger:
        calls = calls_of(ScriptedModel("two words"), ledger)
        inner = calls.apart().apart()
        async for _ in inner.stream(request()):
            pass
    assert inner.account == calls.account
    assert calls.account.calls == 1


async def test_the_same_call_at_once_in_accounts_apart_is_paid_for_once() -> None:
    model = ScriptedModel("two words", latency=1.0, sleep=lambda _: asyncio.sleep(0))
    with Ledger() as ledger:
        calls = calls_of(model, ledger)
        first, second = calls.apart(), calls.apart()
        await asyncio.gather(first.complete(request()), second.complete(request()))
    assert len(model.requests) == 1
    assert sorted((apart.account.calls, apart.account.reused) for apart in (first, second)) == [(0, 1), (1, 0)]
    assert (calls.account.calls, calls.account.reused) == (1, 1)
