"""Turns, their accounts, and the ids of conversations."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from octavo.reading.chat.conversation import Conversation, conversation_id, is_conversation_id

from .made_turns import START, conversation, turn

SECONDS = st.integers(0, 2**35 - 1)


@given(SECONDS, SECONDS)
def test_ids_sort_by_the_second_in_which_a_conversation_begins(one: int, other: int) -> None:
    randbelow = random.Random(0).randrange
    ids = [conversation_id(datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=s), randbelow) for s in (one, other)]
    assert all(map(is_conversation_id, ids))
    if one != other:
        assert (ids[0] < ids[1]) == (one < other)


def test_conversations_of_the_same_second_are_told_apart_at_random() -> None:
    assert conversation_id(START, lambda below: 0) != conversation_id(START, lambda below: below - 1)


def test_nothing_else_passes_for_an_id() -> None:
    for text in ("", "last", "../../etc/x", "1m8z3k2q7", "1M8Z3K2Q7C", "1m8z3k2q7l"):
        assert not is_conversation_id(text)


def test_a_turn_leaves_the_conversation_before_it_as_it_was() -> None:
    before = conversation(1)
    after = before.with_turn(turn(1))
    assert (len(before.turns), len(after.turns)) == (1, 2)
    assert after.latest == turn(1).when
    assert Conversation("x", START).latest == START


def test_the_account_of_a_conversation_is_the_sum_of_its_turns() -> None:
    usage = conversation(4).usage
    assert (usage.calls, usage.reused_calls, usage.prompt_tokens) == (12, 8, 400)
    assert (usage.cached_tokens, usage.completion_tokens, usage.seconds) == (200, 40, 2.0)


def test_what_was_said_is_without_the_markers_of_its_citations_alone() -> None:
    assert turn(said="He went [1]. List[1] is [2].").said == "He went. List is [2]."
