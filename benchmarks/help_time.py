"""How long `octavo --help` takes: a fresh process, from its start to its end, files in the system's cache.

What it does not measure: the first start after an installation, when bytecode is compiled and nothing is cached.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from children import run_child
from harness import Record, stop


def main() -> None:
    """Measure and record."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=15)
    arguments = parser.parse_args()
    octavo = Path(sys.executable).with_name("octavo")
    if not octavo.exists():
        stop(f"{octavo.name} is not installed beside this Python: pip install -e .")
    record = Record("help_time", runs=arguments.runs)
    run_child([octavo, "--help"])
    runs = [run_child([octavo, "--help"]) for _ in range(arguments.runs)]
    record.add_median("seconds", [run.seconds for run in runs], "s")
    record.add_median("peak_mib", [run.peak_mib for run in runs], "MiB")
    record.save()


if __name__ == "__main__":
    main()
