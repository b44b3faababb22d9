"""What the tests of documents share: one worker process for all of them, and a folder to write into."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from octavo.documents.sandbox import Sandbox


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as shared:
        yield shared


class Files:
    """Writes files into a folder of the test and says where they are."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(self, name: str, content: str | bytes) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path


@pytest.fixture
def write(tmp_path: Path) -> Files:
    return Files(tmp_path)
