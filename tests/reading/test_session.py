"""What a session and its asides share: the budget, the time, the account."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from octavo.errors import BudgetExhausted
from octavo.library.library import Library
from octavo.models.calls import Calls
from octavo.models.chat import Message, Request
from octavo.models.ledger import Ledger
from octavo.models.scripted import ScriptedModel
from octavo.reading.events import Event, Warned
from octavo.reading.options import Budget, ReadingOptions
from octavo.reading.session import Session

from .conftest import book

Open = Callable[..., Session]


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Open]:
    with Ledger() as ledger:

        def make(model: ScriptedModel, budget: Budget, clock: Callable[[], float] = lambda: 0.0) -> Session:
            corpus = Library(book(8), home=tmp_path).corpus(model.tokenizer, 512)
            options = ReadingOptions().for_model(model, model.window)
            return Session(corpus, Calls(model, ledger), options, model.window, budget, nobody, clock)

        yield make


async def nobody(event: Event) -> None:
    """Hears nothing."""


def request(text: str) -> Request:
    return Request((Message("user", text),), max_tokens=100)


def price(session: Session) -> int:
    return session.model.measure(request("a").messages) + 100


async def streamed(session: Session, text: str) -> None:
    async for _ in session.stream(request(text)):
        pass


async def test_what_a_stream_may_take_cannot_be_spent_by_another_meanwhile(opened: Open) -> None:
    model = ScriptedModel("yes", latency=1.0, sleep=lambda _: asyncio.sleep(0))
    session = opened(model, Budget())
    session.budget = Budget(tokens=2 * price(session) - 1)
    outcomes = await asyncio.gather(*(streamed(session, text) for text in "ab"), return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [type(None), BudgetExhausted]
    assert session.spending.reserved == 0


async def test_a_stream_that_is_left_gives_back_what_was_set_aside(opened: Open) -> None:
    session = opened(ScriptedModel("yes and no"), Budget(tokens=10_000))
    stream = session.stream(request("a"))
    await anext(stream)
    assert session.spending.reserved == price(session)
    await stream.aclose()  # type: ignore[attr-defined]
    assert session.spending.reserved == 0


async def test_an_aside_spends_from_the_same_budget(opened: Open) -> None:
    session = opened(ScriptedModel("yes"), Budget(tokens=10_000))
    aside = session.aside(calls=session.calls.apart())
    await aside.complete(request("a"))
    assert session.tokens_left() == aside.tokens_left() == 10_000 - aside.spent_tokens
    aside.budget_exhausted = True
    assert session.budget_exhausted


async def test_an_aside_leaves_what_it_keeps(opened: Open) -> None:
    session = opened(ScriptedModel("yes"), Budget(tokens=1_000))
    aside = session.aside(keep=900).aside(keep=50)
    with pytest.raises(BudgetExhausted):
        await aside.complete(request("a"))
    await session.complete(request("a"))
    assert (aside.tokens_left() or 0) == (session.tokens_left() or 0) - 950


async def test_an_aside_that_is_heard_elsewhere_warns_there(opened: Open) -> None:
    heard: list[Event] = []

    async def elsewhere(event: Event) -> None:
        heard.append(event)

    session = opened(ScriptedModel("yes"), Budget())
    await session.warn("known")
    aside = session.aside(emit=elsewhere)
    await aside.warn("known")
    await aside.warn("new")
    assert heard == [Warned("new")]
    assert session.warnings == ["known"]


async def test_reading_ends_where_the_time_for_the_answer_begins(opened: Open) -> None:
    now = [0.0]
    session = opened(ScriptedModel("yes"), Budget(seconds=100.0), lambda: now[0])
    now[0] = 80.0
    with pytest.raises(BudgetExhausted, match="100 seconds"):
        await session.complete(request("a"), reading=True)
    assert (await session.complete(request("a"))).text == "yes"
