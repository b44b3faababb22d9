"""One needle at five depths of a million tokens: what each level finds, and what it costs.

`octavo eval pressure` over 1,000,000 tokens (the embedded model's): War and Peace, the paragraphs of MuSiQue and as
much of the Dream of the Red Chamber as is missing, shuffled by paragraph. With `--reader faithful` the model is a fake
endpoint in a process of its own whose reader sees the needle wherever it is shown and claims nothing else; `peak_mib`
is then octavo's own memory. With `--reader embedded` it is the embedded model, in octavo's process. `--work` keeps the
run, and one that was stopped goes on; `peak_mib` and `seconds` are then of the last start.

The five texts differ in the needle's place alone, so from the second on nearly every call has been made before. What it
does not measure: other needles, other orders.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from random import Random

from children import run_child
from facts import Fact
from harness import Record, data_file, data_text
from needle import octavo, rows
from octavo.evaluation.tasks.needlebench.needles import make_needles
from octavo.retrieval.terms import content_terms
from serving import FakeServing, embedded_tokenizer, embedded_weights

_TOKENS = 1_000_000
_SPARE = 10_000
"""Tokens of text beyond those needed."""

_HOURS = 8 * 3_600.0


def main() -> None:
    """Measure and record."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reader", choices=("faithful", "embedded"), default="faithful")
    parser.add_argument("--tokens", type=int, default=_TOKENS)
    parser.add_argument("--methods", nargs="+", choices=("retrieve", "read"), default=["retrieve", "read"])
    parser.add_argument("--depths", default="0:100:25")
    parser.add_argument("--work", type=Path, default=Path("runs"), help="keeps the run")
    arguments = parser.parse_args()
    name = f"pressure_{arguments.reader}"
    record = Record(name, tokens=arguments.tokens, tokenizer="smollm2", depths=arguments.depths, seed=0)
    run = arguments.work / name
    arguments.work.mkdir(parents=True, exist_ok=True)
    command: list[str | Path] = [octavo(), "eval", "pressure", "--tokens", str(arguments.tokens)]
    for text in _texts(arguments.tokens + _SPARE, arguments.work):
        command += ["--text", text]
    command += ["--depths", arguments.depths, "--methods", ",".join(arguments.methods)]
    command += ["--home", arguments.work / "home", "--out", run, "--quiet"]
    with _model(arguments.reader) as model:
        done = run_child([*command, *model], timeout=_HOURS)
    record.add("peak_mib", done.peak_mib, "MiB")
    record.add("seconds", done.seconds, "s")
    for row in rows(json.loads((run / "scores.json").read_text(encoding="utf-8"))):
        record.add_row("methods", row)
    for row in _by_depth(run):
        record.add_row("by depth", row)
    record.save()


@contextmanager
def _model(reader: str) -> Iterator[Sequence[str | Path]]:
    """The options that name the model."""
    if reader == "embedded":
        yield ["--model", "smollm2"]
        return
    needle = Random(0).choice(make_needles("en", 0))  # as the pressure test draws it
    words = tuple(content_terms(needle.question))
    fact = Fact("needle", needle.text, needle.question, words, tuple(content_terms(needle.text)))
    with FakeServing(fact, embedded_tokens=True) as server:
        yield ["--model", "fake", "--base-url", server.base_url, "--tokenizer", embedded_weights()]


def _texts(tokens: int, folder: Path) -> Iterator[Path]:
    """Files that hold `tokens` tokens of text."""
    tokenizer = embedded_tokenizer()
    paragraphs = [f"{entry['title']}: {entry['text']}" for entry in json.loads(data_text("musique-corpus"))]
    english = data_text("war-and-peace")
    tokens -= sum(map(len, tokenizer.token_starts([english, *paragraphs])))
    lines = [line for line in data_text("hongloumeng").splitlines() if line.strip()]
    held = 0
    for line in lines:
        if held >= tokens:
            break
        held += tokenizer.count(line)
        paragraphs.append(line)
    rest = folder / "paragraphs.txt"
    rest.write_text("\n\n".join(paragraphs) + "\n", encoding="utf-8")
    yield data_file("war-and-peace")
    yield rest


def _by_depth(run: Path) -> Iterator[dict[str, object]]:
    """A row for each answer: whether it was right, and what it cost."""
    scores = json.loads((run / "scores.json").read_text(encoding="utf-8"))
    for method, summary in scores["methods"].items():
        for group in summary["groups"]:
            cost = group["cost"]
            yield {
                "method": method,
                "depth": group["conditions"]["depth"],
                "score": group["measures"]["score"]["mean"],
                **{name.replace("_", " "): mean["mean"] for name, mean in group["evidence"].items()},
                "calls": cost["calls"],
                "calls reused": cost["reused_calls"],
                "prompt tokens": cost["prompt_tokens"],
                "seconds": round(cost["seconds"], 1),
            }


if __name__ == "__main__":
    main()
