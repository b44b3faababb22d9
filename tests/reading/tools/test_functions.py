from __future__ import annotations

import asyncio
import enum
import functools
import json
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import pytest

import octavo
from octavo.errors import ToolError, UsageError
from octavo.reading.tools.functions import tool
from octavo.reading.tools.tool import Tool, ToolResult

if TYPE_CHECKING:
    from somewhere import Unknown  # type: ignore[import-not-found]


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


@dataclass
class Point:
    x: int
    y: int = 0


async def called(made: Tool, arguments: Mapping[str, Any]) -> str | ToolResult:
    result = await asyncio.to_thread(made.run, arguments)
    return result if isinstance(result, str | ToolResult) else await result


# Schemas


def look_up(word: str, times: int = 1, *, exact: bool | None = None) -> str:
    """Looks a word up
    in the dictionary.

    There is more to say.

    Args:
        word: The word,
            in lower case.
        times (int): How often.
    """
    return f"{word} {times} {exact}"


def test_hints_and_docstring_become_schema_and_description() -> None:
    made = tool(look_up)
    assert made.name == "look_up"
    assert made.description == "Looks a word up in the dictionary."
    assert made.parameters == {
        "type": "object",
        "properties": {
            "word": {"type": "string", "description": "The word, in lower case."},
            "times": {"type": "integer", "default": 1, "description": "How often."},
            "exact": {"anyOf": [{"type": "boolean"}, {"type": "null"}], "default": None},
        },
        "required": ["word"],
        "additionalProperties": False,
    }


def test_parameters_may_be_described_as_sphinx_does() -> None:
    def look(word: str, times: int) -> str:
        """Looks.

        :param word: The word,
            in lower case.
        :param int times: How often.
        """
        return word * times

    properties = tool(look).parameters["properties"]
    assert properties["word"]["description"] == "The word, in lower case."
    assert properties["times"]["description"] == "How often."


def test_a_function_without_a_docstring_is_described_by_its_name() -> None:
    def count_words(text: str) -> str:
        return text

    assert tool(count_words).description == "count words"


def test_name_description_and_harmlessness_may_be_given() -> None:
    made = tool(look_up, name="dictionary", description="Explains words.", harmless=True)
    assert (made.name, made.description, made.harmless) == ("dictionary", "Explains words.", True)
    assert not tool(look_up).harmless


def test_it_decorates_with_and_without_arguments() -> None:
    @octavo.tool
    def one(text: str) -> str:
        return text

    @octavo.tool(harmless=True)
    def two(text: str) -> str:
        return text

    assert isinstance(one, Tool) and isinstance(two, Tool)
    assert (one.harmless, two.harmless) == (False, True)


@pytest.mark.parametrize(
    ("hint", "given", "taken"),
    [
        (str, "a", "a"),
        (str, 1812, "1812"),
        (int, "5", 5),
        (float, 5, 5.0),
        (bool, True, True),
        (list[int], ["1", 2], [1, 2]),
        (tuple[str, int], ["a", 1], ("a", 1)),
        (Sequence[str], ["a"], ["a"]),
        (dict[str, float], {"a": 1}, {"a": 1.0}),
        (Literal["up", "down"], "up", "up"),
        (Colour, "blue", Colour.BLUE),
        (int | None, None, None),
        (Point, {"x": 3}, Point(3)),
    ],
)
async def test_every_common_type_is_taken_as_what_it_is(hint: Any, given: Any, taken: Any) -> None:
    got: list[object] = []

    def take(value):  # type: ignore[no-untyped-def]
        got.append(value)

    take.__annotations__ = {"value": hint}
    made = tool(take)
    json.dumps(made.parameters)
    await called(made, {"value": given})
    assert got == [taken]


async def test_a_parameter_may_have_any_name() -> None:
    def odd(schema: str, _x: int, copy: bool = False) -> str:
        return f"{schema} {_x} {copy}"

    made = tool(odd)
    assert list(made.parameters["properties"]) == ["schema", "_x", "copy"]
    assert await called(made, {"schema": "a", "_x": 1}) == "a 1 False"


async def test_a_default_that_json_cannot_show_stays_the_function_s() -> None:
    nothing = object()

    def find(word: str, among: list[str] = nothing) -> bool:  # type: ignore[assignment]
        return among is nothing

    made = tool(find)
    assert "default" not in made.parameters["properties"]["among"]
    assert await called(made, {"word": "a"}) == "true"


def test_a_return_type_that_cannot_be_resolved_is_no_obstacle() -> None:
    def find(word: str) -> Unknown:
        return word

    assert tool(find).parameters["required"] == ["word"]


# Signatures that cannot be used


def no_hint(word) -> str:  # type: ignore[no-untyped-def]
    return str(word)


def any_number(*words: str) -> str:
    return str(words)


def any_names(**words: str) -> str:
    return str(words)


def by_place(word: str, /) -> str:
    return word


def with_callback(call: Callable[[], None]) -> str:
    return str(call)


def with_object(thing: threading_lock) -> str:  # type: ignore[name-defined]  # noqa: F821
    return str(thing)


def with_class(task: asyncio.Task[None]) -> str:
    return str(task)


def yielding(word: str) -> Iterator[str]:
    yield word


async def yielding_async(word: str) -> AsyncIterator[str]:
    yield word


@pytest.mark.parametrize(
    ("function", "complaint"),
    [
        (no_hint, r"no_hint\(\).*'word' has no type hint"),
        (any_number, r"any_number\(\).*'\*words' stands for any number"),
        (any_names, r"any_names\(\).*'\*\*words' stands for any number"),
        (by_place, r"by_place\(\).*'word' is positional only"),
        (with_callback, r"with_callback\(\).*'call' has a type that JSON cannot carry"),
        (with_class, r"with_class\(\).*'task' has a type that JSON cannot carry"),
        (with_object, r"with_object\(\).*threading_lock"),
        (yielding, r"yielding\(\).*it yields"),
        (yielding_async, r"yielding_async\(\).*it yields"),
        (functools.partial(look_up, "a"), "not a partial"),
        (Point, "not a type"),
        ("look_up", "not a str"),
    ],
)
def test_an_unusable_signature_names_function_and_parameter(function: Any, complaint: str) -> None:
    with pytest.raises(UsageError, match=complaint) as failure:
        tool(function)
    assert "\n" not in str(failure.value)


# Calls


async def test_it_is_called_with_what_was_given_and_its_own_defaults() -> None:
    assert await called(tool(look_up), {"word": "octavo", "exact": True}) == "octavo 1 True"


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ({}, "word: Field required"),
        ({"word": "a", "times": "many"}, "times: Input should be a valid integer"),
        ({"word": "a", "often": 3}, "often: Extra inputs are not permitted"),
    ],
)
async def test_arguments_that_do_not_fit_are_refused_before_the_call(arguments: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ToolError, match=complaint) as failure:
        await called(tool(look_up), arguments)
    assert "\n" not in str(failure.value)


async def test_an_asynchronous_function_and_a_method_may_be_tools() -> None:
    class Shelf:
        books = ("a", "b")

        async def number(self, least: int) -> int:
            return max(least, len(self.books))

    assert await called(tool(Shelf().number), {"least": 1}) == "2"


async def test_a_wrapper_that_returns_what_is_to_be_awaited_may_be_one_too() -> None:
    async def plain(word: str) -> str:
        return word

    @functools.wraps(plain)
    def wrapper(word: str) -> Any:
        return plain(word)

    assert await called(tool(wrapper), {"word": "a"}) == "a"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("text", "text"),
        (None, "done"),
        ({"é": [1, 2.5, None]}, '{"é":[1,2.5,null]}'),
        (Point(1, 2), '{"x":1,"y":2}'),
        (float("nan"), "NaN"),
        (ToolResult("a"), ToolResult("a")),
    ],
)
async def test_whatever_it_returns_is_shown(value: object, shown: object) -> None:
    def give() -> object:
        return value

    assert await called(tool(give), {}) == shown
