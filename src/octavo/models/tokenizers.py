"""From what a user gives to a tokenizer.

A path of a `tokenizer.json` (or its folder), a path of a `.gguf`, or a name on the Hugging Face hub. Knows which
implementation reads which; nothing of models.
"""

from __future__ import annotations

from pathlib import Path

from octavo.models.estimated_tokenizer import EstimatedTokenizer
from octavo.models.gguf_tokenizer import UnknownPreTokenizer, gguf_tokenizer
from octavo.models.json_tokenizer import JsonTokenizer
from octavo.models.tokenizer import Tokenizer


def find_tokenizer(given: str | Path, cache: Path) -> Tokenizer:
    """The tokenizer that `given` names, kept under `cache` where it had to be built.

    Raises `UsageError` for what is no tokenizer, `UnknownPreTokenizer` for a GGUF whose tokenizer cannot be rebuilt.
    """
    path = Path(given).expanduser()
    if path.suffix.lower() == ".gguf":
        return gguf_tokenizer(path, cache)
    if path.exists() or path.suffix.lower() == ".json":
        return JsonTokenizer.from_file(path)
    return JsonTokenizer.from_hub(str(given))


def gguf_or_estimate(path: Path, cache: Path) -> Tokenizer:
    """The tokenizer of a GGUF, or the estimate where it cannot be rebuilt (its `exact` says which)."""
    try:
        return gguf_tokenizer(path, cache)
    except UnknownPreTokenizer:
        return EstimatedTokenizer()
