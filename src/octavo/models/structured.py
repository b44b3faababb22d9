"""A model's reply as JSON that fits a schema, or a typed failure.

Tolerant in reading: what stands in a fenced block, between words, after a train of thought, or with a bracket missing
is found; a number written as a string counts. Strict in the result: types, required properties, items and
enumerations are checked. Knows texts and schemas; nothing of models.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from octavo.errors import InvalidReply
from octavo.models.chat import Schema

_SHOWN_CHARACTERS = 120
_THOUGHT = re.compile(r"^\s*<think>.*?</think>", re.DOTALL)
_FENCED = re.compile(r"```[\w-]*[ \t]*\n?(.*?)(?:```|\Z)", re.DOTALL)
_OPENING = re.compile(r"[\[{]")
_INTEGER = re.compile(r"\s*[-+]?\d+\s*")

_TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "null": (type(None),),
}


def parse_reply(text: str, schema: Schema) -> Any:
    """The value in `text`, fitting `schema`. Raises `InvalidReply`, saying where it does not fit."""
    complaint = "no JSON in it"
    for candidate in _candidates(_THOUGHT.sub("", text)):
        try:
            return fitted(candidate, schema, "the reply")
        except InvalidReply as error:
            complaint = str(error)
    shown = " ".join(text.split())
    shown = shown if len(shown) <= _SHOWN_CHARACTERS else shown[:_SHOWN_CHARACTERS] + "…"
    raise InvalidReply(f"the model's reply does not fit what was asked for ({complaint}): {shown!r}")


def parse_arguments(text: str) -> dict[str, Any] | None:
    """The arguments in the words of a tool call, none where it has no words; None where they are no JSON object."""
    if not text.strip():
        return {}
    return next((value for value in _candidates(text) if isinstance(value, dict)), None)


def _candidates(text: str) -> list[Any]:
    """What `text` may mean as JSON, the likeliest first: as it stands, its fenced blocks, from its first bracket."""
    from json_repair import repair_json

    pieces = [text, *_FENCED.findall(text)]
    if opening := _OPENING.search(text):
        pieces.append(text[opening.start() :])
    values: list[Any] = []
    for piece in pieces:
        try:
            values.append(json.loads(piece, strict=False))
        except ValueError:
            continue
    if not values:
        repaired = repair_json(pieces[-1], return_objects=True, skip_json_loads=True) if len(pieces) > 1 else ""
        values = [] if repaired == "" else [repaired]
    return values


def fitted(value: Any, schema: Schema, where: str) -> Any:
    """`value`, its parts made to fit `schema` where that loses nothing. Raises `InvalidReply`, in which it is called
    `where`."""
    if not isinstance(schema, Mapping):  # true and false are schemas too
        return value
    types = schema.get("type")
    if types is not None:
        value = _typed(value, [types] if isinstance(types, str) else list(types), where)
    if "enum" in schema and value not in schema["enum"]:
        raise InvalidReply(f"{where} is none of {', '.join(map(str, schema['enum']))}")
    if isinstance(value, dict):
        return _fitted_object(value, schema, where)
    items = schema.get("items")
    if isinstance(value, list) and isinstance(items, Mapping):
        return [fitted(item, items, f"{where}[{index}]") for index, item in enumerate(value)]
    return value


def _fitted_object(value: dict[str, Any], schema: Schema, where: str) -> dict[str, Any]:
    properties = schema.get("properties", {})
    missing = [name for name in schema.get("required", ()) if name not in value]
    if missing:
        raise InvalidReply(f"{where} lacks {', '.join(missing)}")
    return {
        name: fitted(part, properties[name], f"{where}.{name}") if name in properties else part
        for name, part in value.items()
    }


def _typed(value: Any, types: list[str], where: str) -> Any:
    for name in types:
        # In Python a truth value is an integer; in JSON it is not.
        if isinstance(value, _TYPES.get(name, (object,))) and (not isinstance(value, bool) or name == "boolean"):
            return value
    if "integer" in types and isinstance(value, float) and value.is_integer():
        return int(value)
    if ("integer" in types or "number" in types) and isinstance(value, str) and _INTEGER.fullmatch(value):
        return int(value)
    raise InvalidReply(f"{where} is not of type {' or '.join(types)}")
