"""The agent of the length experiment: it reads a text piece by piece, and what it finds becomes samples to train on.

octavo's own level `read`, with a reader that is a script: shown a piece of text and questions, it points at the
sentences that say what sells where; shown the passages that octavo packed, it answers from them. Now and then it
answers with what sells somewhere else (`ERRS`), as a model would. A sample is kept only where octavo's verified
evidence bears the answer out: one of the quotes that it cites says so, word for word.

Nothing here is told what was planted: questions, pieces and passages are all that the reader sees. Knows octavo's
prompts by `asked.py`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from shutil import rmtree

from asked import Analysing, Answering, Planning, Reading, UnknownPrompt, asked
from length_data import fact, question
from octavo.documents.document import Document
from octavo.models.chat import Request
from octavo.models.ledger import Ledger
from octavo.models.scripted import ScriptedModel
from octavo.models.tokenizer import Tokenizer
from octavo.reading import prompts
from octavo.reading.answer import Answer
from octavo.reading.options import ReadingOptions
from octavo.reading.reader import Reader

ERRS = 0.05
"""How often the reader answers with what sells somewhere else."""

_WINDOW = 65_536
"""Of the reader, in the small model's tokens, to which octavo's instructions are single bytes. How much text it sees at
once is bounded by the chunks."""

_ASKED = re.compile(r"What sells in (\w+)\?")
_SAID = re.compile(r"In (\w+) (\w+) sell\.")
_MOST_POINTED = 8
_AT_HOME = 200
"""Texts that one library keeps: none is asked about again, and a small library takes in another sooner."""


@dataclass(frozen=True, slots=True)
class Found:
    """What the agent answered about a town, and whether its evidence bears that out."""

    town: str
    goods: str
    verified: bool


class Looking:
    """A `Script` that reads for what sells where."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)

    def __call__(self, request: Request) -> str:
        """The reply."""
        match asked(request.messages):
            case Analysing(text):
                return json.dumps({"information": text, "instruction": "", "keywords": [], "whole": False})
            case Reading() as call:
                return _pointed(call)
            case Answering() as call:
                return self._answer(call)
            case Planning():
                raise UnknownPrompt("a step is to be planned, and this reader only reads")

    def _answer(self, call: Answering) -> str:
        town = _town(call.question)
        said = [(number, *pair) for number, text in call.passages.items() for pair in _SAID.findall(text)]
        number, goods = next(((number, goods) for number, who, goods in said if who == town), (0, ""))
        if call.judged:
            return json.dumps({"sufficient": bool(goods)})
        if not goods:
            return prompts.NOT_FOUND
        if self._random.random() < ERRS:
            number, _, goods = self._random.choice(said)
        return f"{fact(town, goods)} [{number}]"


class Agent:
    """Reads in pieces of at most `piece_tokens` tokens of the small model's `tokenizer`; a context. octavo keeps the
    last texts in `home`."""

    def __init__(self, tokenizer: Tokenizer, piece_tokens: int, home: Path, seed: int) -> None:
        self._ledger = Ledger()
        self._model = ScriptedModel(Looking(seed), _WINDOW, tokenizer, name=f"looking-{seed}")
        # What is fresh is not looked up: no two texts are alike, and the replies to one may differ.
        self._options = ReadingOptions(chunk_tokens=piece_tokens, strategy="number", reply_tokens=512, fresh=True)
        self._home = home
        self._texts = 0
        self._current: Reader | None = None

    def __enter__(self) -> Agent:
        return self

    def __exit__(self, *_: object) -> None:
        self._ledger.close()

    def _reader(self) -> Reader:
        """That of the last texts, or one with nothing in its library where that has enough of them."""
        if self._current is None or self._texts % _AT_HOME == 0:
            library = self._home / "read"
            rmtree(library, ignore_errors=True)
            self._current = Reader(self._model, options=self._options, home=library, ledger=self._ledger)
        self._texts += 1
        return self._current

    def read(self, text: str, towns: Sequence[str]) -> list[Found]:
        """What it finds about each of these towns in a text."""
        document = Document.of(text, name="towns.txt")
        answers = self._reader().batch(document, [question(town) for town in towns], level="read")
        return [_found(town, answer) for town, answer in zip(towns, answers, strict=True)]


def _found(town: str, answer: Answer) -> Found:
    said = _SAID.search(answer.text)
    goods = said[2] if said is not None else ""
    quotes = [citation.quote for citation in answer.citations if citation.support == "supported"]
    return Found(town, goods, bool(answer.found) and any(fact(town, goods) in quote for quote in quotes))


def _pointed(call: Reading) -> str:
    if call.strategy != "number":
        raise UnknownPrompt("this reader points by number")
    numbers = [
        [place for place, sentence in enumerate(call.sentences, start=1) if f"In {_town(text)} " in sentence]
        for text in call.questions
    ]
    keys = ["sentences"] if len(numbers) == 1 else [str(number) for number in range(1, len(numbers) + 1)]
    return json.dumps({key: places[:_MOST_POINTED] for key, places in zip(keys, numbers, strict=True)})


def _town(text: str) -> str:
    found = _ASKED.search(text)
    if found is None:
        raise UnknownPrompt(f"a question after no town: {text!r}")
    return found[1]
