"""Groups of options: shown one by one, received as one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import typer
from typer.testing import CliRunner

from octavo.cli.option_groups import grouped


@dataclass(frozen=True, kw_only=True)
class Colours:
    """Two options, one of them with a default that is told apart."""

    front: Annotated[str, typer.Option("--front", help="Of the letters.")] = "black"
    back: Annotated[str | None, typer.Option("--back", "-b")] = None


def _run(*arguments: str) -> tuple[list[object], str]:
    seen: list[object] = []

    @grouped
    def paint(what: str, *, colours: Colours, twice: bool = False) -> None:
        """Paints."""
        seen.extend([what, colours, twice])

    app = typer.Typer(add_completion=False, rich_markup_mode=None)
    app.command()(paint)
    result = CliRunner().invoke(app, list(arguments))
    return seen, result.output


def test_a_group_is_received_whole_with_its_defaults() -> None:
    assert _run("wall", "-b", "white", "--twice")[0] == ["wall", Colours(back="white"), True]


def test_help_shows_the_options_where_the_group_stands() -> None:
    shown = _run("--help")[1]
    assert "Paints." in shown
    assert "Of the letters." in shown
    assert shown.index("--front") < shown.index("--back") < shown.index("--twice")
