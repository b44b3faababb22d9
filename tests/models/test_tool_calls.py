from __future__ import annotations

from typing import Any

import pytest

from octavo.models.chat import ToolCall
from octavo.models.tool_calls import StreamedCalls, tool_call


@pytest.mark.parametrize(
    "arguments",
    [
        '{"query": "compass", "limit": 3}',
        '```json\n{"query": "compass", "limit": 3}\n```',
        '{"query": "compass", "limit": 3',
        "{'query': 'compass', 'limit': 3,}",
        {"query": "compass", "limit": 3},
    ],
)
def test_arguments_are_found_however_they_are_written(arguments: object) -> None:
    assert tool_call("search", arguments) == ToolCall("search", {"query": "compass", "limit": 3})


@pytest.mark.parametrize("arguments", ["", "  ", "{}", None, {}])
def test_no_words_are_no_arguments(arguments: object) -> None:
    assert tool_call("outline", arguments) == ToolCall("outline", {})


@pytest.mark.parametrize("said", ["the compass", "[1, 2]", "3"])
def test_what_is_no_object_is_kept_as_it_was_said(said: str) -> None:
    assert tool_call("search", said) == ToolCall("search", None, said)


def joined(*pieces: dict[str, Any]) -> tuple[ToolCall, ...]:
    calls = StreamedCalls()
    for piece in pieces:
        calls.take(piece)
    return calls.calls()


def piece(index: int | None, arguments: str | None = None, **more: Any) -> dict[str, Any]:
    function = {"arguments": arguments, **({"name": more.pop("name")} if "name" in more else {})}
    return {"index": index, "function": function, **more}


def test_pieces_are_joined_by_their_index_in_any_order() -> None:
    assert joined(
        piece(0, "", id="a", name="search"),
        piece(1, "", id="b", name="outline"),
        piece(0, '{"query":'),
        piece(1, "{}"),
        piece(0, ' "x"}'),
    ) == (ToolCall("search", {"query": "x"}), ToolCall("outline", {}))


@pytest.mark.parametrize("index", [0, None])
def test_another_id_is_another_call_where_the_server_does_not_number_them(index: int | None) -> None:
    assert joined(
        piece(index, '{"query": "x"}', id="a", name="search"),
        piece(index, '{"query": "y"}', id="b", name="search"),
    ) == (ToolCall("search", {"query": "x"}), ToolCall("search", {"query": "y"}))


def test_an_id_and_a_name_that_every_piece_repeats_change_nothing() -> None:
    assert joined(
        piece(0, '{"query":', id="a", name="search"),
        piece(0, ' "x"}', id="a", name="search"),
    ) == (ToolCall("search", {"query": "x"}),)
