"""What cannot be written, said by the place and the cause: a full disk is no fault of octavo's.

Knows how safetensors and torch say so, which raise errors of their own; other faults of theirs pass.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from octavo.errors import TrainingError

_BY_OTHERS = re.compile(r"^Error while serializing|PytorchStreamWriter|inline_container|unexpected pos")
"""What safetensors' and torch's errors say where they write."""


@contextmanager
def writing(place: Path) -> Iterator[None]:
    """Where what is written at `place`, or below it, cannot be, raises a `TrainingError` that says why."""
    from safetensors import SafetensorError

    try:
        yield
    except OSError as error:
        raise _unwritten(place, error.strerror or str(error)) from error
    except (SafetensorError, RuntimeError) as error:
        if not _BY_OTHERS.search(str(error)):
            raise
        raise _unwritten(place, str(error).partition("\n")[0]) from error


def _unwritten(place: Path, why: str) -> TrainingError:
    return TrainingError(f"{place}: cannot be written ({why}); is there room?")
