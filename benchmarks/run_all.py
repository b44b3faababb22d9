"""Runs the benchmarks one after another, each in a process of its own, and renders RESULTS.md.

Without arguments: all that take a minute or three each (about a quarter of an hour together). `--long` adds those that
take longer: a hundred multi-hop questions, reading with the embedded model, training for length, and the peers side by
side (hours). Names run only those. One that fails is named at the end and the others run; the exit
code is then 1.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time

from harness import HERE

QUICK = (
    "help_time",
    "pdf_to_document",
    "prompt_overhead",
    "orchestration",
    "second_question",
    "kill_and_resume",
    "windows",
    "library_scale",
    "edited_book",
    "batching",
    "faults",
    "reason_memory",
)
LONG = (
    "multihop",
    "evidence_recall",
    "bm25_margin",
    "batching_loss",
    "embedded_throughput",
    "embedded_fill",
    "reader_strategies",
    "export_parity",
    "embedded_reader",
    "embedded_multihop",
    "length_experiment",
    "peers/whole_books",
    "peers/excerpts",
    "peers/needle",
)


def main() -> int:
    """Run them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of: {', '.join((*QUICK, *LONG))}")
    parser.add_argument("--long", action="store_true", help=f"also {', '.join(LONG)}")
    arguments = parser.parse_args()
    if unknown := set(arguments.names) - {*QUICK, *LONG}:
        parser.error(f"no benchmark {', '.join(sorted(unknown))}; there are {', '.join((*QUICK, *LONG))}")
    names = arguments.names or (QUICK + LONG if arguments.long else QUICK)
    failed = []
    for name in names:
        started = time.monotonic()
        done = subprocess.run([sys.executable, HERE / f"{name}.py"], check=False)
        print(f"-- {name}: exit code {done.returncode}, {time.monotonic() - started:.0f} s", flush=True)
        if done.returncode != 0:
            failed.append(name)
    subprocess.run([sys.executable, HERE / "report.py"], check=True)
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
