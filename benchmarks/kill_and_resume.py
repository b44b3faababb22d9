"""A reading that is killed (`kill -9`) at half, and run again: which calls are made twice, and is the answer the
same?

`octavo ask --level read` reads the beginning of War and Peace, in which a fact is planted, against the fake
endpoint, whose reader is faithful. When half of the calls have arrived the whole process tree is killed; the same
command is then run to its end. A call is repeated when the server gets the same body twice: those under way at the
kill are paid again, and with them as many as the concurrency at most. The answer is compared with that of a reading
that nobody disturbed, in another home.

What it does not measure: a machine that loses power, or a full disk.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from children import process_tree, run_child
from facts import FACTS, plant
from harness import Record, data_text, stop
from serving import FakeServing

_FACT = "en-shared"
_CHARACTERS = 600_000
_LATENCY = 0.05
_DEADLINE = 300.0


def main() -> None:
    """Measure and record."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--concurrency", type=int, default=16)
    arguments = parser.parse_args()
    octavo = Path(sys.executable).with_name("octavo")
    if not octavo.exists():
        stop(f"{octavo.name} is not installed beside this Python: pip install -e .")
    text = plant(data_text("war-and-peace")[:_CHARACTERS], FACTS[_FACT])
    record = Record("kill_and_resume", runs=arguments.runs, concurrency=arguments.concurrency, characters=_CHARACTERS)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "book.md"
        path.write_text(text, encoding="utf-8")
        command = [str(octavo), "ask", "-m", "fake", "--level", "read", "--json", FACTS[_FACT].question, str(path)]
        command += ["--concurrency", str(arguments.concurrency)]
        with FakeServing(_FACT, latency=_LATENCY) as server:
            environment = {"OPENAI_BASE_URL": server.base_url}
            whole = run_child(command, environment={**environment, "OCTAVO_HOME": f"{folder}/undisturbed"})
            expected = json.loads(whole.stdout)
            calls = len(server.arrivals())
            repeated, differing = [], 0
            for run in range(arguments.runs):
                home = {**environment, "OCTAVO_HOME": f"{folder}/home-{run}"}
                before = len(server.arrivals())
                kill_at_half(command, home, server, before + calls // 2)
                again = run_child(command, environment=home)
                bodies = Counter(arrival.body for arrival in server.arrivals()[before:])
                repeated.append(sum(count - 1 for count in bodies.values()))
                differing += essence(json.loads(again.stdout)) != essence(expected)
    record.add("calls_of_a_reading", calls, "calls")
    record.add_median("repeated", repeated, "calls")
    record.add("repeated_most", max(repeated), "calls")
    record.add("answers_that_differ", differing, "answers")
    record.save()


def kill_at_half(command: list[str], environment: Mapping[str, str], server: FakeServing, arrived: int) -> None:
    """Start a reading and kill it with all that it started once so many calls have arrived in all."""
    child = subprocess.Popen(
        command, env={**os.environ, **environment}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    started = time.monotonic()
    while len(server.arrivals()) < arrived:
        if child.poll() is not None or time.monotonic() - started > _DEADLINE:
            raise RuntimeError("the reading ended before it could be killed")
        time.sleep(0.002)
    for process in process_tree(child.pid):
        os.kill(process, signal.SIGKILL)
    child.wait()


def essence(answer: Mapping[str, object]) -> dict[str, object]:
    """What must be the same of two answers: all but what they cost."""
    return {key: value for key, value in answer.items() if key != "usage"}


if __name__ == "__main__":
    main()
