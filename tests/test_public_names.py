"""The names that `import octavo` gives, and what importing them costs."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import octavo

HEAVY = ("lancedb", "openai", "pydantic", "xllamacpp", "tokenizers", "markitdown", "pypdfium2", "rich", "httpx")


@pytest.mark.parametrize("name", octavo.__all__)
def test_every_public_name_is_there(name: str) -> None:
    assert getattr(octavo, name).__name__ == name or name == "Event"


def test_type_checkers_see_the_same_names_as_programs() -> None:
    tree = ast.parse(Path(octavo.__file__).read_text(encoding="utf-8"))
    (for_checkers,) = [node for node in tree.body if isinstance(node, ast.If)]
    imported = {
        alias.asname: node.module
        for node in for_checkers.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert sorted(name for name in imported if name) == octavo.__all__
    assert all(getattr(sys.modules[str(module)], str(name)) for name, module in imported.items() if _loaded(module))


def _loaded(module: str | None) -> bool:
    return module in sys.modules


def test_a_name_that_is_not_there_says_so() -> None:
    with pytest.raises(AttributeError, match="'octavo' has no attribute 'Raeder'"):
        octavo.Raeder  # noqa: B018


def test_importing_octavo_or_its_command_imports_nothing_heavy() -> None:
    program = "import sys, octavo, octavo.cli.main; print(*{name.partition('.')[0] for name in sys.modules})"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    assert not set(HEAVY) & set(loaded)
