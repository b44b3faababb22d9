"""What `octavo export` does: a run becomes a file or folder, and how to use it is said.

Knows the forms; nothing of how they are written.
"""

from __future__ import annotations

import shlex
from dataclasses import asdict, dataclass
from pathlib import Path

from octavo.cli.terminal import say, write_json, write_line
from octavo.errors import UsageError
from octavo.training.export.checking import checked, tokens_to_check
from octavo.training.export.exporting import Form, export_run
from octavo.training.export.model_file import Quantization
from octavo.training.export.parity import Parity
from octavo.training.model.loading import is_gguf
from octavo.training.recipe import Recipe
from octavo.training.running.run import TrainingRun


@dataclass(frozen=True, slots=True)
class Exported:
    """What the user typed."""

    run: Path
    form: Form
    quantization: Quantization | None
    base: Path | None
    target: Path | None
    check: Path | None = None


def write_export(wanted: Exported, *, as_json: bool, quiet: bool) -> int:
    """Export. Returns the exit code; raises `OctavoError`."""
    if wanted.form != "gguf" and (wanted.quantization is not None or wanted.base is not None):
        raise UsageError(f"--quantization and --base are about --to gguf, not {wanted.form}")
    recipe = TrainingRun(wanted.run).recipe()
    tokens = tokens_to_check(wanted.run, wanted.form, wanted.check) if wanted.check is not None else []
    if wanted.form != "adapter-gguf" and not quiet:
        say("loading what was trained")
    place = export_run(
        wanted.run,
        wanted.form,
        target=wanted.target,
        quantization=wanted.quantization or "f16",
        base=wanted.base,
    )
    if not as_json:
        write_line(str(place))
    made: dict[str, object] = {
        "run": str(wanted.run),
        "form": wanted.form,
        "path": str(place),
        "bytes": _bytes(place),
    }
    if tokens:
        if not quiet:
            say("comparing it with what was trained")
        parity = checked(wanted.run, wanted.form, place, tokens)
        made["check"] = {**asdict(parity), "ratio": parity.ratio}
        if not as_json:
            say(_told(parity))
    if as_json:
        write_json(made)
    if not quiet:
        say(f"{_size(_bytes(place))}; {_use(wanted, recipe, place)}")
    return 0


def _told(parity: Parity) -> str:
    return (
        f"of {parity.positions:,} tokens it expects {100 * parity.agreement:.1f} % as the trained model does; "
        f"perplexity {parity.perplexity:.4g}, trained {parity.trained_perplexity:.4g}: {parity.ratio:.3f} times"
    )


def _bytes(place: Path) -> int:
    return place.stat().st_size if place.is_file() else sum(file.stat().st_size for file in place.rglob("*"))


def _size(count: int) -> str:
    return f"{count / 1e6:,.0f} MB" if count >= 1e7 else f"{count / 1e3:,.0f} kB"


def _use(wanted: Exported, recipe: Recipe, place: Path) -> str:
    """How to run it: with octavo where it can, else with what can."""
    if wanted.form == "merged":
        return f"serve it with vLLM or another, and name the server: octavo ask -m {place} --base-url URL ..."
    if wanted.form == "gguf":
        return _ask(wanted.run if wanted.target is None else place)
    if wanted.target is None and is_gguf(recipe.model):
        return _ask(wanted.run)
    return f"llama.cpp lays it over a .gguf file of {recipe.model}: llama-server -m BASE.gguf --lora {place}"


def _ask(model: Path) -> str:
    return f"to use it: {shlex.join(['octavo', 'ask', '-m', str(model)])} ..."
