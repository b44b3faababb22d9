"""A table as plain text for the terminal, and as Markdown.

Knows tables; nothing of what they hold.
"""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len

from octavo.evaluation.report.tables import Table


def as_text(table: Table) -> str:
    """Aligned columns under a title, without colours: the same in a terminal and in a file."""
    # A series' name has parts, "model · method": in a head they stand one above the other.
    parts = [name.split(" · ") for name in table.head]
    most = max(map(len, parts))
    head = list(zip(*([""] * (most - len(part)) + part for part in parts), strict=True))
    widths = _widths([*head, *table.rows])
    lines = [table.title, *(_line(row, widths) for row in head), _line(["-" * width for width in widths], widths)]
    lines += [_line(row, widths) for row in table.rows]
    return "\n".join([*lines, *([table.note] if table.note else [])]) + "\n"


def as_markdown(table: Table) -> str:
    """A table of GitHub's Markdown under a bold title; its source is aligned as well."""
    safe = Table(
        table.title,
        tuple(map(markdown_safe, table.head)),
        tuple(tuple(map(markdown_safe, row)) for row in table.rows),
        table.note,
    )
    widths = [max(width, 3) for width in _widths([safe.head, *safe.rows])]
    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    lines = [f"| {_line(row, widths, ' | ', strip=False)} |" for row in (safe.head, rule, *safe.rows)]
    return (
        "\n".join(
            [
                f"**{markdown_safe(table.title)}**",
                "",
                *lines,
                *(["", table.note.replace("\n", "\n\n")] if table.note else []),
            ]
        )
        + "\n"
    )


def markdown_safe(text: str) -> str:
    """Text that Markdown leaves as it is."""
    escaped = "".join(f"\\{letter}" if letter in "\\|*_`[]<>" else letter for letter in text)
    return " ".join(escaped.split())


def _widths(rows: Sequence[Sequence[str]]) -> list[int]:
    return [max(map(cell_len, column)) for column in zip(*rows, strict=True)]


def _line(cells: Sequence[str], widths: Sequence[int], between: str = "  ", *, strip: bool = True) -> str:
    """The first column begins where the others begin, those of numbers end where they end."""
    first, *others = zip(cells, widths, strict=True)
    padded = [first[0] + " " * (first[1] - cell_len(first[0]))]
    padded += [" " * (width - cell_len(cell)) + cell for cell, width in others]
    line = between.join(padded)
    return line.rstrip() if strip else line
