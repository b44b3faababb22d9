"""Readers of multi-hop questions that do exactly what octavo asks of them, and are only as good as they are made.

A reader is a function of the prompt. As *reader* it points at the fact of a sub-question where that stands in the
passage; as *planner* it asks the gold sub-questions whose needed answers stand in what is known, filled in from there,
and where an answer is not there it asks for it again; as *answerer* of a sub-question it gives the gold answer if and
only if the fact stands in the prompt, and of the whole question if and only if every fact does.

Asked the whole question, it sees a hop's fact only where the answers that this hop needs stand beside it, in the same
passage or in the notes: without them nobody can tell that the passage helps. With `foresight` it sees every fact; real
models are between the two. `Noise` makes it miss facts and claim others.

Knows octavo's prompts by `asked.py`; nothing of sessions or documents.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass

from asked import Analysing, Answering, Asked, Planning, Reading, asked, squeezed
from multihop_data import MultihopQuestion
from octavo.models.chat import Completion, Request, TokenLogprob, TokenUsage
from octavo.reading import prompts


@dataclass(frozen=True, slots=True)
class Noise:
    """How often a passage with the fact is pointed at (`finds`), and how often another one is (`claims`), at a random
    sentence. Drawn by a hash of question and passage, so the same call gets the same reply. With `confident` the reply
    has logprobs: evenly spread from 0.5 to 1 for what is there, and the square of that spread for what is not, so a
    true finding has the higher confidence in two of three pairs: an assumption, where the smallest model's confidences
    tell as much as a coin (`reader_strategies.py`)."""

    finds: float = 0.9
    claims: float = 0.05
    confident: bool = False
    seed: int = 0

    def drawn(self, *about: str) -> float:
        """An even draw from 0 to 1, the same for the same texts."""
        digest = hashlib.sha256("\0".join((str(self.seed), *about)).encode("utf-8")).digest()
        return int.from_bytes(digest[:8], "big") / 2**64


class MultihopReader:
    """A `Script` for one question. `final_prompts` are the prompts from which the whole question was to be answered,
    as they came. A reply with logprobs has no account: it is the caller's to add."""

    def __init__(self, question: MultihopQuestion, *, noise: Noise | None = None, foresight: bool = False) -> None:
        self.question = question
        self.final_prompts: list[Answering] = []
        self._noise = noise
        self._foresight = foresight
        self._hop_of = {text: number for number, text in enumerate(question.hop_questions())}

    def __call__(self, request: Request) -> str | Completion:
        """The reply."""
        return self.reply(asked(request.messages))

    def reply(self, call: Asked) -> str | Completion:
        """The reply to a call that is taken apart."""
        match call:
            case Analysing():
                empty = {"information": call.question, "instruction": "", "keywords": [], "whole": False}
                return json.dumps(empty, ensure_ascii=False)
            case Planning():
                return self._plan(call)
            case Answering():
                return self._answer(call)
            case Reading():
                return self._read(call)

    def knows(self, question: str) -> bool:
        """Whether it is the whole question or one of the hops' questions."""
        return question == self.question.question or question in self._hop_of

    def facts_in(self, text: str) -> list[bool]:
        """Of each hop, whether its fact stands in `text`."""
        line = squeezed(text)
        return [hop.fact in line for hop in self.question.hops]

    # --- planning ---------------------------------------------------------------------------------------------------

    def _plan(self, call: Planning) -> str:
        answers: dict[int, str] = {}
        questions = []
        for number, hop in enumerate(self.question.hops):
            if not all(needed in answers for needed in hop.needs):
                continue
            question = hop.question(answers)
            answer = call.known.get(question, "")
            if answer and not answer.startswith("not found"):
                answers[number] = answer
            else:
                questions.append(question)
        return json.dumps({"enough": len(answers) == len(self.question.hops), "questions": questions[:4]})

    # --- answering --------------------------------------------------------------------------------------------------

    def _answer(self, call: Answering) -> str:
        hop = self._hop_of.get(call.question)
        if hop is None and not call.judged:
            self.final_prompts.append(call)
        shown = self.facts_in(call.shown)
        wanted = range(len(shown)) if hop is None else (hop,)
        sufficient = all(shown[number] for number in wanted)
        if call.judged:
            return json.dumps({"sufficient": sufficient})
        if not sufficient:
            return prompts.NOT_FOUND
        said = self.question.answer if hop is None else self.question.hops[hop].answer
        sources = {self._source(self.question.hops[number].fact, call.passages) for number in wanted}
        return f"{said} {''.join(f'[{number}]' for number in sorted(sources) if number)}".strip()

    @staticmethod
    def _source(fact: str, passages: dict[int, str]) -> int:
        """The number of the passage that says it; 0 where only what was found out on the way does."""
        return next((number for number, text in passages.items() if fact in squeezed(text)), 0)

    # --- reading ----------------------------------------------------------------------------------------------------

    def _read(self, call: Reading) -> str | Completion:
        passage, ends = _joined(call.sentences)
        notes = squeezed(call.notes)
        if self._noise is None and not any(hop.fact in passage for hop in self.question.hops):
            return self._pointed(call, [[] for _ in call.questions], [])
        pointed, confidences = [], []
        for question in call.questions:
            seen = sorted(
                {place for fact in self._seen(question, passage, notes) for place in _places(fact, passage, ends)}
            )
            if self._noise is not None:
                seen, confidence = self._blurred(seen, question, passage, len(call.sentences))
                confidences.append(confidence)
            pointed.append(seen)
        return self._pointed(call, pointed, confidences)

    def _seen(self, question: str, passage: str, notes: str) -> list[str]:
        """The facts in the passage that help with the question."""
        hops = self.question.hops
        if (number := self._hop_of.get(question)) is not None:
            return [hops[number].fact] if hops[number].fact in passage else []
        if question != self.question.question:
            return []
        known = f"{notes}\n{passage}"
        return [
            hop.fact
            for hop in hops
            if hop.fact in passage and (self._foresight or all(hops[needed].fact in known for needed in hop.needs))
        ]

    def _blurred(self, seen: list[int], question: str, passage: str, sentences: int) -> tuple[list[int], float]:
        """What is pointed at in place of what is seen, and how surely."""
        assert self._noise is not None
        drawn, spread = self._noise.drawn("finds", question, passage), self._noise.drawn("surely", question, passage)
        if seen:
            return (seen, 0.5 + spread / 2) if drawn < self._noise.finds else ([], spread / 2)
        if drawn >= self._noise.claims:
            return [], spread / 2
        which = int(self._noise.drawn("which", question, passage) * sentences)
        return [which], 0.5 + spread**2 / 2

    def _pointed(
        self, call: Reading, pointed: Sequence[Sequence[int]], confidences: Sequence[float]
    ) -> str | Completion:
        if call.strategy != "number":
            raise ValueError("these readers point by number")
        # A schema bounds the list; a fact that is a whole paragraph may have more sentences.
        numbers = [[place + 1 for place in places[:8]] for places in pointed]
        keys = ["sentences"] if len(numbers) == 1 else [str(number) for number in range(1, len(numbers) + 1)]
        reply = json.dumps(dict(zip(keys, numbers, strict=True)))
        if self._noise is None or not self._noise.confident:
            return reply
        logprobs = []
        for key, listed, confidence in zip(keys, numbers, confidences, strict=True):
            logprobs.append(TokenLogprob(f'"{key}": [', 0.0))
            alternatives = (("1", math.log(max(confidence, 1e-6))), ("]", math.log(max(1 - confidence, 1e-6))))
            token, logprob = alternatives[0] if listed else alternatives[1]
            logprobs.append(TokenLogprob(token, logprob, alternatives))
        return Completion(reply, "stop", TokenUsage(prompt=0, completion=0), logprobs=tuple(logprobs))


def _joined(sentences: Sequence[str]) -> tuple[str, list[int]]:
    """The sentences as one line, and where each ends in it."""
    lines, ends, length = [], [], 0
    for sentence in sentences:
        lines.append(squeezed(sentence))
        length += len(lines[-1]) + 1
        ends.append(length)
    return " ".join(lines), ends


def _places(fact: str, passage: str, ends: Sequence[int]) -> list[int]:
    """The sentences, counted from 0, that the fact stands in."""
    start = passage.find(fact)
    if start < 0:
        return []
    return [
        number
        for number, end in enumerate(ends)
        if end > start and (ends[number - 1] if number else 0) < start + len(fact)
    ]
