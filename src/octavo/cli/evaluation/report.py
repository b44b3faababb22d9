"""What `octavo eval report` does: tables on standard output, the rest in a folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from octavo.cli.terminal import say, write
from octavo.evaluation.report.report import write_report


def report(runs: Sequence[Path], out: Path | None = None) -> int:
    """Report the runs in these folders and say where the page is. Returns the exit code; raises `OctavoError`."""
    written = write_report(runs, out)
    write(written.text)
    say(f"{'tables, pictures' if written.pictures else 'tables'}, numbers and a page with all of them: {written.page}")
    return 0
