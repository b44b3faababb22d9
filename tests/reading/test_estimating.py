"""The price of a reading before it is paid."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from octavo.library.library import Library
from octavo.reading.options import LevelChoice
from octavo.reading.reader import Reader

from .conftest import Faithful, book

Make = Callable[..., tuple[Reader, Library]]

NOWHERE = "Where is the zeppelin?"


@pytest.mark.parametrize(("level", "answers"), [("auto", 2), ("read", 1), ("reason", 1), ("retrieve", 0)])
def test_a_question_whose_words_do_not_occur_has_a_price_too(
    read_with: Make, faithful: Faithful, level: LevelChoice, answers: int
) -> None:
    """Level 1 would not even ask; reading may find something all the same, which is then shown."""
    reader, library = read_with(faithful, book(800))
    estimate = reader.estimate(library, NOWHERE, level=level)
    reading = 0 if level == "retrieve" else estimate.chunks
    assert estimate.calls == 1 + reading + answers
    assert not faithful.requests
