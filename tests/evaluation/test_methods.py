"""The ways to answer: what each shows the model, what it costs, and what is left of octavo's own in the answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest

from octavo.errors import RequestRejected
from octavo.evaluation.item import Item
from octavo.evaluation.methods import LevelMethod, NativeMethod
from octavo.models.ledger import Ledger
from octavo.models.scripted import ScriptedModel
from octavo.reading.reader import Reader
from tests.reading.conftest import FACT, QUESTION, Faithful, book

ITEM = Item("0", "The mill is old. " * 400, "How old?", ("very",))


@pytest.fixture
def clock() -> Callable[[], float]:
    """Two seconds later whenever it is looked at."""
    seconds: Iterator[int] = count(0, 2)
    return lambda: float(next(seconds))


async def test_an_answer_of_native_says_how_long_it_took(clock: Callable[[], float]) -> None:
    prediction = await NativeMethod(ScriptedModel("Very."), Ledger(), clock=clock).answer(ITEM)
    assert (prediction.text, prediction.calls, prediction.seconds) == ("Very.", 1, 2.0)


async def test_a_failure_of_native_took_time_too(clock: Callable[[], float]) -> None:
    def rejecting(_: object) -> str:
        raise RequestRejected("no")

    prediction = await NativeMethod(ScriptedModel(rejecting), Ledger(), clock=clock).answer(ITEM)
    assert (prediction.error, prediction.seconds) == ("no", 2.0)


async def test_native_has_the_window_that_it_is_given_and_says_what_was_shown() -> None:
    model = ScriptedModel("Very.", window=4_096)
    whole = await NativeMethod(model, Ledger(), answer_tokens=64).answer(ITEM)
    cut = await NativeMethod(model, Ledger(), window=1_000, answer_tokens=64).answer(ITEM)
    assert whole.shown is not None and [len(span) for span in whole.shown] == [len(ITEM.context)]
    assert cut.shown is not None and len(cut.shown) == 2
    assert model.measure(model.requests[-1].messages) + 64 <= 1_000
    assert model.requests[-1].max_tokens == 64


async def test_native_asks_again_only_when_it_is_to_be_fresh() -> None:
    model, ledger = ScriptedModel("Very."), Ledger()
    for fresh, calls in ((False, 1), (False, 0), (True, 1)):
        prediction = await NativeMethod(model, ledger, fresh=fresh).answer(ITEM)
        assert (prediction.calls, prediction.reused_calls) == (calls, 1 - calls)


async def test_the_longest_answer_of_an_item_holds_where_it_is_the_shorter_one() -> None:
    model = ScriptedModel("Very " * 300, window=4_096)
    for own, given_to_method, longest in ((16, 64, 16), (None, 64, 64), (128, 64, 64)):
        item = replace(ITEM, answer_tokens=own)
        prediction = await NativeMethod(model, Ledger(), window=1_000, answer_tokens=given_to_method).answer(item)
        assert model.requests[-1].max_tokens == longest
        assert prediction.completion_tokens == longest
        # What the answer does not need, the context has.
        assert 1_000 - 40 <= model.measure(model.requests[-1].messages) + longest <= 1_000


def test_a_stretched_window_is_part_of_the_name_of_native() -> None:
    method = NativeMethod(ScriptedModel(""), Ledger(), window=32_000, extended="yarn")
    assert method.name == "native-yarn"
    assert method.settings() == {"method": "native-yarn", "window": 32_000, "answer_tokens": 512}
    assert NativeMethod(ScriptedModel(""), Ledger()).name == "native"


async def test_what_a_level_answers_is_scored_without_the_markers_of_its_citations(tmp_path: Path) -> None:
    model = ScriptedModel(Faithful(answer="The silver compass [sic] is hidden under the chapel floor [{number}]."))
    reader = Reader(model, home=tmp_path)
    context = book(200, facts={100: FACT}).text
    item = Item("0", context, QUESTION, ("chapel floor",))
    prediction = await LevelMethod(reader, "retrieve", tmp_path, settings={}).answer(item)
    assert prediction.text == "The silver compass [sic] is hidden under the chapel floor."
    assert prediction.cited is not None and [span.of(context) for span in prediction.cited] == [FACT]
    reader.close()
