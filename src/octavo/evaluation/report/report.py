"""The report of runs: the tables as text, and a folder with everything.

    report.html       all of it on one page, which needs nothing beside itself
    report.md         the tables, with links to the pictures
    groups.csv        the numbers of every group
    pictures/         each picture as PNG and as SVG, where there is one

Knows the order of things; nothing of how they look.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from octavo.errors import EvaluationError, MissingExtra, UsageError
from octavo.evaluation.report.chapter import Chapter
from octavo.evaluation.report.groups_csv import groups_csv
from octavo.evaluation.report.markdown import markdown
from octavo.evaluation.report.page import page
from octavo.evaluation.report.runs import read_runs
from octavo.evaluation.report.sections import Section, sections_of
from octavo.evaluation.report.table_text import as_text
from octavo.evaluation.report.tables import tables_of

_PICTURES = "pictures"


@dataclass(frozen=True, slots=True)
class Report:
    """`text` is for the terminal; `folder` holds the rest, `pictures` of them pictures, and `page` is to be opened
    first."""

    text: str
    folder: Path
    pictures: int

    @property
    def page(self) -> Path:
        """The HTML page."""
        return self.folder / "report.html"


def write_report(runs: Sequence[Path], out: Path | None = None) -> Report:
    """Put the runs in the folders `runs` side by side, and write the report to `out`: by default the folder `report`
    in the first run's. A report that is there is overwritten.

    Raises `UsageError` without a run, `EvaluationError` for a folder that holds no run or no scores, or that cannot be
    written to, and `MissingExtra` without matplotlib.
    """
    if not runs:
        raise UsageError("no run to report; name the folders that octavo eval made")
    chapters = [_chapter(section, number) for number, section in enumerate(sections_of(read_runs(runs)), start=1)]
    folder = out or runs[0] / "report"
    _write(folder, chapters)
    pictures = sum(len(chapter.curves) + len(chapter.heat_maps) for chapter in chapters)
    return Report("\n".join(map(_text, chapters)), folder, pictures)


def score_tables(runs: Sequence[Path]) -> str:
    """The tables alone, as text. Raises `EvaluationError` as `write_report` does."""
    chapters = [Chapter(section, tables_of(section), [], []) for section in sections_of(read_runs(runs))]
    return "\n".join(map(_text, chapters))


def _chapter(section: Section, number: int) -> Chapter:
    try:
        from octavo.evaluation.report.pictures import curves_of, heat_maps_of
    except ModuleNotFoundError as error:
        raise MissingExtra("a report's pictures", "eval") from error
    # Two sections may be named alike, their pictures may not.
    name = f"{number}-{section.task}"
    return Chapter(section, tables_of(section), list(curves_of(section, name)), list(heat_maps_of(section, name)))


def _write(folder: Path, chapters: Sequence[Chapter]) -> None:
    texts = {
        "groups.csv": groups_csv([chapter.section for chapter in chapters]),
        "report.md": markdown(chapters, _PICTURES),
        "report.html": page(chapters),
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for chapter in chapters:
            for picture in (*chapter.curves, *chapter.heat_maps):
                (folder / _PICTURES).mkdir(exist_ok=True)
                (folder / _PICTURES / f"{picture.name}.png").write_bytes(picture.png)
                (folder / _PICTURES / f"{picture.name}.svg").write_bytes(picture.svg)
        for name, text in texts.items():
            (folder / name).write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise EvaluationError(
            f"{folder}: the report cannot be written there ({error.strerror}); name another folder with --out"
        ) from error


def _text(chapter: Chapter) -> str:
    title = chapter.section.task
    return "\n".join([f"{title}\n{'=' * len(title)}\n", *map(as_text, chapter.tables)])
