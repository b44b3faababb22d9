"""How fast a reading goes, and how long it still takes."""

from __future__ import annotations

import pytest

from octavo.cli.pace import Pace, spoken_seconds
from octavo.reading.answer import Coverage
from tests.cli.made_up import chunk_failed, chunk_read


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_nothing_is_said_before_the_first_chunk() -> None:
    pace = Pace(Clock())
    assert pace.tokens_per_second is None
    assert pace.seconds_left(Coverage(chunks=10)) is None


def test_rate_and_time_left_follow_from_the_chunks_read() -> None:
    clock = Clock()
    pace = Pace(clock)
    for _ in range(5):
        clock.now += 2
        pace.follow(chunk_read(0, tokens=500))
    assert pace.tokens_per_second == pytest.approx(250)
    assert pace.seconds_left(Coverage(chunks=10, read=4, failed=1)) == pytest.approx(10)


def test_what_the_ledger_had_is_no_measure_of_speed() -> None:
    clock = Clock()
    pace = Pace(clock)
    for _ in range(1000):
        pace.follow(chunk_read(0, tokens=500, reused=True))
    clock.now += 4
    pace.follow(chunk_read(0, tokens=500))
    assert pace.tokens_per_second == pytest.approx(125)


def test_chunks_that_fail_take_their_time_too() -> None:
    clock = Clock()
    pace = Pace(clock)
    for index in range(5):
        clock.now += 2
        pace.follow(chunk_failed(index, "refused"))
    assert pace.tokens_per_second is None
    assert pace.seconds_left(Coverage(chunks=10, failed=5)) == pytest.approx(10)


def test_the_rate_is_that_of_the_last_minute() -> None:
    clock = Clock()
    pace = Pace(clock)
    for _ in range(100):
        clock.now += 10
        pace.follow(chunk_read(0, tokens=10))
    for _ in range(70):
        clock.now += 1
        pace.follow(chunk_read(0, tokens=500))
    assert pace.tokens_per_second == pytest.approx(500)


@pytest.mark.parametrize(
    ("seconds", "spoken"),
    [(0.2, "1 s"), (45.4, "45 s"), (100, "2 min"), (3600, "60 min"), (7500, "2 h 5 min"), (1e6, "277 h 47 min")],
)
def test_durations_are_said_as_people_do(seconds: float, spoken: str) -> None:
    assert spoken_seconds(seconds) == spoken
