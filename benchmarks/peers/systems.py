"""The systems that are compared, as commands: each reads one file, asks one question and prints a line of JSON.

Knows how each is started; nothing of servers or facts.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from children import run_child
from harness import HERE, REPOSITORY, stop

PEER_PYTHON_VARIABLE = "OCTAVO_BENCH_PEER_PYTHON"
_PEER_PYTHON = REPOSITORY / ".venv-peer" / "bin" / "python"
_TIMEOUT = 7_200.0


@dataclass(frozen=True, slots=True)
class System:
    """A system in one configuration: its names in the results, and the command that asks (without what differs from
    question to question). `state` is the option that names the folder where it keeps what it remembers."""

    name: str
    configuration: str
    command: tuple[str, ...]
    state: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a system made of a question: its answer, the wall time of the whole process, its error if it failed;
    `asking_seconds` are of them those from the question on, once everything was imported."""

    answer: str
    seconds: float
    asking_seconds: float
    error: str | None


def octavo(python: str, tokenizer: Path, options: Mapping[str, Any]) -> System:
    """octavo with its defaults for the model, its tokenizer known."""
    script = str(HERE / "peers" / "drive_octavo.py")
    command = (python, script, "--tokenizer", str(tokenizer), "--options", json.dumps(options))
    return System("octavo", "defaults", command, "--home")


def qwen_agent(*, tuned: bool, model: str, max_tokens: int, window: int | None) -> System:
    """Qwen-Agent's ParallelDocQA, as released or tuned (see README.md). Ends the program where it is not installed."""
    python = Path(os.environ.get(PEER_PYTHON_VARIABLE, _PEER_PYTHON))
    if not python.exists():
        stop(f"{python.name} of the peer's environment is not there: make it as benchmarks/peers/README.md says")
    script = str(HERE / "peers" / "drive_qwen_agent.py")
    command = [str(python), script, "--model", model, "--max-tokens", str(max_tokens)]
    if tuned:
        command.append("--tuned")
        command += ["--window", str(window)] if window else []
    return System("Qwen-Agent 0.0.34", "tuned" if tuned else "as released", tuple(command), "--workspace")


def ask(system: System, base_url: str, file: Path, question: str, state: Path) -> Outcome:
    """Run the system on one question."""
    command: Sequence[str] = [*system.command, "--base-url", base_url, "--file", str(file), "--question", question]
    child = run_child([*command, system.state, str(state)], timeout=_TIMEOUT)
    # Its own log may stand on the same stream, before the line that counts.
    said = json.loads(child.stdout.strip().splitlines()[-1])
    return Outcome(said["answer"], child.seconds, said["seconds"], said["error"])
