"""A model that reads faithfully, and books for it to read."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from octavo.documents.document import Document, Section, Span
from octavo.library.library import Library
from octavo.models.chat import Request
from octavo.models.scripted import ScriptedModel
from octavo.reading import prompts
from octavo.reading.reader import Reader

FACT = "The lighthouse keeper Amelia Voss hid the silver compass under the chapel floor."
QUESTION = "Where is the silver compass hidden?"
WORDS = ("river", "stone", "window", "letter", "winter", "soldier", "garden", "mother", "candle", "horse", "bread")


@dataclass
class Faithful:
    """Replies as a perfect reader of `fact` would: it points at it where it stands, and answers from it when shown."""

    fact: str = FACT
    answer: str = "The silver compass is hidden under the chapel floor [{number}]."
    sufficient: bool = True
    keywords: tuple[str, ...] = ("compass",)
    requests: list[Request] = field(default_factory=list)

    def __call__(self, request: Request) -> str:
        self.requests.append(request)
        prompt = request.messages[-1].content
        properties = (request.schema or {}).get("properties", {})
        if "keywords" in properties:
            return json.dumps({"information": "", "instruction": "", "keywords": self.keywords, "whole": False})
        if "sufficient" in properties:
            return json.dumps({"sufficient": self.sufficient and self.fact in prompt})
        if "sentences" in properties:
            numbers = [int(n) for n in re.findall(r"\[(\d+)\] " + re.escape(self.fact), prompt)]
            return json.dumps({"sentences": numbers})
        passages = re.split(r"(?m)^\[(\d+)\] ", prompt)
        for number, text in zip(passages[1::2], passages[2::2], strict=True):
            if self.fact in text:
                return self.answer.format(number=number)
        return prompts.NOT_FOUND

    def of_kind(self, name: str) -> list[Request]:
        """The requests whose schema asks for a property of this name."""
        return [request for request in self.requests if name in (request.schema or {}).get("properties", {})]


def book(sentences: int, *, facts: dict[int, str] | None = None, name: str = "book.txt", seed: int = 0) -> Document:
    """A document of so many made-up sentences in sections of 40, with facts planted before given sentences."""
    random_words = random.Random(seed)
    text = ""
    starts = []
    for index in range(sentences):
        if index % 40 == 0:
            starts.append(len(text))
            text += f"Chapter {index // 40 + 1}\n\n"
        if facts and index in facts:
            text += facts[index] + " "
        words = [random_words.choice(WORDS) for _ in range(12)]
        text += " ".join(words).capitalize() + (".\n\n" if index % 8 == 7 else ". ")
    ends = [*starts[1:], len(text)]
    sections = [
        Section(f"Chapter {number}", 1, Span(start, end))
        for number, (start, end) in enumerate(zip(starts, ends, strict=True), start=1)
    ]
    return Document.of(text, name=name, sections=sections)


@pytest.fixture
def faithful() -> Faithful:
    return Faithful()


@pytest.fixture
def read_with(tmp_path: Path) -> Callable[..., tuple[Reader, Library]]:
    """Makes a reader with a scripted model and a library of documents, both in a folder of the test's own."""

    def make(reply: Callable[[Request], str], *documents: Document, window: int = 8192, **options: object):  # type: ignore[no-untyped-def]
        from octavo.reading.options import ReadingOptions

        reader = Reader(
            ScriptedModel(reply, window=window),
            home=tmp_path,
            options=ReadingOptions(**options),  # type: ignore[arg-type]
        )
        return reader, Library(*documents, home=tmp_path)

    return make
