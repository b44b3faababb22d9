"""Write Python's own language reference as Markdown: a real book that is on every machine that has Python.

    python examples/write_demo_document.py FOLDER

writes two files there: `python-language-reference.md`, every topic of `pydoc_data.topics` as one section (about
113,000 tokens), and `python-statements.md`, the topics on simple and compound statements alone (about 15,000). The
order is the alphabet's, so the same Python always writes the same bytes. Needs the standard library only.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from pydoc_data.topics import topics

STATEMENTS = (
    "assert",
    "assignment",
    "augassign",
    "break",
    "class",
    "continue",
    "del",
    "exceptions",
    "for",
    "function",
    "global",
    "if",
    "import",
    "nonlocal",
    "pass",
    "raise",
    "return",
    "try",
    "while",
    "with",
    "yield",
)

_UNDERLINED = re.compile(r"^(?P<title>\S.*)\n(?P<line>([*=\-~^])\3{2,})$", re.MULTILINE)
_LEVELS = {"*": "#", "=": "##", "-": "###", "~": "####", "^": "#####"}


def as_markdown(names: Iterable[str], texts: Mapping[str, str] = topics) -> str:
    """The topics of these names, in order, their underlined headings as Markdown's."""
    return "\n\n".join(_UNDERLINED.sub(_heading, texts[name]).strip() for name in names if name in texts) + "\n"


def _heading(underlined: re.Match[str]) -> str:
    return f"{_LEVELS[underlined['line'][0]]} {underlined['title']}"


def main(arguments: list[str]) -> int:
    """Write both files into the folder that is named."""
    if len(arguments) != 1:
        print("usage: python examples/write_demo_document.py FOLDER", file=sys.stderr)
        return 2
    folder = Path(arguments[0])
    folder.mkdir(parents=True, exist_ok=True)
    for name, names in (("python-language-reference.md", sorted(topics)), ("python-statements.md", STATEMENTS)):
        path = folder / name
        path.write_text(as_markdown(names), encoding="utf-8", newline="\n")
        print(f"{path}: {path.stat().st_size:,} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
