from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from octavo.errors import InvalidReply
from octavo.models.structured import parse_reply

SCHEMA = {
    "type": "object",
    "properties": {"sentences": {"type": "array", "items": {"type": "integer"}}, "why": {"type": "string"}},
    "required": ["sentences"],
}


@pytest.mark.parametrize(
    "text",
    [
        '{"sentences": [1, 2]}',
        '```json\n{"sentences": [1, 2]}\n```',
        '```\n{"sentences": [1, 2]}',
        'Here you are:\n\n{"sentences": [1, 2]}\n\nI hope it helps.',
        '<think>Is it [3]?\nNo.</think>\n{"sentences": [1, 2]}',
        '{"sentences": [1, 2',
        "{'sentences': [1, 2],}",
        '{"sentences": ["1", 2.0]}',
        "{sentences: [1, 2]}",
    ],
)
def test_a_reply_is_found_in_whatever_surrounds_it(text: str) -> None:
    assert parse_reply(text, SCHEMA) == {"sentences": [1, 2]}


def test_a_schema_that_is_true_takes_anything() -> None:
    assert parse_reply('{"any": [1, "a"]}', {"type": "object", "properties": {"any": True}}) == {"any": [1, "a"]}


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "no JSON"),
        ("I cannot say.", "no JSON"),
        ("{}", "lacks sentences"),
        ('{"sentences": 1}', "sentences is not of type array"),
        ('{"sentences": [true]}', r"sentences\[0\] is not of type integer"),
        ('{"sentences": [1.5]}', r"sentences\[0\] is not of type integer"),
        ('{"sentences": [], "why": 3}', "why is not of type string"),
        ("[1, 2]", "the reply is not of type object"),
    ],
)
def test_what_does_not_fit_is_a_typed_failure_that_says_where(text: str, complaint: str) -> None:
    with pytest.raises(InvalidReply, match=complaint):
        parse_reply(text, SCHEMA)


def test_a_long_reply_is_quoted_short_and_on_one_line() -> None:
    with pytest.raises(InvalidReply) as failure:
        parse_reply("word\n" * 1_000, SCHEMA)
    assert len(str(failure.value)) < 300
    assert "\n" not in str(failure.value)


def test_enumerations_and_several_types_are_checked() -> None:
    schema = {"type": ["string", "null"], "enum": ["yes", "no", None]}
    assert parse_reply('"yes"', schema) == "yes"
    assert parse_reply("null", schema) is None
    with pytest.raises(InvalidReply, match="none of yes, no, None"):
        parse_reply('"maybe"', schema)


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(JSON_VALUES)
def test_what_is_json_already_is_taken_as_it_is(value: Any) -> None:
    assert parse_reply(json.dumps(value), {}) == value


@given(st.text(max_size=80))
def test_any_reply_is_a_value_or_a_typed_failure(text: str) -> None:
    try:
        value = parse_reply(text, SCHEMA)
    except InvalidReply:
        return
    assert isinstance(value["sentences"], list)
