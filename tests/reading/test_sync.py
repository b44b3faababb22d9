"""The synchronous face: one loop in a thread, errors and early ends included."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from octavo.reading import sync


async def double(number: int) -> int:
    await asyncio.sleep(0)
    return 2 * number


def test_a_call_returns_what_the_coroutine_returns() -> None:
    assert sync.call(lambda: double(21)) == 42


def test_a_call_raises_what_the_coroutine_raises() -> None:
    async def failing() -> None:
        raise ValueError("here")

    with pytest.raises(ValueError, match="here"):
        sync.call(failing)


async def test_it_works_where_a_loop_is_running() -> None:
    assert sync.call(lambda: double(4)) == 8


def test_leaving_an_iteration_closes_the_generator() -> None:
    closed = []

    async def numbers() -> AsyncIterator[int]:
        try:
            for number in range(100):
                yield number
        finally:
            closed.append(True)

    for number in sync.iterate(numbers()):
        if number == 3:
            break
    assert closed == [True]
    assert list(sync.iterate(numbers())) == list(range(100))
