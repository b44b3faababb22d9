"""octavo and Qwen-Agent side by side on whole books, with a reader that is never wrong.

A fact is planted in the middle of War and Peace and of 红楼梦, and asked for: one fact that shares words with its
question, one that does not. Both systems read the same file against the fake endpoint, whose reader is faithful: it
reports the fact wherever it is shown and nothing else, in the form that each system asks for. So calls, prompts and
what reaches the final prompt are the systems' own doing. The same question is then asked again, of the same file and in
a new process. Prompts are counted with the embedded model's tokenizer for both. Wall time is the whole process, the
model's time being none.

What it does not measure: how well a real model reads (excerpts.py does that, on less text).
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

# Run as a script, this folder is on the path; what the benchmarks share stands one above.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from facts import FACTS, Fact, plant
from harness import Record, data_file
from peers.systems import System, ask, octavo, qwen_agent
from serving import FakeServing, embedded_tokenizer, embedded_weights

_BOOKS = {"war-and-peace": "en", "hongloumeng": "zh"}
_WINDOW = 8_192
_SERVER_WINDOW = 32_768
_REPLY_TOKENS = 1_024
_ASKED = ("first", "again")


def main() -> None:
    """Measure and record."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--books", nargs="+", choices=_BOOKS, default=list(_BOOKS))
    parser.add_argument("--facts", nargs="+", choices=("shared", "unshared"), default=["shared", "unshared"])
    parser.add_argument("--systems", nargs="+", choices=("octavo", "released", "tuned"))
    parser.add_argument("--no-record", action="store_true", help="show the figures only")
    arguments = parser.parse_args()
    chosen = arguments.systems or ["octavo", "released", "tuned"]
    record = Record("peers_whole_books", server_window=_SERVER_WINDOW, octavo_window=_WINDOW)
    tokenizer = embedded_tokenizer()
    for book in arguments.books:
        for kind in arguments.facts:
            key = f"{_BOOKS[book]}-{kind}"
            with tempfile.TemporaryDirectory() as folder:
                path = planted(book, FACTS[key], Path(folder))
                tokens = tokenizer.count(path.read_text(encoding="utf-8"))
                for name in chosen:
                    measure(record, system_named(name), key, path, tokens, Path(folder) / f"state-{name}")
                    if not arguments.no_record:
                        record.save()  # after every row: the next may take long


def system_named(name: str) -> System:
    """The system in the configuration that the option names."""
    if name == "octavo":
        return octavo(sys.executable, embedded_weights(), {})
    return qwen_agent(tuned=name == "tuned", model="fake", max_tokens=_REPLY_TOKENS, window=None)


def planted(book: str, fact: Fact, folder: Path) -> Path:
    """A copy of the book with the fact in its middle."""
    source = data_file(book)
    path = folder / source.name
    path.write_text(plant(source.read_text(encoding="utf-8"), fact), encoding="utf-8")
    return path


def measure(record: Record, system: System, key: str, path: Path, document_tokens: int, state: Path) -> None:
    """Ask twice, and add a row for each time."""
    fact = FACTS[key]
    with FakeServing(key, window=_SERVER_WINDOW, embedded_tokens=True) as server:
        outcomes, ends = [], [0]
        for _ in _ASKED:
            outcomes.append(ask(system, server.base_url, path, fact.question, state))
            ends.append(len(server.arrivals()))
        served = server.finish()
    for asked, outcome, start, end in zip(_ASKED, outcomes, ends, ends[1:], strict=False):
        calls = served[start:end]
        answering = [call for call in calls if call.kind == "answering"]
        prompt_tokens = sum(call.prompt_tokens for call in calls)
        record.add_row(
            "whole books, faithful reader",
            {
                "book": path.name,
                "fact and question": fact.name,
                "system": system.name,
                "configuration": system.configuration,
                "asked": asked,
                "calls": len(calls),
                "of them reading": sum(call.kind == "reading" for call in calls),
                "prompt tokens": prompt_tokens,
                "prompts ÷ document": round(prompt_tokens / document_tokens, 3),
                "wall s": round(outcome.seconds, 1),
                "fact shown": answering[-1].shows_fact if answering else None,
                "fact in answer": fact.shown_in(outcome.answer),
                "error": outcome.error,
            },
        )


if __name__ == "__main__":
    main()
