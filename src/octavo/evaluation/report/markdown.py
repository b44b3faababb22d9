"""The report as Markdown: tables, links to the pictures, what was run.

Knows chapters; nothing of how they came about.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from octavo.evaluation.report.chapter import Chapter
from octavo.evaluation.report.runs import Run
from octavo.evaluation.report.table_text import as_markdown, markdown_safe


def markdown(chapters: Sequence[Chapter], pictures: str) -> str:
    """The whole text; `pictures` is the folder of the PNG files, as seen from the text's own."""
    blocks = ["# Evaluation report\n", *(block for chapter in chapters for block in _chapter(chapter, pictures))]
    return "\n".join(blocks)


def _chapter(chapter: Chapter, pictures: str) -> Iterator[str]:
    yield f"## {markdown_safe(chapter.section.task)}\n"
    first, *others = chapter.tables
    yield as_markdown(first)
    for picture in (*chapter.curves, *chapter.heat_maps):
        yield f"![{markdown_safe(picture.caption)}]({pictures}/{picture.name}.png)\n"
    yield from map(as_markdown, others)
    for run in chapter.section.runs:
        yield from _run(run)


def _run(run: Run) -> Iterator[str]:
    yield f"### What was run: {markdown_safe(run.name)}\n"
    if run.command:
        yield f"```sh\n{run.command}\n```\n"
    yield "".join(f"- {markdown_safe(name)}: {markdown_safe(value)}\n" for name, value in run.facts())
