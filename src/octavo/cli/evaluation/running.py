"""What `octavo eval TASK` does: settings become a model, methods and a task; a run folder comes out, and a table.

Knows the order of things; tasks are made by the verbs' own files, pictures by `octavo eval report`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args

from octavo.cli.choosing import Choice, choose_model
from octavo.cli.evaluation.judge import choose_judge
from octavo.cli.evaluation.native import native_model
from octavo.cli.evaluation.options import JudgeOptions, MakeTask, RunOptions, listed
from octavo.cli.opening import announce, reading_options
from octavo.cli.progress import warning
from octavo.cli.rendering import usage_words
from octavo.cli.terminal import say, write, write_json
from octavo.errors import UsageError
from octavo.evaluation.item import Scorer, Task
from octavo.evaluation.judging import JudgingModel
from octavo.evaluation.methods import NATIVE, NATIVE_ANSWER, LevelMethod, Method, NativeMethod
from octavo.evaluation.report.report import score_tables
from octavo.evaluation.run_folder import RunFolder
from octavo.evaluation.runner import Progress, run_evaluation
from octavo.evaluation.scorers.judge import Judge
from octavo.models.chat import ChatModel
from octavo.models.tokenizer import Tokenizer
from octavo.reading.answer import Usage
from octavo.reading.options import LevelChoice
from octavo.reading.reader import Reader
from octavo.settings import Settings, load_settings

_KEPT = (
    "window",
    "strategy",
    "chunk_tokens",
    "read_tokens",
    "rounds",
    "steps",
    "tools",
    "fill",
    "answer_tokens",
    "highest",
    "questions_at_once",
)
"""The settings that answers of octavo's levels depend on: a run is gone on with by the same alone."""


@dataclass(frozen=True, slots=True)
class Evaluated:
    """What the user typed."""

    make_task: MakeTask
    options: RunOptions
    judge: JudgeOptions
    command: Sequence[str]

    @property
    def flags(self) -> dict[str, object]:
        """The settings that were given on the command line (None: not given)."""
        return {name: getattr(self.options, name) for name in Settings.model_fields if hasattr(self.options, name)}


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a task is made with besides its own options: the tokenizer of the model, the judge, if there is one, and the
    folder for what is downloaded."""

    tokenizer: Tokenizer
    judge: Scorer | None
    downloads: Path


async def run(evaluated: Evaluated) -> int:
    """Run it, or go on with it. Returns the exit code; raises `OctavoError`."""
    options = evaluated.options
    names = _method_names(options)
    settings = load_settings(evaluated.flags)
    choice = choose_model(settings, evaluated.flags)
    home = settings.home_folder / "evaluation"
    async with AsyncExitStack() as stack:
        stack.push_async_callback(choice.model.aclose)
        await announce(choice)
        await choice.model.ready()
        reading = reading_options(settings, fresh=options.fresh)
        reader = Reader(choice.model, window=settings.window, options=reading, home=home)
        stack.callback(reader.close)
        judging = await _judging(evaluated, settings, reader, stack)
        judge = None if judging is None else Judge(judging)
        surroundings = Surroundings(choice.model.tokenizer, judge, settings.home_folder / "benchmarks")
        task = await asyncio.to_thread(evaluated.make_task, surroundings)
        methods: list[Method] = [
            await _native(evaluated, choice, settings, reader, stack)
            if name == NATIVE
            else _level(name, reader, settings, home)
            for name in names
        ]
        folder = RunFolder(options.out or Path("runs") / f"{task.name}-{_file_name(choice.model.name)}")
        folder.begin(_description(evaluated, task, methods, choice, settings, judging))
        teller = _Teller(quiet=options.quiet)
        scores = await run_evaluation(
            task,
            methods,
            folder,
            items_at_once=options.items_at_once,
            most_tokens=settings.budget_tokens,
            tell=teller.tell,
        )
    if options.json:
        write_json(scores)
    else:
        write(score_tables([folder.path]))
    if not options.quiet:
        say(f"{teller.made:,} answers made, {teller.kept:,} kept from before; {usage_words(teller.usage)}")
        if judging is not None:
            say(f"calls of the judge: {judging.account.calls:,} ({judging.account.reused:,} reused)")
        say(f"kept in {folder.path}; a page of it: octavo eval report {folder.path}")
    return 0 if scores["complete"] else 4


def _method_names(options: RunOptions) -> list[str]:
    known = (NATIVE, *get_args(LevelChoice))
    names = list(dict.fromkeys(listed(options.methods)))
    for name in names:
        if name not in known:
            raise UsageError(f"no method {name!r}: there are {', '.join(known)}")
    if not names:
        raise UsageError(f"--methods: names none; there are {', '.join(known)}")
    if NATIVE not in names and (options.extend or options.native_window):
        raise UsageError(f"--extend and --native-window are about the method {NATIVE}, which --methods does not name")
    return names


async def _judging(
    evaluated: Evaluated, settings: Settings, reader: Reader, stack: AsyncExitStack
) -> JudgingModel | None:
    """The judge, announced and found, to be closed by `stack`."""
    wanted = evaluated.judge
    if wanted.judge is None:
        if wanted.judge_url is not None:
            raise UsageError("--judge-url says where a judge is; name it with --judge MODEL")
        return None
    choice = choose_judge(wanted.judge, wanted.judge_url, settings, evaluated.flags)
    say(f"answers are judged by {choice.announcement}")
    for message in choice.warnings:
        say(warning(message))
    judging = JudgingModel(choice.model, reader.ledger, fresh=evaluated.options.fresh)
    await asyncio.to_thread(judging.__enter__)
    # Not in a worker thread: all of them may be waiting for the judge, until this cancels what they wait for.
    stack.push(judging)
    return judging


async def _native(
    evaluated: Evaluated, choice: Choice, settings: Settings, reader: Reader, stack: AsyncExitStack
) -> NativeMethod:
    """The method, its model ready: one that cannot be is said before anything is answered."""
    options = evaluated.options
    model = await asyncio.to_thread(
        native_model, choice, settings, evaluated.flags, window=options.native_window, extend=options.extend
    )
    if model is not choice.model:
        stack.push_async_callback(model.aclose)
        await model.ready()
        say(f"{NATIVE} has a window of {model.window:,} tokens")
        for message in model.warnings:
            say(warning(message))
    return NativeMethod(
        model,
        reader.ledger,
        window=settings.window if model is choice.model else model.window,
        answer_tokens=settings.answer_tokens or NATIVE_ANSWER,
        extended=options.extend,
        concurrency=settings.concurrency,
        fresh=options.fresh,
    )


def _level(name: str, reader: Reader, settings: Settings, home: Path) -> LevelMethod:
    level: LevelChoice = name  # type: ignore[assignment]
    return LevelMethod(reader, level, home, settings={name: getattr(settings, name) for name in _KEPT})


def _description(
    evaluated: Evaluated,
    task: Task,
    methods: Sequence[Method],
    choice: Choice,
    settings: Settings,
    judging: JudgingModel | None,
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
        **({} if judging is None else {"judge": dict(judging.settings())}),
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
