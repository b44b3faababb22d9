from __future__ import annotations

import asyncio
import gc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from octavo import errors
from octavo.models import connections
from octavo.models.chat import Completion, Message, Request, TokenLogprob, TokenUsage, ToolCall, ToolSchema
from octavo.models.connections import is_loopback
from octavo.models.endpoint import EndpointModel
from octavo.models.failures import TimedOut
from octavo.models.fake_server import FakeServer
from tests.models.vocabulary import byte_level

HELLO = (Message("system", "Be brief."), Message("user", "Hello?"))
SCHEMA = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}


SEARCH = ToolSchema(
    "search",
    "Finds passages.",
    {"type": "object", "properties": {"query": {"type": "string"}}, "required": ["query"]},
)


def request(text: str = "Hello?", **options: Any) -> Request:
    return Request((Message("user", text),), max_tokens=options.pop("max_tokens", 16), **options)


@pytest.fixture
def fake() -> Iterator[FakeServer]:
    with FakeServer("Hello there, you.") as server:
        yield server


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("OCTAVO_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)


async def asked(server: FakeServer, call: Request, **options: Any) -> Completion:
    model = EndpointModel(base_url=server.base_url, **options)
    try:
        return await model.complete(call)
    finally:
        await model.aclose()


# Where it goes


def test_without_an_address_nothing_is_asked_even_with_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "secret")
    with pytest.raises(errors.UsageError, match="OPENAI_BASE_URL"):
        EndpointModel("some-model")


@pytest.mark.parametrize("url", ["localhost:8000/v1", "ftp://a/v1", "http://", "nonsense"])
def test_an_address_that_is_none_is_refused_at_once(url: str) -> None:
    with pytest.raises(errors.UsageError, match="http"):
        EndpointModel(base_url=url)


async def test_the_environment_names_the_endpoint(fake: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", fake.base_url)
    model = EndpointModel()
    await model.ready()
    assert model.host == fake.base_url.split("/")[2]
    await model.aclose()


async def test_a_proxy_of_the_environment_is_not_used_for_this_machine(
    fake: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    assert (await asked(fake, request())).text == "Hello there, you."


@pytest.mark.parametrize(
    ("url", "loopback"),
    [
        ("http://localhost:1/v1", True),
        ("http://127.0.0.9/v1", True),
        ("http://[::1]:8000/v1", True),
        ("http://192.168.0.2/v1", False),
        ("https://example.org/v1", False),
    ],
)
def test_loopback_is_known_by_its_address(url: str, loopback: bool) -> None:
    assert is_loopback(url) is loopback


async def test_a_redirection_is_not_followed() -> None:
    requests = 0

    async def redirect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal requests
        requests += 1
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 307 Moved\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    async with await asyncio.start_server(redirect, "127.0.0.1", 0) as server:
        model = EndpointModel(base_url=f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1")
        with pytest.raises(errors.RequestRejected, match="leads to /elsewhere"):
            await model.ready()
        await model.aclose()
    assert requests == 1


# What is served


async def test_the_only_model_needs_no_name_and_the_window_is_the_server_s(fake: FakeServer) -> None:
    model = EndpointModel(base_url=fake.base_url)
    await model.ready()
    assert (model.name, model.window, model.parallel) == ("fake", 8_192, None)
    assert "estimated" in " ".join(model.warnings)
    await model.aclose()


async def test_an_unknown_model_is_answered_with_those_that_are_served(fake: FakeServer) -> None:
    model = EndpointModel("qwen", fake.base_url)
    with pytest.raises(errors.UnknownModel, match="'qwen'; it serves fake"):
        await model.ready()
    await model.aclose()


async def test_a_narrower_window_is_taken_and_a_wider_one_limited_with_a_warning(fake: FakeServer) -> None:
    narrow, wide = (EndpointModel(base_url=fake.base_url, window=window) for window in (4_096, 100_000))
    await narrow.ready()
    await wide.ready()
    assert narrow.window == 4_096
    assert wide.window == 8_192
    assert "100,000" in wide.warnings[0]
    await narrow.aclose()
    await wide.aclose()


async def test_llama_cpp_tells_window_slots_and_template() -> None:
    with FakeServer(announces="props") as server:
        model = EndpointModel(base_url=server.base_url)
        await model.ready()
        assert (model.window, model.parallel) == (8_192, 4)
        few = model.measure(HELLO[1:])
        completion = await model.complete(Request(HELLO, max_tokens=4))
        assert few < model.measure(HELLO)
        assert model.measure(HELLO) >= completion.usage.prompt
        await model.aclose()


async def test_a_server_that_does_not_tell_its_window_needs_the_user_to() -> None:
    with FakeServer(announces="nothing") as server:
        silent = EndpointModel(base_url=server.base_url)
        with pytest.raises(errors.UsageError, match="--window"):
            await silent.ready()
        told = EndpointModel(base_url=server.base_url, window=5_000)
        await told.ready()
        assert told.window == 5_000
        await silent.aclose()
        await told.aclose()


async def test_the_fingerprint_tells_models_and_hosts_apart(fake: FakeServer) -> None:
    with FakeServer(name="other") as other:
        models = [EndpointModel(base_url=url) for url in (fake.base_url, fake.base_url, other.base_url)]
        for model in models:
            await model.ready()
            await model.aclose()
        assert models[0].fingerprint == models[1].fingerprint != models[2].fingerprint


def test_a_model_that_is_not_ready_says_so(fake: FakeServer) -> None:
    with pytest.raises(RuntimeError, match="ready"):
        _ = EndpointModel(base_url=fake.base_url).window


async def test_a_refused_connection_says_where_and_what_to_look_at() -> None:
    model = EndpointModel(base_url="http://127.0.0.1:9/v1")
    with pytest.raises(errors.ModelUnavailable, match=r"127\.0\.0\.1:9.*is the server running"):
        await model.ready()
    await model.aclose()


# Calls


async def test_a_reply_comes_with_usage_and_the_request_as_it_was_meant(fake: FakeServer) -> None:
    completion = await asked(fake, Request(HELLO, max_tokens=9, temperature=0.5, seed=3, stop=("END",)))
    assert completion.text == "Hello there, you."
    assert completion.finish_reason == "stop"
    assert completion.usage.prompt > 0
    assert completion.seconds > 0
    (call,) = fake.calls
    assert call.messages == HELLO
    expected = {"model": "fake", "max_tokens": 9, "temperature": 0.5, "seed": 3, "stop": ["END"]}
    assert expected.items() <= call.body.items()
    assert not {"response_format", "logprobs", "top_logprobs", "stream"} & set(call.body)


async def test_a_schema_is_asked_for_strictly(fake: FakeServer) -> None:
    await asked(fake, request(schema=SCHEMA))
    assert fake.calls[0].body["response_format"] == {
        "type": "json_schema",
        "json_schema": {"name": "reply", "schema": SCHEMA, "strict": True},
    }


async def test_logprobs_and_cached_tokens_come_back() -> None:
    said = Completion(
        "none", "stop", TokenUsage(50, 1, 40), logprobs=(TokenLogprob("none", -0.1, (("none", -0.1), ("1", -3.0))),)
    )
    with FakeServer(lambda _: said) as server:
        completion = await asked(server, request(logprobs=True))
        assert completion.logprobs == said.logprobs
        assert completion.usage == said.usage
        assert server.calls[0].body["top_logprobs"] == 5


async def test_text_that_no_encoding_can_carry_is_sent_all_the_same(fake: FakeServer) -> None:
    await asked(fake, request("a\ud800b"))
    assert fake.calls[0].messages[0].content == "a\ufffdb"


@pytest.mark.parametrize("parameter", ["response_format", "logprobs", "temperature", "seed"])
async def test_a_parameter_that_is_refused_is_left_out_from_then_on(parameter: str) -> None:
    with FakeServer("3", refuses=[parameter]) as server:
        model = EndpointModel(base_url=server.base_url)
        call = request(schema=SCHEMA, logprobs=True, seed=1)
        for _ in range(2):
            assert (await model.complete(call)).text == "3"
        assert [call.outcome for call in server.calls] == [400, 200, 200]
        assert any(parameter in warning for warning in model.warnings)
        await model.aclose()


async def test_calls_refused_at_the_same_time_are_all_sent_again() -> None:
    with FakeServer("3", refuses=["response_format"]) as server:
        model = EndpointModel(base_url=server.base_url)
        await model.ready()
        replies = await asyncio.gather(*(model.complete(request(schema=SCHEMA)) for _ in range(8)))
        assert [reply.text for reply in replies] == ["3"] * 8
        await model.aclose()


async def test_the_newer_name_for_the_length_of_the_reply_is_learnt() -> None:
    with FakeServer("3", refuses=["max_tokens"]) as server:
        await asked(server, request(max_tokens=7))
        assert server.calls[-1].body["max_completion_tokens"] == 7


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ("rate_limited", errors.RateLimited),
        ("server_error", errors.ModelUnavailable),
        ("broken_json", errors.ModelUnavailable),
        ("dropped", errors.ModelUnavailable),
    ],
)
@pytest.mark.parametrize("streamed", [False, True])
async def test_every_failure_is_a_retryable_error_and_the_next_call_succeeds(
    fault: Any, kind: type[errors.ModelError], streamed: bool
) -> None:
    with FakeServer("fine words", faults=[fault], retry_after=2.5) as server:
        model = EndpointModel(base_url=server.base_url)
        with pytest.raises(kind) as failure:
            await _taken(model, request(), streamed)
        assert failure.value.retryable
        assert failure.value.retry_after == (2.5 if fault == "rate_limited" else None)
        assert (await _taken(model, request(), streamed)).text == "fine words"
        await model.aclose()


async def _taken(model: EndpointModel, call: Request, streamed: bool) -> Completion:
    if not streamed:
        return await model.complete(call)
    pieces = [piece async for piece in model.stream(call)]
    assert isinstance(pieces[-1], Completion)
    return pieces[-1]


async def test_a_wrong_key_is_said_to_be_one() -> None:
    with FakeServer(api_key="right") as server:
        with pytest.raises(errors.Unauthorized, match="OPENAI_API_KEY"):
            await asked(server, request(), api_key="wrong")
        assert (await asked(server, request(), api_key="right")).text == "none"


async def test_a_prompt_over_the_window_comes_back_with_both_numbers() -> None:
    with FakeServer(window=100) as server:
        with pytest.raises(errors.WindowExceeded) as failure:
            await asked(server, request("word " * 300))
        assert failure.value.window == 100
        assert failure.value.prompt_tokens == 309


async def test_a_call_that_takes_too_long_is_given_up() -> None:
    with FakeServer(latency=30) as server, pytest.raises(TimedOut, match=r"0\.2 s"):
        await asked(server, request(), timeout=0.2)


async def test_cancelling_a_call_ends_it_at_the_server() -> None:
    with FakeServer(latency=30) as server:
        model = EndpointModel(base_url=server.base_url)
        await model.ready()
        call = asyncio.create_task(model.complete(request()))
        await _until(lambda: server.peak == 1)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        await _until(lambda: server.broken_off == 1)
        await model.aclose()


async def _until(happened: Any) -> None:
    async with asyncio.timeout(10):
        while not happened():  # noqa: ASYNC110 - what is waited for happens in the server's thread
            await asyncio.sleep(0.005)


# Streams


async def test_a_stream_gives_the_pieces_and_then_the_whole(fake: FakeServer) -> None:
    model = EndpointModel(base_url=fake.base_url)
    *texts, whole = [piece async for piece in model.stream(request())]
    assert texts == ["Hello", " there,", " you."]
    assert isinstance(whole, Completion)
    assert whole.text == "Hello there, you."
    assert whole.usage == (await model.complete(request())).usage
    await model.aclose()


async def test_a_stream_without_usage_is_counted_here() -> None:
    with FakeServer("Hello there", refuses=["stream_options"]) as server:
        model = EndpointModel(base_url=server.base_url)
        pieces = [piece async for piece in model.stream(request())]
        assert isinstance(pieces[-1], Completion)
        assert pieces[-1].usage.prompt == model.measure(request().messages)
        assert pieces[-1].usage.completion > 0
        await model.aclose()


async def test_a_stream_that_is_left_early_leaves_nothing_open(fake: FakeServer) -> None:
    model = EndpointModel(base_url=fake.base_url)
    stream = model.stream(request())
    assert await anext(aiter(stream)) == "Hello"
    await stream.aclose()  # type: ignore[attr-defined]
    assert (await model.complete(request())).text == "Hello there, you."
    await model.aclose()


# Counting


async def test_the_measure_learns_from_usage_and_chunks_do_not_move() -> None:
    heavy = Completion("none", "stop", TokenUsage(prompt=900, completion=1))
    with FakeServer(lambda _: heavy) as server:
        model = EndpointModel(base_url=server.base_url)
        await model.ready()
        call = request("word " * 400)
        starts = model.tokenizer.token_starts([call.messages[0].content])
        assert model.measure(call.messages) < 900
        await model.complete(call)
        assert model.measure(call.messages) == 900
        assert model.tokenizer.token_starts([call.messages[0].content]) == starts
        await model.aclose()


async def test_a_tokenizer_json_makes_counts_exact_and_a_wrong_one_is_found_out(tmp_path: Path) -> None:
    (tmp_path / "tokenizer.json").write_text(byte_level().to_str(), encoding="utf-8")
    heavy = Completion("none", "stop", TokenUsage(prompt=5_000, completion=1))
    with FakeServer(lambda _: heavy) as server:
        model = EndpointModel(base_url=server.base_url, tokenizer=tmp_path / "tokenizer.json")
        await model.ready()
        assert model.tokenizer.exact
        assert not model.warnings
        await model.complete(request("the fox " * 200))
        assert "is it this model's?" in " ".join(model.warnings)
        await model.aclose()


async def test_what_was_learnt_is_known_to_the_next_process(tmp_path: Path) -> None:
    counts = {400: 900, 1: 60, 2: 2_000}
    with FakeServer(lambda asked: _heavy(counts[len(asked.messages[0].content.split())])) as server:
        first = EndpointModel(base_url=server.base_url, cache=tmp_path)
        for call in (request("word " * 400), request("word"), request("two words", tools=(SEARCH,))):
            await first.complete(call)
        second = EndpointModel(base_url=server.base_url, cache=tmp_path)
        await second.ready()
        for call in (request("word " * 2_000), request("one"), request("two words", tools=(SEARCH,))):
            assert second.measure(call.messages, call.tools) == first.measure(call.messages, call.tools)
        assert second.measure(request("word").messages) >= 60
        await first.aclose()
        await second.aclose()


async def test_what_was_learnt_of_one_model_says_nothing_of_another(tmp_path: Path) -> None:
    with FakeServer(lambda _: _heavy(900)) as server, FakeServer(name="other") as other:
        await asked(server, request("word " * 400), cache=tmp_path)
        model = EndpointModel(base_url=other.base_url, cache=tmp_path)
        await model.ready()
        assert model.measure(request("word " * 400).messages) < 900
        await model.aclose()


def _heavy(prompt_tokens: int) -> Completion:
    return Completion("none", "stop", TokenUsage(prompt=prompt_tokens, completion=1))


# Tools


@pytest.mark.parametrize("streamed", [False, True])
async def test_tools_are_offered_and_their_calls_come_back(streamed: bool) -> None:
    calls = (ToolCall("search", {"query": "the “compass”"}), ToolCall("outline", {}))
    said = Completion("Let me look.", "tool_calls", TokenUsage(20, 5), tool_calls=calls)
    with FakeServer(lambda _: said) as server:
        model = EndpointModel(base_url=server.base_url)
        completion = await _taken(model, request(tools=(SEARCH,)), streamed)
        await model.aclose()
    assert completion.tool_calls == calls
    assert (completion.text, completion.finish_reason) == ("Let me look.", "tool_calls")
    function = {"name": SEARCH.name, "description": SEARCH.description, "parameters": SEARCH.parameters}
    assert server.calls[0].body["tools"] == [{"type": "function", "function": function}]


async def test_a_request_without_tools_mentions_none(fake: FakeServer) -> None:
    await asked(fake, request())
    assert "tools" not in fake.calls[0].body


@pytest.mark.parametrize("streamed", [False, True])
async def test_a_server_that_takes_no_tools_is_a_typed_error_and_nothing_is_dropped(streamed: bool) -> None:
    with FakeServer("fine", refuses=["tools"]) as server:
        model = EndpointModel(base_url=server.base_url)
        with pytest.raises(errors.ToolsRefused, match="takes no tools"):
            await _taken(model, request(tools=(SEARCH,)), streamed)
        assert [call.outcome for call in server.calls] == [400]
        assert (await _taken(model, request(), streamed)).text == "fine"
        await model.aclose()


async def test_tools_are_measured_on_the_high_side(fake: FakeServer) -> None:
    model = EndpointModel(base_url=fake.base_url)
    completion = await model.complete(request(tools=(SEARCH,)))
    assert model.measure(request().messages) < completion.usage.prompt
    assert model.measure(request().messages, (SEARCH,)) >= completion.usage.prompt
    await model.aclose()


# Loops


def test_one_model_serves_several_event_loops_and_leaves_no_connection_behind(fake: FakeServer) -> None:
    model = EndpointModel(base_url=fake.base_url)
    for _ in range(3):
        assert asyncio.run(model.complete(request())).text == "Hello there, you."
    assert not model._connections._loops


def test_a_closed_model_can_be_used_again(fake: FakeServer) -> None:
    async def twice() -> list[str]:
        model = EndpointModel(base_url=fake.base_url)
        texts = []
        for _ in range(2):
            texts.append((await model.complete(request())).text)
            await model.aclose()
        return texts

    assert asyncio.run(twice()) == ["Hello there, you."] * 2


def test_a_model_that_is_dropped_unclosed_disturbs_no_other() -> None:
    """New model after new model in one loop: sockets of dropped ones must not be closed under the loop."""
    with FakeServer(lambda request: "yes") as server:

        async def many() -> None:
            for _ in range(12):
                model = EndpointModel(base_url=server.base_url, timeout=5)
                await model.ready()
                await asyncio.gather(
                    *(model.complete(Request((Message("user", str(number)),), max_tokens=4)) for number in range(24))
                )
                del model
                gc.collect()
                await asyncio.sleep(0)
            await asyncio.sleep(0.05)
            assert len(connections._OPEN) <= 2

        asyncio.run(many())
    assert not connections._OPEN
