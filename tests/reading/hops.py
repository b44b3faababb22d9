"""A model that plans in hops, and reads and answers as faithfully as can be: for tests of level 3 and of rounds."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from octavo.models.chat import Completion, Request
from octavo.reading import prompts


@dataclass(frozen=True)
class Hop:
    """A sub-question, the fact that answers it, and what must be known before it can be asked (a word of memory)."""

    question: str
    fact: str
    needs: str = ""


@dataclass
class Planner:
    """Asks the hops whose needs are known and that are not; points at a hop's fact where it stands; answers with it.

    The whole question is answered by `answer` where every fact stands in the prompt. `replies` overrules what is said
    to a request whose last message holds a text.
    """

    hops: Sequence[Hop]
    question: str = "?"
    answer: str = "The answer"
    replies: Mapping[str, str | Exception] = field(default_factory=dict)
    requests: list[Request] = field(default_factory=list)

    def __call__(self, request: Request) -> str | Completion:
        self.requests.append(request)
        prompt = request.messages[-1].content
        for held, reply in self.replies.items():
            if held in prompt:
                if isinstance(reply, Exception):
                    raise reply
                return reply
        properties = (request.schema or {}).get("properties", {})
        if "enough" in properties:
            return json.dumps(self.plan(prompt))
        if "keywords" in properties:
            return json.dumps({"information": "", "instruction": "", "keywords": [], "whole": False})
        if "sufficient" in properties:
            return json.dumps({"sufficient": False})
        if "sentences" in properties:
            (asked,) = re.findall(r"\n\nQuestion: (.*)$", prompt)
            return json.dumps({"sentences": self.numbers(prompt, asked)})
        if "1" in properties:
            asked = re.findall(r"(?m)^\d+\. (.*)$", prompt.rpartition("\n\nQuestions:\n")[2])
            return json.dumps({str(n): self.numbers(prompt, question) for n, question in enumerate(asked, start=1)})
        return self.answered(prompt)

    def plan(self, prompt: str) -> dict[str, object]:
        """The next hops: what is known stands behind "Known so far"."""
        known = prompt.rpartition("Known so far:\n")[2]
        open_hops = [hop for hop in self.hops if hop.question not in known and hop.needs in known]
        return {"enough": not open_hops, "questions": [hop.question for hop in open_hops]}

    def numbers(self, prompt: str, asked: str) -> list[int]:
        """The sentences of the passage that are the fact of the hop that is asked."""
        facts = [hop.fact for hop in self.hops if hop.question == asked]
        return [int(n) for fact in facts for n in re.findall(r"\[(\d+)\] " + re.escape(fact), prompt)]

    def answered(self, prompt: str) -> str:
        """The fact of the hop that is asked, or the answer, with the passage's number."""
        asked = prompt.rpartition("\n\nQuestion: ")[2].partition("\n")[0]
        facts = [hop.fact for hop in self.hops if hop.question == asked] or [hop.fact for hop in self.hops]
        if not all(fact in prompt for fact in facts):
            return prompts.NOT_FOUND
        numbers = []
        for fact in facts:
            before = prompt[: prompt.index(fact)]
            numbers.append(re.findall(r"(?m)^\[(\d+)\] ", before)[-1])
        said = facts[0].rstrip(".") if len(facts) == 1 and asked != self.question else self.answer
        return f"{said} {''.join(f'[{number}]' for number in numbers)}."

    def of_kind(self, name: str) -> list[Request]:
        """The requests whose schema asks for a property of this name."""
        return [request for request in self.requests if name in (request.schema or {}).get("properties", {})]


SYMPHONY = Hop(
    "In which century was the Fifth Symphony composed?", "The Fifth Symphony was finished in Vienna in 1808."
)
VEHICLE = Hop(
    "Which vehicle was invented in the nineteenth century?",
    "Karl Drais showed his running machine, the first bicycle, in 1817.",
    needs="1808",
)
QUESTION = "What vehicle was invented in the same century as the Fifth Symphony was composed?"
