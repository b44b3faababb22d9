"""octavo and Qwen-Agent side by side on excerpts of 60,000 tokens, with the embedded model.

An excerpt of War and Peace (or of 红楼梦) with a fact planted in its middle is read by the embedded model for both: the
same server, the same window of 8,192 tokens, temperature 0, two calls at once at the server. octavo has the settings
that it chooses for this model; Qwen-Agent's replies may have 512 tokens (as released they may fill the window, with
this model for hours). The model is small and often wrong: whether the fact was found says as much of the model as of
the systems, one question is no statistics, and the counts and times are what to look at.

Takes 5 to 20 minutes for each excerpt, fact and system.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

# Run as a script, this folder is on the path; what the benchmarks share stands one above.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from facts import FACTS, Fact, plant
from harness import Record, data_text
from octavo.models.embedded import EmbeddedModel
from octavo.reading.options import ReadingOptions
from peers.bridge import Bridge
from peers.systems import System, ask, octavo, qwen_agent
from serving import embedded_weights

_BOOKS = {"war-and-peace": "en", "hongloumeng": "zh"}
_START = 0.3
"""The excerpt begins at this share of the book."""

_REPLY_TOKENS = 512


def main() -> None:
    """Measure and record."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tokens", type=int, default=60_000)
    parser.add_argument("--books", nargs="+", choices=_BOOKS, default=["war-and-peace"])
    parser.add_argument("--facts", nargs="+", choices=("shared", "unshared"), default=["shared", "unshared"])
    parser.add_argument("--systems", nargs="+", choices=("octavo", "released", "tuned"))
    parser.add_argument("--no-record", action="store_true", help="show the figures only")
    arguments = parser.parse_args()
    chosen = arguments.systems or ["octavo", "released", "tuned"]
    record = Record("peers_excerpts", tokens=arguments.tokens, reply_tokens=_REPLY_TOKENS)
    model = EmbeddedModel(raw=True)
    asyncio.run(model.ready())
    for book in arguments.books:
        for kind in arguments.facts:
            key = f"{_BOOKS[book]}-{kind}"
            with tempfile.TemporaryDirectory() as folder:
                text = excerpt(data_text(book), model, arguments.tokens)
                path = Path(folder) / f"{book}.md"
                path.write_text(plant(text, FACTS[key]), encoding="utf-8")
                for name in chosen:
                    system = system_named(name, model)
                    measure(record, system, model, FACTS[key], path, arguments.tokens, Path(folder) / name)
                    if not arguments.no_record:
                        record.save()  # after every row: the next may take long
    asyncio.run(model.aclose())


def system_named(name: str, model: EmbeddedModel) -> System:
    """The system in the configuration that the option names, with this model."""
    if name != "octavo":
        return qwen_agent(tuned=name == "tuned", model=model.name, max_tokens=_REPLY_TOKENS, window=model.window)
    options = asdict(ReadingOptions(concurrency=model.parallel).for_model(model, model.window))
    chosen = {name: value for name, value in options.items() if value is not None}
    return octavo(sys.executable, embedded_weights(), chosen)


def excerpt(text: str, model: EmbeddedModel, tokens: int) -> str:
    """So many tokens of the book, from one paragraph's start on."""
    start = text.index("\n", int(len(text) * _START)) + 1
    (starts,) = model.tokenizer.token_starts([text[start : start + 6 * tokens]])
    return text[start : start + starts[tokens]]


def measure(
    record: Record, system: System, model: EmbeddedModel, fact: Fact, path: Path, tokens: int, state: Path
) -> None:
    """Ask once, and add a row."""
    server = Bridge(model, fact)
    with server:
        outcome = ask(system, server.base_url, path, fact.question, state)
    served = server.served
    answering = [call for call in served if call.kind == "answering"]
    prompt_tokens = sum(call.prompt_tokens for call in served)
    record.add_row(
        f"excerpts of {tokens:,} tokens, embedded model",
        {
            "excerpt": path.name,
            "fact and question": fact.name,
            "system": system.name,
            "configuration": system.configuration,
            "calls": len(served),
            "of them reading": sum(call.kind == "reading" for call in served),
            "refused": sum(call.status != "200" for call in served),
            "prompt tokens": prompt_tokens,
            "prompts ÷ document": round(prompt_tokens / tokens, 3),
            "wall s": round(outcome.seconds, 1),
            "fact shown": answering[-1].shows_fact if answering else None,
            "answer": outcome.answer[:160],
            "error": outcome.error and outcome.error[:160],
        },
    )


if __name__ == "__main__":
    main()
