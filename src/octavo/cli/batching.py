"""What `octavo batch` does: a file of questions becomes a line of JSON for each.

Knows files and streams; nothing of how questions are answered.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from pathlib import Path

from octavo.cli.opening import opened
from octavo.cli.rendering import EXIT_CODES, usage_words
from octavo.cli.terminal import say, write_line
from octavo.cli.tools import ToolWords
from octavo.errors import UsageError
from octavo.reading.answer import Answer, Outcome, Usage
from octavo.reading.events import Answered, BatchFinished


async def run(
    questions_from: str,
    sources: Sequence[str],
    flags: Mapping[str, object],
    tools: ToolWords,
    *,
    fresh: bool,
    quiet: bool,
) -> int:
    """Answer all of them. Returns the exit code; raises `OctavoError`."""
    questions = read_questions(questions_from)
    answers: list[Answer] = []
    usage = Usage()
    async with opened(sources, flags, fresh=fresh, quiet=quiet, tools=tools) as open_:
        events = open_.reader.astream_batch(open_.library, questions, level=open_.settings.level, budget=open_.budget)
        async with aclosing(events):
            async for event in events:
                open_.progress.show(event)
                match event:
                    case Answered(answer):
                        open_.progress.pause()
                        write_line(json.dumps(answer.as_json(), ensure_ascii=False))
                        answers.append(answer)
                    case BatchFinished(usage=usage):
                        pass
    if not quiet:
        found = sum(bool(answer.found) for answer in answers)
        say(f"{found:,} of {len(answers):,} questions answered; {usage_words(usage)}")
    exhausted = any(answer.budget_exhausted for answer in answers)
    return EXIT_CODES[Outcome.BUDGET_EXHAUSTED] if exhausted else 0


def read_questions(name: str) -> list[str]:
    """The lines of a file, or of standard input for "-", that are not empty. Raises `UsageError`."""
    try:
        text = sys.stdin.read() if name == "-" else Path(name).read_text(encoding="utf-8-sig")
    except OSError as error:
        raise UsageError(f"{name}: cannot be read ({error.strerror}); it should hold a question a line") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{name}: is not UTF-8 text; it should hold a question a line") from error
    questions = [line.strip() for line in text.splitlines() if line.strip()]
    if not questions:
        raise UsageError(f"{name}: holds no question; it should have one a line")
    return questions
