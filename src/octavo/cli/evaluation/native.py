"""From options to the model that `native` asks: the one that all methods ask, or one with a window of its own.

Only native's window is another: octavo's levels keep the short one. Knows settings, models and memory; nothing of
benchmarks.
"""

from __future__ import annotations

from collections.abc import Mapping

from octavo.cli.choosing import Choice, choose_model
from octavo.errors import UsageError
from octavo.models.chat import ChatModel
from octavo.models.embedded import EmbeddedModel
from octavo.models.gguf_window import GgufWindow, gguf_window, stretched
from octavo.models.memory import available_memory
from octavo.settings import Settings

STRETCH = 4
"""Times the window that a model was trained for, which is as far as YaRN is published for most models."""

_GIB = 2**30


def native_model(
    choice: Choice,
    settings: Settings,
    flags: Mapping[str, object],
    *,
    window: int | None,
    extend: str | None,
    memory: int | None = None,
) -> ChatModel:
    """The model for native, not ready yet: that of `choice` where neither `window` (tokens) nor `extend` ask for
    another.

    A server stretches its own window, so only a model of this process can be extended; one that needs another window is
    loaded a second time. Raises `UsageError` where it cannot be, and where the window does not fit into `memory`
    (bytes, by default what is free).
    """
    model = choice.model
    if window is None and extend is None:
        return model
    if not isinstance(model, EmbeddedModel):
        if extend is not None:
            raise UsageError(
                f"--extend {extend}: the window of {model.name} is its server's to stretch; start that with YaRN "
                "(docs/evaluation.md has the flags of llama.cpp and vLLM), then name the window that native has with "
                "--native-window N, and that of the levels with --window"
            )
        return choose_model(settings.model_copy(update={"window": window}), flags).model
    known = gguf_window(model.weights)
    wanted = window or known.trained * STRETCH
    if extend is None and wanted > known.trained:
        raise UsageError(
            f"--native-window {wanted}: {model.name} was trained for {known.trained:,} tokens; --extend yarn stretches "
            "its window"
        )
    _check_memory(model, known, wanted, available_memory() if memory is None else memory)
    cache = settings.home_folder / "models"
    weights = model.weights if extend is None else stretched(model.weights, wanted, cache)
    # One call at once: a second one would double the memory, and a run asks one after the other.
    return EmbeddedModel(weights, window=wanted, parallel=1, adapter=model.adapter, cache=cache)


def _check_memory(model: EmbeddedModel, known: GgufWindow, window: int, memory: int | None) -> None:
    if known.token_bytes is None or memory is None:
        return
    weights = model.weights.stat().st_size
    needed = weights + window * known.token_bytes
    if needed > memory:
        most = max(0, memory - weights) // known.token_bytes
        raise UsageError(
            f"a window of {window:,} tokens takes {needed / _GIB:.1f} GiB ({known.token_bytes:,} bytes a token, and "
            f"the weights), and {memory / _GIB:.1f} GiB are free; give --native-window {most} or less"
        )
