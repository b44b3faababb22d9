"""What `octavo eval TASK` does: settings become a model, methods and a task; a run folder comes out, and a table.

Knows the order of things; tasks are made by `eval.py`, pictures by `octavo eval report`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args

from octavo.cli.choosing import Choice, choose_model
from octavo.cli.opening import announce, reading_options
from octavo.cli.rendering import usage_words
from octavo.cli.terminal import say, write, write_json
from octavo.errors import UsageError
from octavo.evaluation.item import Task
from octavo.evaluation.methods import LevelMethod, Method, NativeMethod
from octavo.evaluation.report.report import score_tables
from octavo.evaluation.run_folder import RunFolder
from octavo.evaluation.runner import Progress, run_evaluation
from octavo.models.chat import ChatModel
from octavo.models.tokenizer import Tokenizer
from octavo.reading.answer import Usage
from octavo.reading.options import LevelChoice
from octavo.reading.reader import Reader
from octavo.settings import Settings, load_settings

MakeTask = Callable[[Tokenizer], Task]


@dataclass(frozen=True, slots=True)
class Evaluated:
    """What the user typed. `flags` are the settings given on the command line (None: not given); `out` is the run's
    folder, by default named after the task and the model."""

    make_task: MakeTask
    methods: Sequence[str]
    flags: Mapping[str, object]
    command: Sequence[str]
    out: Path | None = None
    items_at_once: int = 1
    fresh: bool = False
    json: bool = False
    quiet: bool = False


async def run(evaluated: Evaluated) -> int:
    """Run it, or go on with it. Returns the exit code; raises `OctavoError`."""
    settings = load_settings(evaluated.flags)
    choice = choose_model(settings, evaluated.flags)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(choice.model.aclose)
        await announce(choice)
        await choice.model.ready()
        options = reading_options(settings, fresh=evaluated.fresh)
        home = settings.home_folder / "evaluation"
        reader = Reader(choice.model, window=settings.window, options=options, home=home)
        stack.callback(reader.close)
        task = evaluated.make_task(choice.model.tokenizer)
        methods = [_method(name, reader, settings, home) for name in evaluated.methods]
        folder = RunFolder(evaluated.out or Path("runs") / f"{task.name}-{_file_name(choice.model.name)}")
        folder.begin(_description(evaluated, task, methods, choice, settings))
        teller = _Teller(quiet=evaluated.quiet)
        scores = await run_evaluation(
            task,
            methods,
            folder,
            items_at_once=evaluated.items_at_once,
            most_tokens=settings.budget_tokens,
            tell=teller.tell,
        )
    if evaluated.json:
        write_json(scores)
    else:
        write(score_tables([folder.path]))
    if not evaluated.quiet:
        say(f"{teller.made:,} answers made, {teller.kept:,} kept from before; {usage_words(teller.usage)}")
        say(f"kept in {folder.path}; pictures: octavo eval report {folder.path}")
    return 0 if scores["complete"] else 4


def _method(name: str, reader: Reader, settings: Settings, home: Path) -> Method:
    if name == NativeMethod.name:
        return NativeMethod(reader.model, reader.ledger, window=settings.window)
    if name not in get_args(LevelChoice):
        raise UsageError(f"no method {name!r}: there are native, {', '.join(get_args(LevelChoice))}")
    level: LevelChoice = name  # type: ignore[assignment]
    kept = ("window", "chunk_tokens", "strategy", "read_tokens", "rounds", "steps", "tools", "fill", "answer_tokens")
    return LevelMethod(reader, level, home, settings={name: getattr(settings, name) for name in kept})


def _description(
    evaluated: Evaluated, task: Task, methods: Sequence[Method], choice: Choice, settings: Settings
) -> dict[str, Any]:
    from importlib.metadata import version

    model: ChatModel = choice.model
    return {
        "octavo": version("octavo"),
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": ["octavo", *evaluated.command],
        "task": task.name,
        "settings": dict(task.settings()),
        "model": {
            "name": model.name,
            "fingerprint": model.fingerprint,
            "window": settings.window or model.window,
            "exact_token_counts": model.tokenizer.exact,
        },
        "methods": [dict(method.settings()) for method in methods],
    }


class _Teller:
    """Says how far the run is, a line an answer, and sums up what it cost."""

    def __init__(self, *, quiet: bool) -> None:
        self.made = self.kept = 0
        self.usage = Usage()
        self._quiet = quiet

    def tell(self, progress: Progress) -> None:
        """One more answer."""
        if not progress.made_now:
            self.kept += 1
            return
        self.made += 1
        prediction = progress.prediction
        self.usage = Usage(
            calls=self.usage.calls + prediction.calls,
            reused_calls=self.usage.reused_calls + prediction.reused_calls,
            prompt_tokens=self.usage.prompt_tokens + prediction.prompt_tokens,
            completion_tokens=self.usage.completion_tokens + prediction.completion_tokens,
            seconds=self.usage.seconds + prediction.seconds,
        )
        if not self._quiet:
            said = prediction.error if prediction.text is None else f"score {progress.value:.2f}"
            say(f"{progress.number:,}: {progress.item.id}, {progress.method}: {said}")


def _file_name(name: str) -> str:
    """A model's name as part of a folder's."""
    return "".join(letter if letter.isalnum() or letter in "-._" else "-" for letter in name)
