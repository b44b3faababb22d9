from __future__ import annotations

import pytest

from octavo.errors import UsageError
from octavo.models.chat import ToolSchema
from octavo.reading.tools.tool import Tool


def test_a_tool_is_not_harmless_unless_it_says_so() -> None:
    assert not Tool("a", "", {}, lambda _: "").harmless


def test_a_model_is_told_of_name_description_and_parameters() -> None:
    tool = Tool("search", "Finds.", {"type": "object"}, lambda _: "")
    assert tool.schema == ToolSchema("search", "Finds.", {"type": "object"})


@pytest.mark.parametrize("name", ["", "two words", "größe", "a.b", "x" * 65])
def test_a_name_that_servers_refuse_is_refused_here(name: str) -> None:
    with pytest.raises(UsageError, match="cannot be a tool's name"):
        Tool(name, "", {}, lambda _: "")
