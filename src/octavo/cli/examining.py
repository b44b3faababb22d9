"""What `octavo doctor` examines, each thing by itself: one that fails hides none of the others.

Knows what can be wrong and what to type about it; mends nothing.
"""

from __future__ import annotations

import asyncio
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from octavo.cli.choosing import choose_model
from octavo.cli.terminal import write_json, write_line
from octavo.errors import LibraryError, OctavoError
from octavo.models.install import SMALL, weights_of
from octavo.settings import Settings, load_settings

Verdict = Literal["ok", "note", "problem"]

_ENGINE = ("lancedb", "openai", "tokenizers", "pypdfium2")
_PATIENCE_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class Check:
    """One thing examined: `found` says what there is, `advice` what to type; a note is a problem for some uses only."""

    what: str
    verdict: Verdict
    found: str
    advice: str = ""


async def run(flags: Mapping[str, object], *, as_json: bool) -> int:
    """Examine everything and print it. Returns 1 where there is a problem; raises `UsageError` for wrong settings."""
    settings = load_settings(flags)
    checks = [
        _versions(),
        *_extras(),
        await asyncio.to_thread(_library, settings),
        await asyncio.to_thread(_ledger, settings),
        _embedded(settings),
        *await _model(settings, flags),
    ]
    if as_json:
        write_json([asdict(check) for check in checks])
    else:
        _print(checks)
    return 1 if any(check.verdict == "problem" for check in checks) else 0


def _print(checks: Sequence[Check]) -> None:
    width = max(len(check.what) for check in checks)
    for check in checks:
        advice = f"; {check.advice}" if check.advice else ""
        write_line(f"{check.verdict:8}{check.what:{width}}  {check.found}{advice}")


def _versions() -> Check:
    parts = [f"{name} {_version(name)}" for name in ("octavo", *_ENGINE)]
    return Check("versions", "ok", f"{', '.join(parts)}; Python {platform.python_version()} on {platform.system()}")


def _extras() -> list[Check]:
    return [
        _extra("office files", "mammoth", "office", "Word, PowerPoint and Excel files"),
        _extra("tool servers", "mcp", "mcp", "--mcp"),
        _extra("measuring", "wonderwords", "eval", "octavo eval's pictures, RULER, Chinese answers, the hub"),
        _extra("training", "trl", "train", "octavo train, octavo export"),
    ]


def _extra(what: str, module: str, extra: str, use: str) -> Check:
    if find_spec(module) is not None:
        return Check(what, "ok", f"{use}: {module} {_version(module)}")
    return Check(what, "note", f"{use}: not installed", f"pip install 'octavo[{extra}]'")


def _library(settings: Settings) -> Check:
    from octavo.library.library import Library

    home = settings.home_folder
    if not home.exists():
        return Check("library", "ok", f"{home}: nothing there yet")
    try:
        documents = Library(home=home).listed()
    except LibraryError as error:
        return Check("library", "problem", str(error))
    size = sum(file.stat().st_size for file in home.rglob("*") if file.is_file())
    return Check("library", "ok", f"{home}: documents: {len(documents):,}, size: {size / 1e6:,.1f} MB")


def _ledger(settings: Settings) -> Check:
    from octavo.models.ledger import Ledger

    path = settings.home_folder / "ledger.sqlite"
    if not path.exists():
        return Check("ledger", "ok", "no call was made yet")
    try:
        Ledger(path).close()
    except LibraryError as error:
        return Check("ledger", "problem", str(error))
    return Check("ledger", "ok", f"{path}: {path.stat().st_size / 1e6:,.1f} MB")


def _embedded(settings: Settings) -> Check:
    # Who uses an endpoint can do without.
    missing: Verdict = "problem" if settings.base_url is None else "note"
    if find_spec("xllamacpp") is None:
        return Check("embedded model", missing, "no engine", "pip install 'octavo[local]'")
    weights: Path | None = weights_of(SMALL)
    if weights is None and not (settings.model or "").lower().endswith(".gguf"):
        return Check("embedded model", missing, "no weights", f"octavo models install {SMALL}")
    return Check("embedded model", "ok", f"xllamacpp {_version('xllamacpp')}, {weights.name if weights else 'a file'}")


async def _model(settings: Settings, flags: Mapping[str, object]) -> list[Check]:
    """The model that `octavo ask` would use, asked for its window and tokenizer (and for nothing else)."""
    try:
        choice = choose_model(settings, flags)
    except OctavoError as error:
        return [Check("model", "problem", str(error))]
    model = choice.model
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            await model.ready()
        tokenizer = "exact" if model.tokenizer.exact else "estimated, on the high side"
        where = "in this process" if model.host == "this process" else f"at {model.host}"
        found = f"{model.name} {where}: window {model.window:,} tokens; tokens are counted: {tokenizer}"
        advice = "" if model.tokenizer.exact else "--tokenizer FILE gives exact counts"
        checks = [Check("model", "ok", found, advice)]
    except TimeoutError:
        checks = [Check("model", "problem", f"{model.host}: no reply in {_PATIENCE_SECONDS:g} s", "is it running?")]
    except OctavoError as error:
        checks = [Check("model", "problem", str(error))]
    finally:
        await model.aclose()
    return [*checks, *(Check("model", "note", message) for message in choice.warnings)]


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "missing"
