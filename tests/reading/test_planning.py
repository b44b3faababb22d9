"""One step of level 3: what a model's reply is taken to plan, whatever its form."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from octavo.errors import ToolsRefused
from octavo.models.chat import Completion, Request, TokenUsage, ToolCall
from octavo.models.scripted import Script
from octavo.reading.planning import Plan, Planner
from octavo.reading.session import Session
from octavo.reading.tools.builtin import builtin_tools
from octavo.reading.tools.toolbox import Toolbox

from .conftest import book
from .tools.tool_session import session_of


async def planned(
    home: Path, reply: Script | str, *, tools: bool = False, native: bool = False
) -> tuple[Plan, Session]:
    """The next step, and the session that it was planned in."""
    session = session_of(home, book(40), reply=reply)
    session.options = replace(session.options, calling="native" if native else "schema")
    toolbox = Toolbox(builtin_tools(session) if tools else (), session.model.tokenizer)
    planner = Planner(session, "Where is the key?", toolbox, lambda: 0)
    return await planner.next(lambda room: ""), session


@pytest.mark.parametrize("calls", ['["search"]', '[{"name": "search"}]', '[{"tool": "search", "arguments": {}}]'])
async def test_where_there_are_no_tools_calls_are_passed_over(tmp_path: Path, calls: str) -> None:
    """A server without schemas may let a model write them all the same."""
    plan, _ = await planned(tmp_path, f'{{"questions": ["Who had it?"], "calls": {calls}}}')
    assert plan.calls == ()


async def test_what_a_model_has_nothing_to_say_to_may_be_null(tmp_path: Path) -> None:
    plan, session = await planned(tmp_path, '{"enough": null, "questions": ["Who had it?"], "calls": null}')
    assert plan == Plan(enough=False, questions=("Who had it?",))
    assert session.calls.account.calls == 1


async def test_a_call_of_what_is_no_tool_costs_itself_and_not_the_plan(tmp_path: Path) -> None:
    calls = '[{"tool": "browse", "arguments": {}}, {"tool": "search", "arguments": {"query": "key"}}]'
    plan, _ = await planned(tmp_path, f'{{"questions": ["Who had it?"], "calls": {calls}}}', tools=True)
    assert plan.questions == ("Who had it?",)
    assert plan.calls == (ToolCall("browse", {}), ToolCall("search", {"query": "key"}))


@pytest.mark.parametrize(
    "unusable",
    [
        Completion("", "stop", TokenUsage(1, 1), tool_calls=(ToolCall("look_up", None, '{"question'),)),
        Completion("First of all one has to", "length", TokenUsage(1, 1)),
    ],
    ids=["broken arguments", "cut off"],
)
async def test_a_native_plan_that_asks_nothing_is_asked_for_once_more(tmp_path: Path, unusable: Completion) -> None:
    usable = Completion("", "stop", TokenUsage(1, 1), tool_calls=(ToolCall("look_up", {"question": "Who had it?"}),))
    replies = [unusable, usable]
    plan, session = await planned(tmp_path, lambda request: replies.pop(0), native=True)
    assert plan.questions == ("Who had it?",)
    assert session.calls.account.calls == 2


async def test_where_the_endpoint_takes_no_tools_a_schema_does(tmp_path: Path) -> None:
    def reply(request: Request) -> str:
        if request.tools:
            raise ToolsRefused("no tools for this model")
        return '{"enough": false, "questions": ["Who had it?"]}' if not request.replicate else "no JSON"

    plan, session = await planned(tmp_path, reply, native=True)
    assert plan.questions == ("Who had it?",)
    assert session.warnings == ["no tools for this model; planning by a schema instead"]
