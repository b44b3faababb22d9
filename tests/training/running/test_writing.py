from __future__ import annotations

import resource
from collections.abc import Iterator
from pathlib import Path
from signal import SIG_IGN, SIGXFSZ, signal

import pytest

from octavo.errors import TrainingError
from octavo.training.running.writing import writing

_BYTES = 1 << 16


@pytest.fixture
def small_disk() -> Iterator[None]:
    """No file may be larger than `_BYTES`: a write beyond fails as on a full disk."""
    before, handler = resource.getrlimit(resource.RLIMIT_FSIZE), signal(SIGXFSZ, SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (_BYTES, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)
    signal(SIGXFSZ, handler)


@pytest.mark.parametrize("kind", ["plain", "safetensors", "torch"])
@pytest.mark.usefixtures("small_disk")
def test_a_full_disk_is_said_with_the_place(tmp_path: Path, kind: str) -> None:
    import torch
    from safetensors.torch import save_file

    tensors = {"weight": torch.zeros(_BYTES)}
    with pytest.raises(TrainingError, match=r"cannot be written \(.+\); is there room\?") as raised, writing(tmp_path):
        if kind == "plain":
            (tmp_path / "file").write_bytes(bytes(2 * _BYTES))
        elif kind == "safetensors":
            save_file(tensors, tmp_path / "model.safetensors")
        else:
            torch.save(tensors, tmp_path / "optimizer.pt")
    assert str(raised.value).startswith(str(tmp_path))


def test_other_faults_stay_what_they_are(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="shapes"), writing(tmp_path):
        raise RuntimeError("shapes do not fit")
