"""Which model native asks."""

from __future__ import annotations

from pathlib import Path

import pytest

from octavo.cli.choosing import Choice, choose_model
from octavo.cli.evaluation.native import native_model
from octavo.errors import UsageError
from octavo.models.embedded import EmbeddedModel
from octavo.models.endpoint import EndpointModel
from octavo.settings import Settings, load_settings
from tests.models.vocabulary import write_tiny_model

URL = "http://127.0.0.1:9/v1"
PLENTY = 10**12


def chosen(**flags: object) -> tuple[Choice, Settings, dict[str, object]]:
    settings = load_settings(flags)
    return choose_model(settings, flags), settings, flags


@pytest.fixture
def tiny(here: Path) -> str:
    """A model whose weights are 100 kB and whose cache takes 128 bytes a token."""
    write_tiny_model(here / "tiny.gguf", "smollm", rotary=True)
    return str(here / "tiny.gguf")


def test_it_is_that_of_all_methods_unless_another_window_is_wanted() -> None:
    choice, *rest = chosen(model="m", base_url=URL)
    assert native_model(choice, *rest, window=None, extend=None) is choice.model  # type: ignore[arg-type]


def test_an_endpoint_is_asked_with_the_other_window() -> None:
    choice, *rest = chosen(model="m", base_url=URL, window=4_096)
    model = native_model(choice, *rest, window=32_768, extend=None)  # type: ignore[arg-type]
    assert isinstance(model, EndpointModel)
    assert model is not choice.model
    assert (model.name, model.host) == ("m", "127.0.0.1:9")


def test_a_server_stretches_its_own_window() -> None:
    choice, *rest = chosen(model="m", base_url=URL)
    with pytest.raises(
        UsageError, match=r"--extend yarn: the window of m is its server's to stretch; .*--native-window"
    ):
        native_model(choice, *rest, window=None, extend="yarn")  # type: ignore[arg-type]


def test_a_model_of_this_process_is_loaded_again_four_times_as_wide_or_as_asked(tiny: str) -> None:
    choice, *rest = chosen(model=tiny)
    for window, name in ((None, "tiny-yarn-1024"), (2_000, "tiny-yarn-2000")):
        model = native_model(choice, *rest, window=window, extend="yarn", memory=PLENTY)  # type: ignore[arg-type]
        assert isinstance(model, EmbeddedModel)
        assert (model.name, model.parallel, model.weights.is_file()) == (name, 1, True)


def test_more_than_it_was_trained_for_needs_stretching(tiny: str) -> None:
    choice, *rest = chosen(model=tiny)
    with pytest.raises(UsageError, match="tiny was trained for 256 tokens; --extend yarn stretches its window"):
        native_model(choice, *rest, window=300, extend=None, memory=PLENTY)  # type: ignore[arg-type]
    narrow = native_model(choice, *rest, window=200, extend=None, memory=PLENTY)  # type: ignore[arg-type]
    assert narrow.name == "tiny"


def test_a_window_that_memory_does_not_hold_is_said_with_the_longest_that_it_does(tiny: str) -> None:
    choice, *rest = chosen(model=tiny)
    memory = Path(tiny).stat().st_size + 128 * 500
    with pytest.raises(
        UsageError, match=r"a window of 1,024 tokens takes .* are free; give --native-window 500 or less"
    ):
        native_model(choice, *rest, window=None, extend="yarn", memory=memory)  # type: ignore[arg-type]
    assert native_model(choice, *rest, window=500, extend="yarn", memory=memory).name == "tiny-yarn-500"  # type: ignore[arg-type]
