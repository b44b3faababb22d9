"""What was learnt about a server's counts, kept between processes: a small file for each model and tokenizer.

So a question that is asked again packs its prompts as it did before, and finds its calls in the ledger. A file that is
missing, damaged or absurd counts as nothing learnt, and one that cannot be written is done without. Knows files;
nothing of prompts.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from dataclasses import asdict
from pathlib import Path

from octavo.models.prompt_measure import NOTHING_LEARNT, Learnt
from octavo.models.weights import replace_file

_MOST_RATE = 8.0
_MOST_EXCESS = 16_384
"""Beyond these a server's report is a mistake, which no later process should have to live with."""


def learnt_file(cache: Path, fingerprint: str, tokenizer_id: str) -> Path:
    """Where what was learnt of a model with the counts of a tokenizer is kept under `cache`."""
    name = hashlib.sha256(f"{fingerprint}\n{tokenizer_id}".encode()).hexdigest()[:32]
    return cache / "counts" / f"{name}.json"


def load_learnt(file: Path) -> Learnt:
    """What `file` holds; nothing learnt where it cannot be used."""
    try:
        kept = json.loads(file.read_text(encoding="utf-8"))
        learnt = Learnt(float(kept["rate"]), int(kept["excess"]), int(kept["tools_excess"]))
    except (OSError, ValueError, KeyError, TypeError, OverflowError):
        return NOTHING_LEARNT
    return learnt if _plausible(learnt) else NOTHING_LEARNT


def keep_learnt(file: Path, learnt: Learnt) -> None:
    """Write `learnt` to `file`, joined with what another process may have put there."""
    if _plausible(learnt):
        with contextlib.suppress(OSError):
            replace_file(file, json.dumps(asdict(learnt.joined(load_learnt(file)))))


def _plausible(learnt: Learnt) -> bool:
    excesses = (learnt.excess, learnt.tools_excess)
    return 1.0 <= learnt.rate <= _MOST_RATE and all(0 <= excess <= _MOST_EXCESS for excess in excesses)
