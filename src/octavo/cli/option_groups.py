"""Options that several verbs share as one parameter: a frozen dataclass whose fields are options.

    @grouped
    def ask(question: Question, *, level: LevelOptions, reading: ReadingOptions) -> None: ...

Typer builds a command from a function's signature; `grouped` gives it one in which the fields of a group stand where
its parameter stood, and puts them together again when the command runs. Knows signatures; nothing of what is asked.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from dataclasses import fields, is_dataclass
from functools import wraps
from itertools import chain
from typing import Any, TypeVar, get_type_hints

T = TypeVar("T")


def grouped(verb: Callable[..., None]) -> Callable[..., None]:
    """The verb as a command: a keyword-only parameter that is annotated with a dataclass becomes the options that are
    its fields."""
    parameters = list(inspect.signature(verb, eval_str=True).parameters.values())
    kinds = {each.name: each.annotation for each in parameters}
    groups = {name: kind for name, kind in kinds.items() if isinstance(kind, type) and is_dataclass(kind)}

    @wraps(verb)
    def command(**given: Any) -> None:
        together = {name: taken(group, given) for name, group in groups.items()}
        verb(**given, **together)

    expanded = (options_of(groups[each.name]) if each.name in groups else [each] for each in parameters)
    return as_command(command, chain.from_iterable(expanded))


def as_command(function: Callable[..., None], parameters: Iterable[inspect.Parameter]) -> Callable[..., None]:
    """The function, which takes keywords, with these parameters for Typer to see."""
    named = [each.replace(kind=inspect.Parameter.KEYWORD_ONLY) for each in parameters]
    function.__signature__ = inspect.Signature(named)  # type: ignore[attr-defined]
    function.__annotations__ = {each.name: each.annotation for each in named}
    return function


def options_of(group: Any) -> list[inspect.Parameter]:
    """The options of a group, as parameters."""
    hints = get_type_hints(group, include_extras=True)
    return [
        inspect.Parameter(
            field.name, inspect.Parameter.KEYWORD_ONLY, default=field.default, annotation=hints[field.name]
        )
        for field in fields(group)
    ]


def taken(group: type[T], given: dict[str, Any]) -> T:
    """The group, made of what was `given` for its options, which are taken out of it."""
    return group(**{field.name: given.pop(field.name) for field in fields(group)})  # type: ignore[arg-type]
