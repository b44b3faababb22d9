"""A model that summarises faithfully: the first sentence of everything that it is shown, under its number."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from octavo.models.chat import Request
from octavo.reading import prompts

_ASKED = re.compile(r"\n\n(?:Focus: |Summarise the passages above|Above are summaries)")
_BLOCK = re.compile(r"(?m)^\[(\d+)\] (.*)\n")
_SENTENCE = re.compile(r"[^.。]+[.。]")


@dataclass
class Summariser:
    """Tells the first sentence of each passage or part that is shown. With a focus, what has its words, else that there
    is nothing."""

    requests: list[Request] = field(default_factory=list)

    def __call__(self, request: Request) -> str:
        self.requests.append(request)
        prompt = request.messages[-1].content
        focus = re.search(r"(?m)^Focus: (.*)$", prompt)
        found = _BLOCK.split(_ASKED.split(prompt)[0])
        told = []
        for number, text in zip(found[1::3], found[3::3], strict=True):
            sentences = [sentence.split("\n\n")[-1].strip() for sentence in _SENTENCE.findall(text)]
            if focus:
                sentences = [sentence for sentence in sentences if focus[1] in sentence]
            told += [f"{sentence[:-1]} [{number}]." for sentence in sentences[:1]]
        return " ".join(told) or prompts.NOT_FOUND

    @property
    def of_leaves(self) -> list[Request]:
        """The requests that show passages."""
        return [request for request in self.requests if "Summarise the passages above" in request.messages[-1].content]

    def asked_for(self, words: int) -> list[Request]:
        """The requests for so many words."""
        asked = f"in about {words} words"
        return [request for request in self.requests if asked in request.messages[-1].content]
