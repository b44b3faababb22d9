from __future__ import annotations

import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path

import pytest

from octavo.errors import TrainingError
from octavo.training.data.rows import RowsWriter
from octavo.training.data.templates import Encoded
from octavo.training.writing import writing

_BYTES = 1 << 16


@pytest.fixture(autouse=True)
def libraries() -> None:
    """Loaded while there is room: what is compiled on the way is written too."""
    for name in ("pyarrow.ipc", "safetensors.torch", "torch"):
        import_module(name)


@contextmanager
def small_disk() -> Iterator[None]:
    """No file may be larger than `_BYTES`: a write beyond fails as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (_BYTES, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def _plain(folder: Path) -> None:
    (folder / "file").write_bytes(bytes(2 * _BYTES))


def _safetensors(folder: Path) -> None:
    import torch
    from safetensors.torch import save_file

    save_file({"weight": torch.zeros(_BYTES)}, folder / "model.safetensors")


def _torch(folder: Path) -> None:
    import torch

    torch.save({"weight": torch.zeros(_BYTES)}, folder / "optimizer.pt")


@pytest.mark.parametrize("write", [_plain, _safetensors, _torch])
def test_a_full_disk_is_said_with_the_place(tmp_path: Path, write: Callable[[Path], None]) -> None:
    with (
        pytest.raises(TrainingError, match=r"cannot be written \(.+\); is there room\?") as raised,
        small_disk(),
        writing(tmp_path),
    ):
        write(tmp_path)
    assert str(raised.value).startswith(str(tmp_path))


def test_rows_that_find_no_room_leave_nothing(tmp_path: Path) -> None:
    row = Encoded(tuple(range(_BYTES)), (True,) * _BYTES)
    refused = pytest.raises(TrainingError, match=r"cannot be written \(.+\); is there room\?")
    with refused, small_disk(), RowsWriter(tmp_path / "rows.arrow") as rows:
        rows.add(row)
    assert list(tmp_path.iterdir()) == []


def test_other_faults_stay_what_they_are(tmp_path: Path) -> None:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    with pytest.raises(RuntimeError, match="shapes"), writing(tmp_path):
        raise RuntimeError("shapes do not fit")
    (tmp_path / "model.safetensors").write_bytes(b"cut off")
    with pytest.raises(SafetensorError), writing(tmp_path):
        load_file(tmp_path / "model.safetensors")
