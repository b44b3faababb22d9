"""Many like things at once."""

from __future__ import annotations

import asyncio

import pytest

from octavo.errors import ModelUnavailable
from octavo.reading.workers import work_through


async def test_no_more_are_under_way_than_there_are_workers_and_all_are_done() -> None:
    under_way, most, done = 0, 0, []

    async def work(item: int) -> None:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(0)
        under_way -= 1
        done.append(item)

    await work_through(range(20), work, 3)
    assert most == 3
    assert sorted(done) == list(range(20))


@pytest.mark.parametrize("error", [ModelUnavailable("gone"), OSError("the disk"), ValueError("a fault")])
async def test_the_first_error_is_raised_as_it_is_and_ends_the_others(error: Exception) -> None:
    ended: list[int] = []

    async def work(item: int) -> None:
        if item == 2:
            raise error
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(item)

    with pytest.raises(type(error), match=str(error)):
        await work_through(range(3), work, 3)
    assert sorted(ended) == [0, 1]
