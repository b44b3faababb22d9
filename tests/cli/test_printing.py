"""Text is printed as it comes, and nothing else is said amid it."""

from __future__ import annotations

import io
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout

import pytest

from octavo.cli.asking import follow
from octavo.cli.progress import SilentProgress
from octavo.errors import ModelUnavailable
from octavo.reading.events import AnswerDelta, Answered, Event, Warned

from .made_up import ANSWER


@contextmanager
def terminal() -> Iterator[io.StringIO]:
    """Where both standard output and standard error go."""
    with redirect_stdout(io.StringIO()) as shown, redirect_stderr(shown):
        yield shown


async def reading(*, breaks_off: bool = False) -> AsyncGenerator[Event, None]:
    yield Warned("one file could not be read")
    yield AnswerDelta("Princess Mary is ")
    yield Warned("[1] does not bear out the sentence that cites it")
    if breaks_off:
        raise ModelUnavailable("the server is gone")
    yield AnswerDelta("his sister [1].")
    yield Answered(ANSWER)


async def test_a_warning_amid_the_answer_is_said_behind_it() -> None:
    with terminal() as shown:
        assert await follow(reading(), SilentProgress()) is ANSWER
    first, answer, *citation, last = shown.getvalue().splitlines()
    assert first == "octavo: warning: one file could not be read"
    assert answer == "Princess Mary is his sister [1]."
    assert any(line.startswith("[1] war-and-peace.md") for line in citation)
    assert last == "octavo: warning: [1] does not bear out the sentence that cites it"


async def test_it_is_said_on_a_line_of_its_own_where_the_answer_breaks_off() -> None:
    with terminal() as shown, pytest.raises(ModelUnavailable):
        await follow(reading(breaks_off=True), SilentProgress())
    assert shown.getvalue().splitlines()[1:] == [
        "Princess Mary is ",
        "octavo: warning: [1] does not bear out the sentence that cites it",
    ]
