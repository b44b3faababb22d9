from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from octavo.errors import ModelError, ModelUnavailable, RateLimited
from octavo.models.failures import TimedOut
from octavo.models.limiter import Limiter
from octavo.models.scripted import ScriptedModel
from tests.models.virtual_time import VirtualTime

TOKENS = 500


async def load(
    limiter: Limiter, time: VirtualTime, seconds: Callable[[int], float], *, calls: int, most: int | None = None
) -> tuple[int, int]:
    """Push `calls` calls through the limiter to a server whose calls take `seconds(calls under way)` and which refuses
    more than `most`; returns the most that were under way at once, and how many were refused."""
    under_way = peak = refused = 0
    left = iter(range(calls))

    async def worker() -> None:
        nonlocal under_way, peak, refused
        for _ in left:
            try:
                async with limiter.slot() as slot:
                    if most is not None and under_way >= most:
                        refused += 1
                        raise RateLimited("too many")
                    under_way += 1
                    peak = max(peak, under_way)
                    try:
                        await time.sleep(seconds(under_way))
                    finally:
                        under_way -= 1
                    slot.succeeded(TOKENS)
            except RateLimited:
                await time.sleep(0.1)

    await time.run(_all(worker, 200))
    return peak, refused


async def _all(worker: Callable[[], object], workers: int) -> None:
    await asyncio.gather(*(worker() for _ in range(workers)))  # type: ignore[call-overload]


async def test_a_fixed_limit_is_kept_and_used() -> None:
    time = VirtualTime()
    limiter = Limiter(fixed=7, clock=time.clock)
    peak, _ = await load(limiter, time, lambda _: 1.0, calls=100)
    assert peak == limiter.limit == 7
    assert time.now == pytest.approx(15.0)
    assert limiter.in_flight == 0


async def test_it_grows_to_the_most_where_the_server_keeps_its_pace() -> None:
    time = VirtualTime()
    limiter = Limiter(start=4, most=64, clock=time.clock)
    await load(limiter, time, lambda _: 0.2, calls=1_000)
    assert limiter.limit == 64
    assert time.now < 1.6 * 1_000 * 0.2 / 64  # against 64 from the first call on


@pytest.mark.parametrize("slots", [1, 2, 8])
async def test_it_stays_small_where_more_calls_only_wait(slots: int) -> None:
    time = VirtualTime()
    limiter = Limiter(start=2, most=128, clock=time.clock)
    await load(limiter, time, lambda under_way: max(1.0, under_way / slots), calls=1_000)
    assert limiter.limit <= 4 * slots
    assert time.now < 1.2 * 1_000 / slots  # no slower than the server can be


async def test_refusals_halve_it_once_a_generation_and_it_recovers() -> None:
    time = VirtualTime()
    limiter = Limiter(start=4, most=128, clock=time.clock)
    _, refused = await load(limiter, time, lambda _: 1.0, calls=3_000, most=20)
    assert 8 <= limiter.limit <= 24
    assert refused < 100
    assert time.now < 1.5 * 3_000 / 20


@pytest.mark.parametrize(
    ("error", "limit"),
    [
        (RateLimited(""), 4),
        (TimedOut(""), 4),
        (ModelUnavailable("", retry_after=1.0), 4),
        (ModelUnavailable("broken"), 8),
        (ModelError(""), 8),
    ],
)
async def test_only_overload_halves(error: ModelError, limit: int) -> None:
    limiter = Limiter(start=8)
    with pytest.raises(ModelError):
        async with limiter.slot():
            raise error
    assert limiter.limit == limit
    assert limiter.in_flight == 0


async def test_refusals_of_calls_that_were_under_way_together_count_as_one() -> None:
    limiter = Limiter(start=8)

    async def refused(start: asyncio.Event) -> None:
        async with limiter.slot():
            await start.wait()
            raise RateLimited("")

    start = asyncio.Event()
    calls = [asyncio.create_task(refused(start)) for _ in range(8)]
    await asyncio.sleep(0)
    start.set()
    await asyncio.gather(*calls, return_exceptions=True)
    assert limiter.limit == 4


async def test_it_never_falls_below_one() -> None:
    limiter = Limiter(start=1)
    for _ in range(3):
        with pytest.raises(RateLimited):
            async with limiter.slot():
                raise RateLimited("")
    assert limiter.limit == 1


async def test_a_cancelled_waiter_leaves_its_place_to_the_next() -> None:
    limiter = Limiter(fixed=1)
    release = asyncio.Event()
    order: list[str] = []

    async def call(name: str) -> None:
        async with limiter.slot():
            order.append(name)
            await release.wait()

    tasks = {name: asyncio.create_task(call(name)) for name in ("first", "cancelled", "last")}
    await asyncio.sleep(0)
    tasks["cancelled"].cancel()
    release.set()
    await asyncio.gather(*tasks.values(), return_exceptions=True)
    assert order == ["first", "last"]
    assert limiter.in_flight == 0


async def test_a_waiter_cancelled_as_its_turn_comes_passes_the_slot_on() -> None:
    limiter = Limiter(fixed=1)
    async with limiter.slot():
        cancelled, last = (asyncio.create_task(_enter(limiter)) for _ in range(2))
        await asyncio.sleep(0)
    cancelled.cancel()
    await asyncio.wait_for(last, 5)
    assert limiter.in_flight == 0


async def _enter(limiter: Limiter) -> None:
    async with limiter.slot():
        pass


def test_a_server_with_known_slots_gets_as_many_calls() -> None:
    assert Limiter.of(ScriptedModel("", parallel=3)).limit == 3
    assert Limiter.of(ScriptedModel("", parallel=3), fixed=5).limit == 5
    assert Limiter.of(ScriptedModel("")).limit == 4


@pytest.mark.parametrize("options", [{"fixed": 0}, {"start": 0}, {"most": -1}])
def test_a_limit_that_lets_nothing_through_is_refused(options: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="at least one"):
        Limiter(**options)  # type: ignore[arg-type]
