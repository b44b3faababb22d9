"""Which model the settings name, where it is, and what it is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from octavo.cli.choosing import Choice, choose_model
from octavo.errors import UsageError
from octavo.models.embedded import EmbeddedModel
from octavo.models.endpoint import EndpointModel
from octavo.models.fake_server import FakeServer
from octavo.settings import load_settings

URL = "http://localhost:8000/v1"
FAR = "https://models.example.org/v1"


def choose(**flags: object) -> Choice:
    """The choice for these flags."""
    return choose_model(load_settings(flags), flags)


def test_without_an_endpoint_the_small_model_answers_and_is_announced_for_what_it_is() -> None:
    choice = choose()
    assert isinstance(choice.model, EmbeddedModel)
    assert choice.announcement == "smollm2 (135M, embedded, in this process): small, good for a try"


def test_a_key_alone_names_no_endpoint(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "secret")
    assert isinstance(choose().model, EmbeddedModel)


def test_an_endpoint_is_announced_with_its_host() -> None:
    choice = choose(base_url=URL, model="qwen3-4b")
    assert isinstance(choice.model, EndpointModel)
    assert choice.announcement == "qwen3-4b at localhost:8000"


def test_the_only_model_of_an_endpoint_needs_no_name() -> None:
    choice = choose(base_url=URL)
    assert isinstance(choice.model, EndpointModel)
    assert not choice.named


def test_a_name_without_an_endpoint_says_what_is_missing() -> None:
    with pytest.raises(UsageError, match="qwen3-4b: no endpoint to ask for it; give --base-url URL or set OPENAI_BASE"):
        choose(model="qwen3-4b")


def test_the_small_model_stays_in_this_process_whatever_the_environment_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", FAR)
    assert isinstance(choose(model="smollm2").model, EmbeddedModel)
    assert choose(model="smollm2-raw").model.name == "smollm2-raw"
    assert isinstance(choose(model="smollm2", base_url=URL).model, EndpointModel)


def test_a_file_of_weights_runs_in_this_process(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    weights = here / "Small.GGUF"
    weights.write_bytes(b"GGUF")
    monkeypatch.setenv("OPENAI_BASE_URL", URL)
    choice = choose(model=str(weights))
    assert isinstance(choice.model, EmbeddedModel)
    assert choice.announcement == "Small.GGUF (embedded, in this process)"


def test_an_endpoint_may_call_its_model_by_a_file_that_is_not_here() -> None:
    assert isinstance(choose(model="/models/qwen3.gguf", base_url=URL).model, EndpointModel)


def test_the_small_models_window_cannot_be_made_larger() -> None:
    (said,) = choose(window=32_768).warnings
    assert said == "smollm2 has a window of 8,192 tokens: using that, not 32,768"


async def test_the_key_is_sent_to_the_endpoint_that_was_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    with FakeServer(api_key="secret") as server:
        monkeypatch.setenv("OPENAI_API_KEY", "secret")
        choice = choose(base_url=server.base_url)
        await choice.model.ready()
        await choice.model.aclose()
    assert choice.model.name == "fake"


def test_a_folder_from_elsewhere_does_not_get_the_key(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "secret")
    settings_file = here / "octavo.toml"
    settings_file.write_text(f"base_url = {FAR!r}\n")
    assert "the key is not sent to models.example.org" in choose().warnings[0]
    settings_file.write_text(f"base_url = {FAR!r}\napi_key = 'its own'\n")
    monkeypatch.delenv("OPENAI_API_KEY")
    assert choose().warnings == ()
    settings_file.write_text(f"base_url = {URL!r}\n")
    monkeypatch.setenv("OPENAI_API_KEY", "secret")
    assert choose().warnings == ()
