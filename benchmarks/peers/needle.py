"""octavo and Qwen-Agent side by side on NeedleBench-style items: scores and costs by the same code.

NeedleBench v2's single retrieval (S-RT), English, one needle at five depths of War and Peace, its paragraphs shuffled:
the task of `octavo eval needle`, run by the same runner, with Qwen-Agent as one more method. Everybody gets the same
text and question, and the embedded model behind the same address: a window of 8,192 tokens, temperature 0, two calls at
once. octavo (`retrieve`, `read`) has the settings that it chooses for this model; Qwen-Agent's replies may have 512
tokens.

Calls and tokens are counted at the server, for all alike; `needle shown` says of how many items the needle stood in the
prompt that the answer was written from. Seconds run from the question on: the start of Qwen-Agent's process, which is
new for each question, is left out. Both keep what they keep between questions (octavo its ledger, Qwen-Agent, when
tuned, its cache of model calls), so with the depths of one text the later ones cost less: "by depth" has each.

`--work` keeps the runs, one a length, and a run that was stopped goes on. What it does not measure: NeedleBench's own
haystack, more than one needle a length, another model. The model is small: what it is shown tells the systems apart
better than what it answers.
"""

from __future__ import annotations

import argparse
import asyncio
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

# Run as a script, this folder is on the path; what the benchmarks share stands one above.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from facts import Fact
from faithful import ANSWERING
from harness import Record, data_file
from octavo.evaluation.item import Item, Prediction
from octavo.evaluation.methods import LevelMethod, Method
from octavo.evaluation.run_folder import RunFolder
from octavo.evaluation.runner import Progress, run_evaluation
from octavo.evaluation.tasks.needlebench.task import NeedleBench
from octavo.models.embedded import EmbeddedModel
from octavo.models.endpoint import EndpointModel
from octavo.reading.options import LevelChoice, ReadingOptions
from octavo.reading.reader import Reader
from peers.bridge import Bridge
from peers.systems import System, ask, qwen_agent
from serving import embedded_weights

_BOOK = "war-and-peace"
_LENGTHS = (8_000, 32_000)
_DEPTHS = (0.0, 25.0, 50.0, 75.0, 100.0)
_REPLY_TOKENS = 512
_LEVELS: tuple[LevelChoice, ...] = ("retrieve", "read")
_CONFIGURATIONS = ("released", "tuned")
_CALL_SECONDS = 1_800.0
"""A call may stand in line behind others on a slow machine."""

_NOTHING = Fact("nothing", "", "", (), ())


class Counted:
    """A method whose calls and tokens are counted at the server. Knows where the server looks for the needle."""

    def __init__(self, name: str, method: Method, server: Bridge) -> None:
        self.name = name
        self._method = method
        self._server = server

    def settings(self) -> Mapping[str, Any]:
        """The method's own."""
        return {**self._method.settings(), "method": self.name}

    async def answer(self, item: Item) -> Prediction:
        """What the method says, with what it cost."""
        needle = item.evidence[0].text
        self._server.fact = Fact("needle", needle, item.question, (), ())
        calls, written = len(self._server.served), self._server.completion_tokens
        prediction = await self._method.answer(item)
        served = self._server.served[calls:]
        return replace(
            prediction,
            calls=len(served),
            prompt_tokens=sum(call.prompt_tokens for call in served),
            completion_tokens=self._server.completion_tokens - written,
        )


class QwenAgent:
    """The peer as a method: a process of its own for each item. `state` is the folder of what it keeps between them.

    A failure of its process is part of the prediction, as its own errors are.
    """

    def __init__(self, system: System, server: Bridge, state: Path) -> None:
        self.name = f"{system.name}, {system.configuration}"
        self._system = system
        self._server = server
        self._state = state

    def settings(self) -> Mapping[str, Any]:
        """Its configuration, the command's paths left out."""
        return {"system": self._system.name, "configuration": self._system.configuration, "reply_tokens": _REPLY_TOKENS}

    async def answer(self, item: Item) -> Prediction:
        """Its answer; of the final prompt only the needle is looked for, so `shown` is that or nothing."""
        before = len(self._server.served)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "context.txt"
            path.write_text(item.context, encoding="utf-8")
            try:
                outcome = await asyncio.to_thread(
                    ask, self._system, self._server.base_url, path, item.question, self._state
                )
            except (RuntimeError, subprocess.TimeoutExpired) as failed:
                return Prediction(item.id, None, str(failed))
        if outcome.error is not None:
            return Prediction(item.id, None, outcome.error, seconds=outcome.asking_seconds)
        answering = [call for call in self._server.served[before:] if call.kind == ANSWERING]
        shown = bool(answering) and answering[-1].shows_fact
        return Prediction(
            item.id,
            outcome.answer,
            shown=(item.evidence[0].span,) if shown else (),
            seconds=outcome.asking_seconds,
        )


def main() -> None:
    """Measure and record."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lengths", nargs="+", type=int, default=list(_LENGTHS), help="in the model's tokens")
    parser.add_argument("--depths", nargs="+", type=float, default=list(_DEPTHS), help="in percent")
    parser.add_argument("--systems", nargs="+", choices=(*_LEVELS, *_CONFIGURATIONS))
    parser.add_argument("--work", type=Path, default=Path("runs"), help="keeps the runs")
    parser.add_argument("--no-record", action="store_true", help="show the figures only")
    arguments = parser.parse_args()
    systems = arguments.systems or [*_LEVELS, *_CONFIGURATIONS]
    record = Record("peers_needle", model="smollm2", tokenizer="smollm2", depths=arguments.depths, repeats=1, seed=0)
    for length in arguments.lengths:
        scores = asyncio.run(evaluate(length, arguments.depths, systems, arguments.work.resolve()))
        for row in rows(scores):
            record.add_row(f"NeedleBench-style S-RT, {length:,} tokens", row)
        for row in rows_by_depth(scores):
            record.add_row(f"by depth, {length:,} tokens", row)
        if not arguments.no_record:
            record.save()  # after every length: the next takes long


async def evaluate(length: int, depths: Sequence[float], systems: Sequence[str], work: Path) -> dict[str, Any]:
    """All items of one length, answered by all systems; the scores."""
    async with AsyncExitStack() as stack:
        model = EmbeddedModel(raw=True)
        stack.push_async_callback(model.aclose)
        await model.ready()
        task = NeedleBench(
            model.tokenizer,
            tasks=["s_rt"],
            languages=["en"],
            texts={"en": [data_file(_BOOK)]},
            lengths=[length],
            depths=depths,
            repeats=1,
        )
        server = Bridge(model, _NOTHING)
        stack.enter_context(server)
        reader = _reader(model, server, work / "home")
        stack.push_async_callback(reader.model.aclose)
        stack.callback(reader.close)
        methods = [_method(name, reader, model, server, work) for name in systems]
        folder = RunFolder(work / f"peers_needle_{length}")
        folder.begin(
            {
                "octavo": version("octavo"),
                "started": datetime.now(UTC).isoformat(timespec="seconds"),
                "task": task.name,
                "settings": dict(task.settings()),
                "model": {"name": model.name, "fingerprint": model.fingerprint, "window": model.window},
                "methods": [dict(method.settings()) for method in methods],
            }
        )
        return await run_evaluation(task, methods, folder, tell=_tell)


def _reader(model: EmbeddedModel, server: Bridge, home: Path) -> Reader:
    """octavo, asking the server as Qwen-Agent does, with the settings for the model that stands behind it."""
    endpoint = EndpointModel(
        base_url=server.base_url,
        tokenizer=embedded_weights(),
        timeout=_CALL_SECONDS,
        # The address has another port each time, and the ledger is to know the model again.
        fingerprint=model.fingerprint,
    )
    options = ReadingOptions(concurrency=model.parallel).for_model(model, model.window)
    return Reader(endpoint, window=model.window, home=home, options=options)


def _method(name: str, reader: Reader, model: EmbeddedModel, server: Bridge, work: Path) -> Method:
    """The method that the option names."""
    for level in _LEVELS:
        if level == name:
            method = LevelMethod(reader, level, work / "home", settings={"window": model.window})
            return Counted(f"octavo, {level}", method, server)
    system = qwen_agent(tuned=name == "tuned", model=model.name, max_tokens=_REPLY_TOKENS, window=model.window)
    peer = QwenAgent(system, server, work / "peers" / name)
    return Counted(peer.name, peer, server)


def _tell(progress: Progress) -> None:
    said = progress.prediction.error or f"score {progress.value:.2f}"
    when = f"{progress.prediction.seconds:.0f} s" if progress.made_now else "kept from before"
    print(f"{progress.number}: {progress.item.id}, {progress.method}: {said}, {when}", flush=True)


# --- figures --------------------------------------------------------------------------------------------------------


def rows(scores: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """A row for each system: its score with the interval, and what a question cost on average."""
    for method, summary in scores["methods"].items():
        headline = summary["measures"]["score"]
        yield {
            "system": method,
            "items": summary["items"],
            "failed": summary["failed"],
            "score": round(100 * headline["mean"], 1),
            "95 % interval": f"{100 * headline['low']:.0f} to {100 * headline['high']:.0f}",
            **_shown_and_cost(summary),
        }


def rows_by_depth(scores: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """A row for each system and depth, in the order in which they were asked."""
    for method, summary in scores["methods"].items():
        for group in summary["groups"]:
            yield {
                "system": method,
                "depth": group["conditions"]["depth"],
                "score": round(100 * group["measures"]["score"]["mean"], 1),
                **_shown_and_cost(group),
            }


def _shown_and_cost(summary: Mapping[str, Any]) -> dict[str, Any]:
    items, cost = summary["items"], summary["cost"]
    shown = summary["evidence"].get("evidence_shown")
    return {
        "needle shown": round(shown["mean"] * shown["n"]) if shown else None,
        "calls a question": round(cost["calls"] / items, 1),
        "prompt tokens a question": round(cost["prompt_tokens"] / items),
        "seconds a question": round(cost["seconds"] / items, 1),
    }


if __name__ == "__main__":
    main()
