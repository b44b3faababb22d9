"""The names that `import octavo` gives, and what importing them costs."""

from __future__ import annotations

import ast
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import octavo

HEAVY = ("lancedb", "openai", "pydantic", "xllamacpp", "tokenizers", "mammoth", "pypdfium2", "rich", "httpx")


def names_for_type_checkers() -> dict[str, str]:
    """The names that the `TYPE_CHECKING` block imports, with their modules."""
    tree = ast.parse(Path(octavo.__file__).read_text(encoding="utf-8"))
    (block,) = [node for node in tree.body if isinstance(node, ast.If)]
    return {
        str(alias.asname): str(node.module)
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }


@pytest.mark.parametrize(("name", "module"), names_for_type_checkers().items())
def test_programs_get_what_type_checkers_see(name: str, module: str) -> None:
    assert getattr(octavo, name) is getattr(import_module(module), name)


def test_every_public_name_is_listed() -> None:
    assert sorted(names_for_type_checkers()) == octavo.__all__
    assert set(octavo.__all__) <= set(dir(octavo))


def test_a_name_that_is_not_there_says_so() -> None:
    with pytest.raises(AttributeError, match="'octavo' has no attribute 'Raeder'"):
        octavo.Raeder  # noqa: B018


def test_importing_octavo_or_its_command_imports_nothing_heavy() -> None:
    program = "import sys, octavo, octavo.cli.main; print(*{name.partition('.')[0] for name in sys.modules})"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    assert not set(HEAVY) & set(loaded)
