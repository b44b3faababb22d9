"""A PDF of 261 pages to a `Document`: seconds and peak memory of a fresh process, its parsing worker included.

The PDF is made here from the beginning of War and Peace, in a core font; its text is what it has to give back.
`seconds` is the whole process, from the start of Python; `load_seconds` is `octavo.load` alone.

What it does not measure: scans, pictures, layout of several columns. Needs fpdf2 (benchmarks/requirements.txt).
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path
from typing import cast

from children import run_script
from harness import Record, data_text, stop

PAGES = 261


def main() -> None:
    """Measure and record; with `--child`, load one file and say how long it took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--child", metavar="PDF", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        _load(arguments.child)
        return
    text = data_text("war-and-peace")
    record = Record("pdf_to_document", pages=PAGES, runs=arguments.runs)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "book.pdf"
        write_pdf(text, path)
        runs = [run_script(Path(__file__), "--child", str(path)) for _ in range(arguments.runs)]
        record.add("pdf_kib", path.stat().st_size / 1024, "KiB")
    loads = [run.stdout.split() for run in runs]
    for _, pages, _ in loads:
        if int(pages) != PAGES:
            raise RuntimeError(f"the document has {pages} pages, the PDF {PAGES}")
    record.add("characters", int(loads[0][2]), "characters")
    record.add_median("seconds", [run.seconds for run in runs], "s")
    record.add_median("load_seconds", [float(seconds) for seconds, _, _ in loads], "s")
    record.add_median("peak_mib", [run.peak_mib for run in runs], "MiB")
    record.save()


def write_pdf(text: str, path: Path) -> None:
    """A PDF of exactly `PAGES` full pages with the beginning of `text`."""
    try:
        from fpdf import FPDF
    except ImportError:
        stop("making the PDF needs fpdf2: pip install -r benchmarks/requirements.txt")
    pdf = FPDF(format="A4")
    pdf.set_font("Times", size=11)
    pdf.set_auto_page_break(auto=True, margin=15)
    pdf.add_page()
    for paragraph in text.encode("latin-1", "replace").decode("latin-1").split("\n\n"):
        lines = cast("list[str]", pdf.multi_cell(0, 5, paragraph, dry_run=True, output="LINES"))
        for line in [*lines, ""]:
            if pdf.page_no() == PAGES and pdf.will_page_break(5):
                pdf.output(str(path))
                return
            pdf.cell(0, 5, line, new_x="LMARGIN", new_y="NEXT")
    raise RuntimeError(f"the text fills {pdf.page_no()} pages only")


def _load(path: str) -> None:
    started = time.perf_counter()
    import octavo

    document = octavo.load(path)
    print(time.perf_counter() - started, len(document.pages), len(document.text))


if __name__ == "__main__":
    main()
