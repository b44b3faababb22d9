from __future__ import annotations

from dataclasses import replace

import pytest

from octavo.errors import RateLimited, WindowExceeded
from octavo.models.chat import ChatModel, Completion, Message, Request, TokenUsage, ToolSchema
from octavo.models.scripted import ScriptedModel
from tests.models.virtual_time import VirtualTime


def request(text: str, max_tokens: int = 100) -> Request:
    return Request((Message("user", text),), max_tokens)


async def test_it_replies_what_the_script_says_and_keeps_the_requests() -> None:
    model: ChatModel = ScriptedModel(lambda asked: asked.messages[-1].content.upper())
    await model.ready()
    completion = await model.complete(request("hello"))
    assert completion.text == "HELLO"
    assert completion.usage == TokenUsage(model.measure(request("hello").messages), 1)
    assert isinstance(model, ScriptedModel)
    assert model.requests == [request("hello")]


async def test_a_whole_completion_is_passed_on_as_it_is() -> None:
    said = Completion("x", "stop", TokenUsage(1, 2, 3), 4.0)
    assert await ScriptedModel(lambda _: said).complete(request("hello")) is said


async def test_the_window_is_enforced_to_the_token() -> None:
    model = ScriptedModel("yes", window=200)
    room = 200 - model.measure(request("hello").messages)
    await model.complete(request("hello", room))
    with pytest.raises(WindowExceeded) as failure:
        await model.complete(request("hello", room + 1))
    assert failure.value.window == 200


async def test_a_reply_is_cut_at_the_most_tokens_it_may_have() -> None:
    completion = await ScriptedModel("one two three").complete(request("hello", 2))
    assert (completion.text, completion.finish_reason, completion.usage.completion) == ("one two", "length", 2)


async def test_a_script_may_fail_as_a_server_does() -> None:
    def refuse(_: Request) -> str:
        raise RateLimited("not now", retry_after=3.0)

    with pytest.raises(RateLimited):
        await ScriptedModel(refuse).complete(request("hello"))


async def test_it_streams_word_by_word() -> None:
    *texts, whole = [piece async for piece in ScriptedModel("one  two\nthree ").stream(request("hello"))]
    assert texts == ["one", " ", " two\nthree", " "]
    assert isinstance(whole, Completion) and whole.text == "one  two\nthree "


async def test_latency_passes_in_the_time_it_is_given() -> None:
    time = VirtualTime()
    await time.run(ScriptedModel("yes", latency=90.0, sleep=time.sleep).complete(request("hello")))
    assert time.now == 90.0


async def test_tools_that_are_offered_take_their_part_of_the_window() -> None:
    model = ScriptedModel("yes", window=1_000)
    tools = (ToolSchema("search", "Finds.", {"type": "object"}),)
    room = 1_000 - model.measure(request("hello").messages, tools)
    completion = await model.complete(replace(request("hello", room), tools=tools))
    assert completion.usage.prompt == 1_000 - room
    with pytest.raises(WindowExceeded):
        await model.complete(replace(request("hello", room + 1), tools=tools))
