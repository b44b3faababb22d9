"""What every benchmark stands on: its data, by a manifest, and its record, with the machine, the date and the
commit.

A benchmark makes a `Record`, adds figures (medians with their single runs), and saves it as `results/NAME.json`,
from which `report.py` renders RESULTS.md. Knows nothing of what is measured.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import shlex
import statistics
import subprocess
import sys
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parent
RESULTS = HERE / "results"
MANIFEST = HERE / "data.toml"
DATA_VARIABLE = "OCTAVO_BENCH_DATA"

SETUP_FAILED = 2
"""The exit code of a benchmark whose data, or a package that it needs, is not there."""


# --- data -----------------------------------------------------------------------------------------------------------


def data_file(name: str) -> Path:
    """The file that the manifest calls `name`, its bytes verified. Ends the program, saying what is missing and from
    where it is to be had, when it is not there or is another file."""
    manifest = tomllib.loads(MANIFEST.read_text(encoding="utf-8"))
    if name not in manifest:
        raise KeyError(f"{MANIFEST.name} has no {name!r}, only: {', '.join(manifest)}")
    entry: Mapping[str, str] = manifest[name]
    folder = os.environ.get(DATA_VARIABLE)
    if not folder:
        stop(f"set {DATA_VARIABLE} to the folder that holds {entry['file']} ({_origin(entry)})")
    path = Path(folder) / entry["file"]
    if not path.is_file():
        stop(f"{path}: not there; it is {entry['what']} ({_origin(entry)})")
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if digest != entry["sha256"]:
        stop(f"{path}: another file than was measured: SHA-256 {digest}, expected {entry['sha256']} ({_origin(entry)})")
    return path


def data_text(name: str) -> str:
    """The text of the file that the manifest calls `name`, its line ends made uniform."""
    return data_file(name).read_text(encoding="utf-8").replace("\r\n", "\n")


def stop(message: str) -> NoReturn:
    """End the program with a message for whoever runs the benchmark."""
    print(message, file=sys.stderr)
    raise SystemExit(SETUP_FAILED)


def _origin(entry: Mapping[str, str]) -> str:
    return f"from {entry['source']}, {entry['licence']}"


# --- the machine and the commit -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Machine:
    """Where it was measured. `memory_gib` is the machine's, not what was used."""

    cpu: str
    cores: int
    memory_gib: float
    system: str
    python: str

    @classmethod
    def this(cls) -> Machine:
        """The machine that runs this."""
        pages, page_size = os.sysconf("SC_PHYS_PAGES"), os.sysconf("SC_PAGE_SIZE")
        return cls(
            cpu=_cpu_model(),
            cores=os.cpu_count() or 1,
            memory_gib=round(pages * page_size / 2**30, 1),
            system=f"{platform.system()} {platform.machine()}",
            python=platform.python_version(),
        )


def _cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def commit() -> str:
    """The commit of this working tree, and whether `src` or the benchmarks have changes on top of it."""
    head = _git("rev-parse", "--short=10", "HEAD") or "no commit"
    return f"{head} with changes" if _git("status", "--porcelain", "--", "src", "benchmarks/*.py") else head


def _git(*arguments: str) -> str:
    command = ["git", "--no-optional-locks", *arguments]
    try:
        done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    except OSError:
        return ""
    return done.stdout.strip()


# --- figures --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Figure:
    """A measured value; `runs` are the single measurements whose median (or other summary) it is."""

    value: float
    unit: str
    runs: tuple[float, ...] = ()


class Record:
    """The figures of one benchmark, as they are written to `results/NAME.json`."""

    def __init__(self, name: str, **settings: Any) -> None:
        self.name = name
        self.settings = settings
        self.figures: dict[str, Figure] = {}
        self.tables: dict[str, list[dict[str, Any]]] = {}
        self._started = datetime.now(UTC)
        self._load = os.getloadavg()[0]

    def add(self, figure: str, value: float, unit: str, runs: Sequence[float] = ()) -> None:
        """Add one figure, and show it."""
        self.figures[figure] = Figure(_rounded(value), unit, tuple(_rounded(run) for run in runs))
        spread = f"   ({', '.join(f'{_rounded(run):g}' for run in runs)})" if len(runs) > 1 else ""
        print(f"{self.name}: {figure} = {_rounded(value):g} {unit}{spread}", flush=True)

    def add_median(self, figure: str, runs: Sequence[float], unit: str) -> None:
        """Add the median of single runs."""
        self.add(figure, statistics.median(runs), unit, runs)

    def add_row(self, table: str, row: Mapping[str, Any]) -> None:
        """Add one row to a table of several figures, and show it."""
        self.tables.setdefault(table, []).append(dict(row))
        print(f"{self.name}: {table}: {json.dumps(row, ensure_ascii=False)}", flush=True)

    def save(self, folder: Path = RESULTS) -> Path:
        """Write the record and say where it is. `load` is how busy the machine was with other work at the start."""
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{self.name}.json"
        record = {
            "name": self.name,
            "command": shlex.join(["python", f"benchmarks/{_script()}", *map(_without_folders, sys.argv[1:])]),
            "date": self._started.strftime("%Y-%m-%d"),
            "commit": commit(),
            "machine": asdict(Machine.this()),
            "load": round(self._load, 2),
            "seconds": round((datetime.now(UTC) - self._started).total_seconds(), 1),
            "settings": self.settings,
            "figures": {name: asdict(figure) for name, figure in self.figures.items()},
            "tables": self.tables,
        }
        path.write_text(json.dumps(record, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
        print(f"{self.name}: written to {path.relative_to(REPOSITORY) if folder == RESULTS else path}", flush=True)
        return path


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest value that at least `percent` of the values do not exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * percent // 100) - 1).__int__()]


def _rounded(value: float) -> float:
    """Four significant digits are more than any of these measurements can tell; counts stay whole."""
    if float(value).is_integer():
        return int(value)
    return float(f"{value:.4g}")


def _without_folders(argument: str) -> str:
    """A path of this machine says nothing elsewhere: its name stands for it."""
    return Path(argument).name if Path(argument).is_absolute() else argument


def _script() -> str:
    script = Path(sys.argv[0]).resolve()
    return script.relative_to(HERE).as_posix() if script.is_relative_to(HERE) else script.name
