"""Three facts far apart in a million tokens: the memory that level `reason` takes, and what a second question reuses.

War and Peace and the beginning of the Dream of the Red Chamber, one document of 1,000,000 tokens (the embedded
model's), four sentences planted at 10, 40, 55 and 70 % of it. `octavo ask --level reason` runs twice, a fresh process
each time, against a fake endpoint in a process of its own with a reader that is never wrong. Both questions need three
of the facts; they have the first two hops in common. `peak_mib` is of octavo's process and all that it starts. A call
whose body came before counts as *repeated*: what is the same must come from the ledger.

What it does not measure: a model in this process, which adds its own memory.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from asked import Analysing, Answering, Planning, Reading, asked
from books import paragraphs
from children import ChildRun, run_child
from harness import Record, data_text, stop
from multihop_data import Hop, MultihopQuestion
from multihop_reader import MultihopReader
from octavo.models.chat import Completion, Request
from octavo.models.tokenizer import Tokenizer
from serving import NotingServer, embedded_tokenizer, embedded_weights, read_arrivals

_TOKENS = 1_000_000
_FOUNDRY = Hop(
    "Which foundry cast the bell of Saltmarsh Abbey?",
    "Orrin and Vale",
    "The bell of Saltmarsh Abbey was cast by Orrin and Vale.",
)
_TOWN = Hop(
    "In which town did the foundry of #1 stand?",
    "Brackwater",
    "The foundry of Orrin and Vale stood in the harbour town of Brackwater.",
)
_RIVER = Hop("Which river runs through #2?", "Lumen", "The river that runs through Brackwater is called the Lumen.")
_LIGHTHOUSE = Hop(
    "Who built the lighthouse of #2?",
    "Ines Calloway",
    "It was Ines Calloway who built the lighthouse of Brackwater.",
)
_PLACES = ((0.10, _FOUNDRY), (0.40, _RIVER), (0.55, _LIGHTHOUSE), (0.70, _TOWN))
QUESTIONS = (
    MultihopQuestion(
        "first",
        "Which river runs through the town in which the bell of Saltmarsh Abbey was cast?",
        _RIVER.answer,
        (_FOUNDRY, _TOWN, _RIVER),
        (),
    ),
    MultihopQuestion(
        "second",
        "Who built the lighthouse of the town in which the bell of Saltmarsh Abbey was cast?",
        _LIGHTHOUSE.answer,
        (_FOUNDRY, _TOWN, _LIGHTHOUSE),
        (),
    ),
)


def main() -> None:
    """Measure and record."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tokens", type=int, default=_TOKENS, help="of the document")
    parser.add_argument("--serve", type=Path, metavar="LOG", help="be the server, noting every call in this file")
    arguments = parser.parse_args()
    if arguments.serve:
        serve(arguments.serve)
        return
    octavo = Path(sys.executable).with_name("octavo")
    if not octavo.exists():
        stop(f"{octavo.name} is not installed beside this Python: pip install -e .")
    record = Record("reason_memory", tokens=arguments.tokens)
    with tempfile.TemporaryDirectory() as folder:
        home, log = Path(folder), Path(folder) / "arrivals"
        document = home / "books.md"
        document.write_text(planted(arguments.tokens, embedded_tokenizer()), encoding="utf-8")
        with serving(log) as base_url:
            environment = {"OCTAVO_HOME": str(home / "home"), "OPENAI_BASE_URL": base_url}
            command: list[str | Path] = [octavo, "ask", "-m", "fake", "--tokenizer", str(embedded_weights())]
            command += ["--level", "reason", "--json"]
            for question in QUESTIONS:
                before, started = len(read_arrivals(log)), time.monotonic()
                run = run_child([*command, question.question, document], environment=environment, timeout=3_600)
                came = read_arrivals(log)
                _add(record, question, run, first_call=came[before].at - started)
        record.add("peak_mib", max(record.figures[f"{q.id}_peak_mib"].value for q in QUESTIONS), "MiB")
        record.add("calls_repeated", len(came) - len({arrival.body for arrival in came}), "calls")
    record.save()


def _add(record: Record, question: MultihopQuestion, run: ChildRun, *, first_call: float) -> None:
    answer = json.loads(run.stdout)
    if question.answer not in answer["answer"] or answer["coverage"]["read"] != answer["coverage"]["chunks"]:
        raise RuntimeError(f"{question.question} was answered {answer['answer']!r} after {answer['coverage']}")
    record.add(f"{question.id}_peak_mib", run.peak_mib, "MiB")
    record.add(f"{question.id}_seconds", run.seconds, "s")
    record.add(f"{question.id}_first_call_seconds", first_call, "s")
    record.add(f"{question.id}_calls", answer["usage"]["calls"], "calls")
    record.add(f"{question.id}_reused_calls", answer["usage"]["reused_calls"], "calls")
    record.add(f"{question.id}_chunks", answer["coverage"]["chunks"], "chunks")


def planted(tokens: int, tokenizer: Tokenizer) -> str:
    """The document: paragraphs of the books up to `tokens`, the facts between them."""
    every = paragraphs(data_text("war-and-peace")) + [
        line for line in data_text("hongloumeng").splitlines() if line.strip()
    ]
    chosen, held = [], 0
    for paragraph, starts in zip(every, tokenizer.token_starts(every), strict=True):
        if held + len(starts) + 1 > tokens:
            break
        chosen.append(paragraph)
        held += len(starts) + 1
    count = len(chosen)
    for depth, hop in sorted(_PLACES, key=lambda place: -place[0]):
        chosen.insert(int(count * depth), hop.fact)
    return "\n\n".join(chosen) + "\n"


# --- the server -----------------------------------------------------------------------------------------------------


@contextmanager
def serving(log: Path) -> Iterator[str]:
    """The server's process, and its base URL."""
    command = [sys.executable, __file__, "--serve", str(log)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
        process.communicate()  # closes its input, on which it ends


def serve(log: Path) -> None:
    """Serve until standard input ends."""
    readers = [MultihopReader(question) for question in QUESTIONS]

    def script(request: Request) -> str | Completion:
        return reply(readers, request)

    tokenizer = embedded_tokenizer()
    with (
        log.open("w", encoding="ascii", buffering=1) as file,
        NotingServer(script, arrivals=file, tokenizer=tokenizer) as server,
    ):
        print(server.base_url, flush=True)
        sys.stdin.read()


def reply(readers: Sequence[MultihopReader], request: Request) -> str | Completion:
    """The reply of the reader that knows what is asked."""
    call = asked(request.messages)
    match call:
        case Reading():
            questions = set(call.questions)
        case Analysing() | Answering() | Planning():
            questions = {call.question}
    knowing = next(reader for reader in readers if all(map(reader.knows, questions)))
    return knowing.reply(call)


if __name__ == "__main__":
    main()
