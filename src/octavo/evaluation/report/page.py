"""One HTML page with everything: tables, pictures and what was run. It needs nothing beside itself, no script either.

Knows tables and pictures; nothing of how they came about.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from html import escape
from typing import TYPE_CHECKING

from octavo.evaluation.report.chapter import Chapter
from octavo.evaluation.report.runs import Run
from octavo.evaluation.report.tables import Table

if TYPE_CHECKING:
    from octavo.evaluation.report.picture import Picture

_STYLE = """
:root { color-scheme: light dark;
  --text: #1b1f24; --quiet: #57606a; --back: #ffffff; --line: #d0d7de; --band: #f3f5f8; }
@media (prefers-color-scheme: dark) { :root {
  --text: #e6e9ee; --quiet: #a3adb9; --back: #14181d; --line: #3a424c; --band: #1e242b; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1rem; max-width: 72rem; color: var(--text); background: var(--back);
  font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; }
h1 { font-size: 1.5rem; margin: 0.5rem 0; }
h2 { font-size: 1.25rem; margin: 2.5rem 0 0.5rem; padding-top: 0.75rem; border-top: 2px solid var(--line); }
h1, h2, h3, dd, pre, th { overflow-wrap: break-word; }
h3 { font-size: 1rem; margin: 1.75rem 0 0.5rem; }
nav ul { margin: 0; padding-left: 1.25rem; }
.wide { overflow-x: auto; margin: 0; }
.wide:focus-visible { outline: 2px solid currentColor; }
table { border-collapse: collapse; font-size: 0.875rem; font-variant-numeric: tabular-nums; }
caption { text-align: left; font-weight: 600; padding: 1.25rem 0 0.4rem; white-space: nowrap; }
th, td { padding: 0.35rem 0.7rem; border-bottom: 1px solid var(--line); text-align: right; white-space: nowrap; }
th:first-child { text-align: left; position: sticky; left: 0; background: var(--back); white-space: normal; }
tbody span { display: inline-block; width: max-content; max-width: 22rem; }
thead th { vertical-align: bottom; border-bottom: 2px solid var(--line); }
tbody tr:nth-child(even) > * { background: var(--band); }
.note { color: var(--quiet); font-size: 0.8125rem; margin: 0.35rem 0 0; }
figure { margin: 1rem 0 0; }
figure img { display: block; width: 100%; height: auto; background: #ffffff; border: 1px solid var(--line);
  border-radius: 6px; }
figcaption { color: var(--quiet); font-size: 0.8125rem; margin-top: 0.25rem; }
.curves, .maps { display: grid; gap: 1rem; }
.curves { grid-template-columns: repeat(auto-fit, minmax(min(100%, 30rem), 1fr)); }
.maps { grid-template-columns: repeat(auto-fit, minmax(min(100%, 21rem), 1fr)); }
.curves figure, .maps figure { max-width: 46rem; }
dl { display: grid; grid-template-columns: minmax(6rem, max-content) 1fr; gap: 0.2rem 1rem; margin: 0.5rem 0;
  font-size: 0.875rem; }
dt { color: var(--quiet); }
dd { margin: 0; min-width: 0; }
pre { background: var(--band); border: 1px solid var(--line); border-radius: 6px; padding: 0.6rem 0.8rem; margin: 0;
  font-size: 0.8125rem; white-space: pre-wrap; }
summary { cursor: pointer; padding: 0.25rem 0; font-weight: 600; }
@media (max-width: 30rem) { tbody span { max-width: 9.5rem; }
  dl { grid-template-columns: 1fr; } dt { margin-top: 0.4rem; } }
@media print { .wide { overflow: visible; } figure, tr { break-inside: avoid; } }
"""


def page(chapters: Sequence[Chapter]) -> str:
    """The whole page."""
    return "\n".join(
        [
            "<!doctype html>",
            '<html lang="en">',
            "<head>",
            '<meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            # The page's own promise, kept by the browser: nothing is fetched and nothing runs.
            '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; img-src data:; '
            "style-src 'unsafe-inline'\">",
            f"<title>{escape(_title(chapters))}</title>",
            f"<style>{_STYLE}</style>",
            "</head>",
            "<body>",
            "<header>",
            f"<h1>{escape(_title(chapters))}</h1>",
            *_contents(chapters),
            "</header>",
            "<main>",
            *(line for number, chapter in enumerate(chapters, start=1) for line in _chapter(number, chapter)),
            "</main>",
            "</body>",
            "</html>",
            "",
        ]
    )


def _title(chapters: Sequence[Chapter]) -> str:
    return "octavo evaluation: " + ", ".join(dict.fromkeys(chapter.section.task for chapter in chapters))


def _contents(chapters: Sequence[Chapter]) -> Iterator[str]:
    if len(chapters) > 1:
        yield '<nav aria-label="Benchmarks"><ul>'
        for number, chapter in enumerate(chapters, start=1):
            yield f'<li><a href="#benchmark-{number}">{escape(chapter.section.task)}</a></li>'
        yield "</ul></nav>"


def _chapter(number: int, chapter: Chapter) -> Iterator[str]:
    section = chapter.section
    yield f'<section id="benchmark-{number}" aria-labelledby="name-{number}">'
    yield f'<h2 id="name-{number}">{escape(section.task)}</h2>'
    first, *others = chapter.tables
    yield from _table(first)
    if chapter.curves:
        yield '<div class="curves">'
        yield from (line for picture in chapter.curves for line in _figure(picture))
        yield "</div>"
    if chapter.heat_maps:
        yield '<div class="maps">'
        yield from (line for picture in chapter.heat_maps for line in _figure(picture))
        yield "</div>"
    for table in others:
        yield from _table(table)
    yield "<h3>What was run</h3>"
    for run in section.runs:
        yield from _run(run, opened=len(section.runs) == 1)
    yield "</section>"


def _table(table: Table) -> Iterator[str]:
    # A part that scrolls has to be reached by the keyboard.
    yield f'<div class="wide" tabindex="0" role="region" aria-label="{escape(table.title)}">'
    yield f"<table><caption>{escape(table.title)}</caption>"
    yield "<thead><tr>" + "".join(f'<th scope="col">{escape(name)}</th>' for name in table.head) + "</tr></thead>"
    yield "<tbody>"
    for first, *others in table.rows:
        cells = "".join(f"<td>{escape(cell)}</td>" for cell in others)
        yield f'<tr><th scope="row"><span>{escape(first)}</span></th>{cells}</tr>'
    yield "</tbody></table></div>"
    yield from (f'<p class="note">{escape(line)}</p>' for line in table.note.splitlines())


def _figure(picture: Picture) -> Iterator[str]:
    # As images, the drawings' inner names cannot meet.
    data = base64.b64encode(picture.svg).decode("ascii")
    caption = escape(picture.caption)
    yield f'<figure><img alt="{caption}" src="data:image/svg+xml;base64,{data}">'
    yield f"<figcaption>{caption}</figcaption></figure>"


def _run(run: Run, *, opened: bool) -> Iterator[str]:
    yield f"<details{' open' if opened else ''}><summary>{escape(run.name)}</summary>"
    if run.command:
        yield f"<pre>{escape(run.command)}</pre>"
    yield "<dl>"
    yield from (f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in run.facts())
    yield "</dl></details>"
