from __future__ import annotations

import pytest

from octavo.errors import InvalidReply, ModelError, ModelUnavailable, RateLimited, RequestRejected, WindowExceeded
from octavo.models.retry import Retry


class Failing:
    """Fails with each of `errors` in turn, then returns."""

    def __init__(self, *errors: ModelError) -> None:
        self.errors = list(errors)
        self.tries = 0

    async def __call__(self) -> str:
        self.tries += 1
        if self.errors:
            raise self.errors.pop(0)
        return "done"


class Pauses(list[float]):
    """Records pauses in place of sleeping."""

    async def __call__(self, seconds: float) -> None:
        self.append(seconds)


async def test_the_limit_of_the_pause_doubles_up_to_the_longest() -> None:
    pauses = Pauses()
    retry = Retry(7, first=1.0, longest=10.0, sleep=pauses, draw=lambda: 1.0)
    assert await retry.run(Failing(*[ModelUnavailable("")] * 6)) == "done"
    assert pauses == [1.0, 2.0, 4.0, 8.0, 10.0, 10.0]


async def test_the_pause_is_drawn_below_its_limit() -> None:
    pauses = Pauses()
    draws = iter([0.0, 0.5])
    await Retry(sleep=pauses, first=1.0, draw=lambda: next(draws)).run(Failing(*[ModelUnavailable("")] * 2))
    assert pauses == [0.0, 1.0]


async def test_the_server_s_own_word_is_the_least_that_is_waited() -> None:
    pauses = Pauses()
    await Retry(sleep=pauses, first=1.0, draw=lambda: 0.5).run(Failing(RateLimited("", retry_after=7.0)))
    assert pauses == [7.5]


async def test_a_server_that_asks_for_too_much_patience_is_not_waited_for() -> None:
    pauses = Pauses()
    with pytest.raises(RateLimited):
        await Retry(sleep=pauses, patience=60.0).run(Failing(RateLimited("", retry_after=3_600.0)))
    assert pauses == []


async def test_the_last_error_is_raised_when_no_try_is_left() -> None:
    call = Failing(ModelUnavailable("first"), ModelUnavailable("second"), ModelUnavailable("third"))
    with pytest.raises(ModelUnavailable, match="third"):
        await Retry(3, sleep=Pauses()).run(call)
    assert call.tries == 3


@pytest.mark.parametrize("error", [RequestRejected(""), WindowExceeded(""), InvalidReply("")])
async def test_what_would_fail_again_is_not_tried_again(error: ModelError) -> None:
    call = Failing(error)
    with pytest.raises(type(error)):
        await Retry(sleep=Pauses()).run(call)
    assert call.tries == 1
