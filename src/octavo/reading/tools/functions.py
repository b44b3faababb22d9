"""A Python function becomes a tool: its type hints are the schema, its docstring the description.

pydantic makes the schema and checks what the model gives. Descriptions of parameters are taken from the docstring where
it has them in Google's or Sphinx's form. Knows functions; nothing of how tools are run.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, get_type_hints, overload

from octavo.errors import ToolError, UsageError
from octavo.reading.tools.tool import Run, Tool, ToolResult

if TYPE_CHECKING:
    from pydantic import BaseModel

Function = Callable[..., Any]

_SPHINX = re.compile(r"^:param (?:[^:]*\s)?(\w+):[ \t]*(.+(?:\n[ \t]+.+)*)", re.MULTILINE)
_GOOGLE = re.compile(r"^(?:Args|Arguments|Parameters):[ \t]*\n((?:[ \t]+.*\n?|[ \t]*\n)+)", re.MULTILINE)
_GOOGLE_ITEM = re.compile(r"^[ ]{1,8}(\w+)(?:[ ]*\([^)]*\))?:[ \t]*(.+(?:\n[ ]{5,}.+)*)", re.MULTILINE)
_SHOWN_DEFAULTS = (str, int, float, bool, type(None))


@overload
def tool(
    function: Function, *, name: str | None = None, description: str | None = None, harmless: bool = False
) -> Tool: ...


@overload
def tool(
    function: None = None, *, name: str | None = None, description: str | None = None, harmless: bool = False
) -> Callable[[Function], Tool]: ...


def tool(
    function: Function | None = None,
    *,
    name: str | None = None,
    description: str | None = None,
    harmless: bool = False,
) -> Tool | Callable[[Function], Tool]:
    """The tool that calls `function`, or, without one, a decorator that makes such tools.

    Every parameter needs a type hint: str, int, float, bool, lists, tuples and dictionaries of them, Literal, Enum,
    unions, dataclasses, or whatever else pydantic makes a schema of; what has a default may be left out. The name is
    the function's, the description the first paragraph of its docstring, unless they are given. It may be asynchronous,
    and may return anything: what is no text is shown as JSON. `harmless` promises that it changes nothing and reaches
    nothing outside; without that promise it runs only with the user's word.

    Raises `UsageError`, naming function and parameter, where no schema can be made of it.
    """
    if function is None:
        return partial(_tool, name=name, description=description, harmless=harmless)
    return _tool(function, name=name, description=description, harmless=harmless)


def _tool(function: Function, *, name: str | None, description: str | None, harmless: bool) -> Tool:
    if not (inspect.isfunction(function) or inspect.ismethod(function)):
        raise UsageError(f"{function!r} cannot be a tool: give a function (def), not a {type(function).__name__}")
    title = name or function.__name__
    if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
        raise UsageError(f"{title}() cannot be a tool: it yields; let it return a text")
    docstring = inspect.getdoc(function) or ""
    arguments, names = _arguments(function, title, docstring)
    parameters = arguments.model_json_schema(schema_generator=_untitled())
    parameters.pop("title", None)
    return Tool(
        name=title,
        description=description or _first_paragraph(docstring) or title.replace("_", " "),
        parameters=parameters,
        run=_runner(function, arguments, names),
        harmless=harmless,
    )


def _arguments(function: Function, title: str, docstring: str) -> tuple[type[BaseModel], Mapping[str, str]]:
    """The model of the function's arguments, and the parameters that its fields stand for. A field has a name of its
    own, since not every parameter's (`schema`, `_x`) can be one."""
    from pydantic import ConfigDict, Field, create_model

    hints, described = _hints(function, title), _parameter_descriptions(docstring)
    fields: dict[str, Any] = {}
    names: dict[str, str] = {}
    for number, parameter in enumerate(inspect.signature(function).parameters.values()):
        hint = _usable_hint(parameter, hints, title)
        shown: dict[str, Any] = {"alias": parameter.name, "description": described.get(parameter.name)}
        if isinstance(parameter.default, _SHOWN_DEFAULTS):
            shown["default"] = parameter.default
        elif parameter.default is not inspect.Parameter.empty:
            shown["default_factory"] = _nothing  # the function has its own
        fields[f"argument_{number}"] = (hint, Field(**shown))
        names[f"argument_{number}"] = parameter.name
    config = ConfigDict(extra="forbid", coerce_numbers_to_str=True)
    return create_model("Arguments", __config__=config, **fields), names


def _nothing() -> None:
    """Stands in for a default that JSON cannot show."""


def _hints(function: Function, title: str) -> Mapping[str, Any]:
    plain = inspect.unwrap(function)
    parameters = {name: hint for name, hint in plain.__annotations__.items() if name != "return"}
    try:
        return get_type_hints(SimpleNamespace(__annotations__=parameters), plain.__globals__, include_extras=True)
    except (NameError, TypeError) as error:
        raise UsageError(f"{title}() cannot be a tool: its type hints cannot be resolved ({error})") from error


def _usable_hint(parameter: inspect.Parameter, hints: Mapping[str, Any], title: str) -> Any:
    """The parameter's type hint, of which a schema can be made. Raises `UsageError`."""
    from pydantic import TypeAdapter
    from pydantic.errors import PydanticUserError

    where = f"{title}() cannot be a tool: its parameter {str(parameter).split(':')[0].split('=')[0]!r}"
    if parameter.kind is parameter.POSITIONAL_ONLY:
        raise UsageError(f"{where} is positional only; take away the /")
    if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
        raise UsageError(f"{where} stands for any number of arguments; name each")
    if parameter.name not in hints:
        raise UsageError(f"{where} has no type hint")
    hint = hints[parameter.name]
    try:
        TypeAdapter(hint).json_schema()
    except (PydanticUserError, TypeError) as error:  # a schema that JSON cannot say is one of the former
        raise UsageError(f"{where} has a type that JSON cannot carry: {inspect.formatannotation(hint)}") from error
    return hint


def _untitled() -> Any:
    from pydantic.json_schema import GenerateJsonSchema

    class Untitled(GenerateJsonSchema):
        """Without the titles that only repeat the names: every token of a schema is paid for in every prompt."""

        def field_title_should_be_set(self, schema: Any) -> bool:
            return False

    return Untitled


def _runner(function: Function, arguments: type[BaseModel], names: Mapping[str, str]) -> Run:
    def checked(given: Mapping[str, Any]) -> dict[str, Any]:
        from pydantic import ValidationError

        try:
            valid = arguments.model_validate(dict(given))
        except ValidationError as error:
            said = "; ".join(
                f"{'.'.join(map(str, problem['loc']))}: {problem['msg']}" for problem in error.errors(include_url=False)
            )
            raise ToolError(f"the arguments do not fit: {said}") from error
        return {names[field]: getattr(valid, field) for field in valid.model_fields_set}

    if inspect.iscoroutinefunction(function):

        async def run_async(given: Mapping[str, Any]) -> str | ToolResult:
            return _shown(await function(**checked(given)))

        return run_async

    def run(given: Mapping[str, Any]) -> str | ToolResult | Awaitable[str | ToolResult]:
        value = function(**checked(given))
        return _shown_later(value) if inspect.isawaitable(value) else _shown(value)

    return run


async def _shown_later(value: Awaitable[object]) -> str | ToolResult:
    return _shown(await value)


def _shown(value: object) -> str | ToolResult:
    if isinstance(value, str | ToolResult):
        return value
    if value is None:
        return "done"
    from pydantic_core import to_json

    return to_json(value, fallback=str, inf_nan_mode="constants", bytes_mode="base64").decode()


def _first_paragraph(docstring: str) -> str:
    return " ".join(docstring.partition("\n\n")[0].split())


def _parameter_descriptions(docstring: str) -> dict[str, str]:
    found = _SPHINX.findall(docstring)
    for section in _GOOGLE.findall(docstring):
        found += _GOOGLE_ITEM.findall(section)
    return {name: " ".join(text.split()) for name, text in found}
