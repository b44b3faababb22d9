"""From settings to the model they name, and the first line that says which it is and where.

Knows the kinds of models; nothing of what they are asked.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from octavo.errors import UsageError
from octavo.models.install import SMALL, SMALL_RAW
from octavo.settings import Settings, set_by_working_folder, variable_of

if TYPE_CHECKING:
    from octavo.models.chat import ChatModel

SMALL_WINDOW = 8_192

_NO_KEY = "none"
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True)
class Choice:
    """A model; `announcement`, which names it and its host; `named`, whether its name is known before it is asked; and
    what the user should know of the choice."""

    model: ChatModel
    announcement: str
    named: bool = True
    warnings: tuple[str, ...] = ()


def choose_model(settings: Settings, flags: Mapping[str, object]) -> Choice:
    """The model that the settings name; without an endpoint the small one in this process.

    `smollm2` (`smollm2-raw`: without what octavo taught it), a `.gguf` file and the folder of a training run in this
    process unless `--base-url` stands beside them. Raises `UsageError` for a name without an endpoint, and for a
    training that nothing was exported of.
    """
    name = settings.model
    if name is None and settings.base_url is None:
        return _small(settings, SMALL)
    url_beside_name = flags.get("base_url") is not None
    if name is not None and name in (SMALL, SMALL_RAW) and not url_beside_name:
        return _small(settings, name)
    if name is not None and _is_file(name) and not url_beside_name and (settings.base_url is None or _exists(name)):
        return _file(settings, Path(name).expanduser())
    if name is not None and not url_beside_name and Path(name).expanduser().is_dir():
        folder = Path(name).expanduser()
        if (folder / "recipe.json").is_file() or settings.base_url is None:
            return _trained(settings, folder)
    if settings.base_url is None:
        raise UsageError(
            f"{name}: no endpoint to ask for it; give --base-url URL or set {variable_of('base_url')} "
            f"({SMALL}, .gguf files and trainings need none: they run in this process)"
        )
    return _endpoint(settings, flags, settings.base_url)


def _small(settings: Settings, name: str) -> Choice:
    from octavo.models.embedded import EmbeddedModel

    window = min(settings.window or SMALL_WINDOW, SMALL_WINDOW)
    warnings = (
        (f"{name} has a window of {SMALL_WINDOW:,} tokens: using that, not {settings.window:,}",)
        if settings.window is not None and settings.window > SMALL_WINDOW
        else ()
    )
    return Choice(
        EmbeddedModel(window=window, raw=name == SMALL_RAW, cache=_cache(settings)),
        f"{name} (135M, embedded, in this process): small, good for a try",
        warnings=warnings,
    )


def _file(settings: Settings, path: Path) -> Choice:
    from octavo.models.embedded import EmbeddedModel

    model = EmbeddedModel(path, window=settings.window or SMALL_WINDOW, cache=_cache(settings))
    return Choice(model, f"{path.name} (embedded, in this process)")


def _trained(settings: Settings, folder: Path) -> Choice:
    from octavo.cli.training.trained import trained
    from octavo.models.embedded import EmbeddedModel

    found = trained(folder)
    wanted = settings.window or max(SMALL_WINDOW, found.longest)
    window = min(wanted, found.reach)
    warnings = (
        (f"{folder} reads {found.reach:,} tokens: using that, not {settings.window:,}",)
        if settings.window is not None and settings.window > window
        else ()
    )
    over_small = found.small and found.adapter is not None
    model = EmbeddedModel(
        None if over_small else found.weights,  # the small model's own are kept in a form that is read faster
        window=window,
        parallel=2 if window <= SMALL_WINDOW else 1,  # each call at once has a window of its own in memory
        adapter=found.adapter,
        like=SMALL if found.small and not over_small else None,
        cache=_cache(settings),
    )
    return Choice(model, f"{folder} (trained, embedded, in this process)", warnings=warnings)


def _endpoint(settings: Settings, flags: Mapping[str, object], url: str) -> Choice:
    from octavo.models.endpoint import EndpointModel

    host = urlsplit(url).hostname or ""
    key = settings.api_key.get_secret_value() if settings.api_key is not None else _NO_KEY
    warnings: tuple[str, ...] = ()
    # A folder that came from elsewhere may name an address, but not have this user's key sent there.
    untrusted = set_by_working_folder("base_url", flags) and not set_by_working_folder("api_key", flags)
    if untrusted and key != _NO_KEY and host not in _LOOPBACK:
        key = _NO_KEY
        warnings = (
            f"the key is not sent to {host}, which only the octavo.toml of this folder names; give --base-url {url} to "
            "send it",
        )
    model = EndpointModel(settings.model, url, key, settings.window, settings.tokenizer, cache=_cache(settings))
    named = settings.model is not None
    return Choice(model, f"{settings.model} at {model.host}" if named else "", named=named, warnings=warnings)


def _cache(settings: Settings) -> Path:
    return settings.home_folder / "models"


def _is_file(name: str) -> bool:
    return name.lower().endswith(".gguf")


def _exists(name: str) -> bool:
    return Path(name).expanduser().is_file()
