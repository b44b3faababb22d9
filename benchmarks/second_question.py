"""A second question about 10 MB of text: from the start of a fresh `octavo ask` to its first call at the model's
server.

A first process asks one question, so the text is parsed, chunked and indexed. Then fresh processes ask new ones, at
level `read`; each is timed until its first call arrives, its peak memory up to then is taken, and it is ended. The
text is War and Peace three times over, its paragraphs in another order each time; the server is the fake one, on
loopback.

What it does not measure: the first question, or the reading itself.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from books import shuffled
from children import PeakMemory, run_child
from harness import Record, data_text, stop
from serving import FakeServing

_BYTES = 10_000_000
_DEADLINE = 300.0
_NOT_FOUND = 5
"""The exit code of an honest "not found in what was read": the faithful reader knows of nothing in this text."""


def main() -> None:
    """Measure and record."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    arguments = parser.parse_args()
    octavo = Path(sys.executable).with_name("octavo")
    if not octavo.exists():
        stop(f"{octavo.name} is not installed beside this Python: pip install -e .")
    text = data_text("war-and-peace")
    record = Record("second_question", bytes=_BYTES, runs=arguments.runs)
    with tempfile.TemporaryDirectory() as folder, FakeServing("en-shared") as server:
        path = Path(folder) / "text.md"
        data = "".join(shuffled(text, seed) for seed in range(4)).encode("utf-8")[:_BYTES]
        path.write_bytes(data.decode("utf-8", "ignore").encode("utf-8"))
        environment = {"OCTAVO_HOME": str(Path(folder) / "home"), "OPENAI_BASE_URL": server.base_url}
        command = [str(octavo), "ask", "-m", "fake", "--level"]
        first = run_child(
            [*command, "retrieve", "Who is Pierre?", path], environment=environment, exit_codes=(0, _NOT_FOUND)
        )
        record.add("first_question_seconds", first.seconds, "s")
        runs = [
            until_first_call([*command, "read", f"Who rode out on day {run}?", str(path)], environment, server)
            for run in range(arguments.runs)
        ]
    record.add_median("seconds", [seconds for seconds, _ in runs], "s")
    record.add_median("peak_mib", [peak for _, peak in runs], "MiB")
    record.save()


def until_first_call(command: list[str], environment: dict[str, str], server: FakeServing) -> tuple[float, float]:
    """Seconds and peak MiB of a fresh process up to its first call; then it is ended."""
    before = len(server.arrivals())
    started = time.monotonic()
    child = subprocess.Popen(
        command, env={**os.environ, **environment}, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    memory = PeakMemory(child.pid).start()
    try:
        while len(arrivals := server.arrivals()) == before:
            if child.poll() is not None or time.monotonic() - started > _DEADLINE:
                raise RuntimeError(f"no call came from {command}")
            time.sleep(0.005)
        return arrivals[before].at - started, memory.stop()
    finally:
        child.send_signal(signal.SIGKILL)
        child.communicate()


if __name__ == "__main__":
    main()
