"""One call of a tool, which costs no more than itself: what raises or hangs is a failed outcome, megabytes are cut.

Knows threads, tasks and tokens; nothing of permission (`toolbox.py`).
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import inspect
import threading
from collections.abc import Mapping
from typing import Any

from octavo.errors import OctavoError, ToolError
from octavo.models.chat import ToolCall
from octavo.models.tokenizer import Tokenizer
from octavo.reading.tools.tool import Run, Tool, ToolOutcome, ToolResult

SECONDS = 30.0
"""What a call may take."""

MOST_TOKENS = 1_024
"""What a result may hold."""

_CHARACTERS_PER_TOKEN = 16
"""More than tokens hold on average in any text: so much of a result is looked at, however long it is."""

_LONGEST_COMPLAINT = 500

_ABANDONED: set[asyncio.Task[object]] = set()
"""Calls that were given up and have not ended yet: a task that nothing holds may vanish while it runs."""


async def run_tool(
    tool: Tool,
    arguments: Mapping[str, Any],
    *,
    tokenizer: Tokenizer,
    timeout: float | None = SECONDS,  # noqa: ASYNC109 - what heeds no cancellation must be left behind
    most_tokens: int = MOST_TOKENS,
) -> ToolOutcome:
    """Call a tool and return in `timeout` seconds, whatever it does (None: when it does); its result is cut at
    `most_tokens`.

    A function that hangs in its thread keeps neither the loop nor the process. One that is asynchronous and blocks the
    loop cannot be helped.
    """
    call = ToolCall(tool.name, arguments)

    def failed(why: str) -> ToolOutcome:
        return ToolOutcome(call, cut_text(f"{tool.name} {why}", most_tokens, tokenizer), failed=True)

    task: asyncio.Task[object] = asyncio.create_task(_result(tool.run, arguments))
    try:
        await asyncio.wait({task}, timeout=timeout)
    finally:
        _abandon(task)
    if not task.done():
        return failed(f"gave no result in {timeout:g} s")
    if task.cancelled():
        return failed("failed: it was cancelled")
    error = task.exception()
    if error is not None:
        return failed(f"failed: {_complaint(error)}")
    result = task.result()
    if isinstance(result, str):
        result = ToolResult(result)
    if not isinstance(result, ToolResult):
        return failed(f"failed: it returned no text but {type(result).__name__}")
    return ToolOutcome(call, cut_text(result.text, most_tokens, tokenizer), chunks=result.chunks)


def cut_text(text: str, most_tokens: int, tokenizer: Tokenizer) -> str:
    """`text`, or as much of its beginning as `most_tokens` hold together with a note that says so."""
    beginning = text[: most_tokens * _CHARACTERS_PER_TOKEN]
    (starts,) = tokenizer.token_starts([beginning])
    if len(beginning) == len(text) and len(starts) <= most_tokens:
        return text
    note = f"\n[cut here: the whole has {len(text):,} characters]"
    left = max(0, most_tokens - tokenizer.count(note))
    return (beginning if len(starts) <= left else beginning[: starts[left]]) + note


async def _result(run: Run, arguments: Mapping[str, Any]) -> object:
    try:
        made: object = run(arguments) if inspect.iscoroutinefunction(run) else await _in_thread(run, arguments)
        return await made if inspect.isawaitable(made) else made
    except SystemExit as error:
        raise ToolError("it tried to end the program") from error


async def _in_thread(run: Run, arguments: Mapping[str, Any]) -> object:
    """The result of `run` in a thread of its own. One of an executor would be waited for when the process ends."""
    loop = asyncio.get_running_loop()
    finished: asyncio.Future[tuple[object, BaseException | None]] = loop.create_future()
    context = contextvars.copy_context()

    def settle(result: object, error: BaseException | None) -> None:
        if not finished.done():
            finished.set_result((result, error))

    def work() -> None:
        result, raised = None, None
        try:
            result = context.run(run, arguments)
        except BaseException as error:  # noqa: BLE001 - raised again where it is waited for
            raised = error
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(settle, result, raised)

    threading.Thread(target=work, name="octavo-tool", daemon=True).start()
    result, raised = await finished
    if raised is not None:
        raise raised
    return result


def _abandon(task: asyncio.Task[object]) -> None:
    """Cancel a call that is not over, without waiting for it to heed that."""
    if not task.done():
        _ABANDONED.add(task)
        task.add_done_callback(_forget)
        task.cancel()


def _forget(task: asyncio.Task[object]) -> None:
    _ABANDONED.discard(task)
    if not task.cancelled():
        task.exception()  # looked at, so that the loop does not report it as overlooked


def _complaint(error: BaseException) -> str:
    said = " ".join(str(error).split())[:_LONGEST_COMPLAINT]
    if isinstance(error, OctavoError):
        return said
    return f"{type(error).__name__}: {said}" if said else type(error).__name__
