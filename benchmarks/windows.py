"""Prompts over the window: none, for any window from 4,096 tokens up, any length of question, and 50 files.

Random trials: a window, a question of any length up to beyond the window, a level, a way of pointing at sentences, and
a model whose replies are as often useful as useless or broken. Every request that reaches the model is measured with
the embedded model's own tokenizer; one whose prompt and reply together exceed the window is counted. A question too
long for the window must be refused with `WindowTooSmall`, before anything is sent; `refused` counts those.

What it does not measure: servers that count otherwise than they announce. Where the tokenizer is only estimated, a
window error of the server is answered by packing smaller; the tests of `reading` cover that.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import get_args

from facts import FACTS
from harness import Record, data_text
from octavo.errors import WindowTooSmall
from octavo.library.library import Library
from octavo.models.chat import Request
from octavo.models.ledger import Ledger
from octavo.models.scripted import ScriptedModel
from octavo.models.tokenizer import Tokenizer
from octavo.reading.options import LevelChoice, ReadingOptions, Strategy
from octavo.reading.reader import Reader
from serving import embedded_tokenizer

FILES = 50
_LEVELS: Sequence[LevelChoice] = ("auto", "retrieve", "read")
_BROKEN = ("", "{", "NOT FOUND", "None", "I do not know. " * 40, "[[1]] [2] [99]", "\x00 \ud7ff 🙂")


class CountingModel(ScriptedModel):
    """A scripted model that can say how many of its requests were over the window."""

    def __init__(self, draw: random.Random, window: int, tokenizer: Tokenizer) -> None:
        super().__init__(lambda request: random_reply(draw, request), window, tokenizer)

    def counted(self) -> int:
        """How many of the requests were over the window, prompt and reply together."""
        return sum(self.measure(request.messages) + request.max_tokens > self.window for request in self.requests)


def main() -> None:
    """Measure and record."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    english, chinese = data_text("war-and-peace"), data_text("hongloumeng")
    record = Record("windows", trials=arguments.trials, files=FILES, seed=arguments.seed)
    draw = random.Random(arguments.seed)
    tokenizer = embedded_tokenizer()
    over = requests = refused = answered = 0
    largest = 0.0
    with tempfile.TemporaryDirectory() as folder:
        files = Path(folder) / "files"
        write_files(files, draw, english, chinese)
        library = Library(files, home=Path(folder) / "home")
        for _ in range(arguments.trials):
            window = round(4_096 * 2 ** draw.uniform(0, 4))
            question = random_question(draw, english, chinese, window)
            model = CountingModel(draw, window, tokenizer)
            options = ReadingOptions(strategy=draw.choice(get_args(Strategy)), fill=None)
            reader = Reader(model, options=options, ledger=Ledger())
            try:
                reader.ask(library, question, level=draw.choice(_LEVELS))
                answered += 1
            except WindowTooSmall:
                refused += 1
            over += model.counted()
            requests += len(model.requests)
            fullest = max((model.measure(r.messages) + r.max_tokens for r in model.requests), default=0)
            largest = max(largest, fullest / window)
    record.add("prompts", requests, "prompts")
    record.add("prompts_over_window", over, "prompts")
    record.add("fullest_prompt", 100 * largest, "% of its window")
    record.add("readings_that_ended", answered, "readings")
    record.add("refused", refused, "readings")
    record.save()


def write_files(folder: Path, draw: random.Random, english: str, chinese: str) -> None:
    """Small files of several kinds: prose of two languages, mixtures, one endless line, code, symbols."""
    folder.mkdir()
    for number in range(FILES):
        length = round(200 * 2 ** draw.uniform(0, 5))
        prose = [excerpt(draw, text, length) for text in (english, chinese)]
        kinds = (
            prose[0],
            prose[1],
            f"# {prose[1][:30]}\n\n{prose[0]}\n\n## {prose[0][:30]}\n\n{prose[1]}",
            prose[0].replace("\n", " ").replace(". ", " "),
            "".join(draw.choices("{}()[]<>=+-*/ \n\t01xyzλ🙂é", k=length)),
        )
        (folder / f"file-{number:02}.md").write_text(kinds[number % len(kinds)], encoding="utf-8")


def excerpt(draw: random.Random, text: str, length: int) -> str:
    """So many characters from anywhere in `text`."""
    start = draw.randrange(len(text) - length)
    return text[start : start + length]


def random_question(draw: random.Random, english: str, chinese: str, window: int) -> str:
    """Mostly as people ask; else anything from one character to more than the window."""
    if draw.random() < 0.5:
        return draw.choice([fact.question for fact in FACTS.values()])
    text = draw.choice((english, chinese))
    return excerpt(draw, text, round(2 ** draw.uniform(0, 2 + draw.random() * window.bit_length()))) + "?"


def random_reply(draw: random.Random, request: Request) -> str:
    """What a model might say: something that fits the schema, something of the prompt, or something broken."""
    if draw.random() < 0.2:
        return draw.choice(_BROKEN)
    if request.schema is None:
        sentence = excerpt(draw, request.messages[-1].content + " " * 200, 120)
        return f"{sentence} [{draw.randint(1, 12)}]"
    said = {
        "sentences": draw.sample(range(1, 4), k=draw.randint(0, 2)),
        "information": request.messages[-1].content.removeprefix("Question: "),
        "instruction": "",
        "keywords": excerpt(draw, request.messages[-1].content + " " * 200, 100).split(),
        "sufficient": draw.random() < 0.3,
        "supported": True,
    }
    return json.dumps({key: said[key] for key in request.schema["properties"]}, ensure_ascii=False)


if __name__ == "__main__":
    main()
