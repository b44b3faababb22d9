"""One step of the level `reason`: the model says what it needs next.

Asked by a schema, which any server takes, or, with the option `calling` "native", by the endpoint's own tool calls;
what comes out is the same `Plan`. A step is asked afresh each time, with all that is known: no conversation is kept.
Knows requests and replies; nothing of how anything is looked up.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from octavo.errors import InvalidReply, ModelError, ToolsRefused
from octavo.models.chat import Completion, Request, Schema, ToolCall, ToolSchema
from octavo.models.structured import parse_reply
from octavo.reading import prompts
from octavo.reading.session import Session
from octavo.reading.tools.toolbox import LOOK_UP, Toolbox

_PLAN_TOKENS = 320

_MOST = 4
"""Questions, and calls, of one step: a server that holds no reply to its schema would let a model ask for dozens, which
are read for in several passes."""

_MEMORY_SHARE = 0.5
"""Of what the planning prompt leaves of the window, what memory may take."""

_LOOK_UP = ToolSchema(
    LOOK_UP,
    "Asks the documents a question; all of them are read for it.",
    {
        "type": "object",
        "properties": {"question": {"type": "string", "description": "understandable alone, with all names in full"}},
        "required": ["question"],
        "additionalProperties": False,
    },
)


_USABLE: Schema = {
    "type": "object",
    "properties": {
        "enough": {"type": ["boolean", "null"]},
        "questions": {"type": ["array", "null"], "items": {"type": "string"}},
        "calls": {"type": ["array", "null"], "items": Toolbox.CALL},
    },
}
"""What is understood. A server without schemas leaves the form to the model, which may leave out what it has nothing to
say to, and call what does not exist: that costs its call, not the plan."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What the model wants next: sub-questions to look up, tools to call; nothing, where what is known is `enough`."""

    enough: bool
    questions: tuple[str, ...] = ()
    calls: tuple[ToolCall, ...] = ()


class Planner:
    """Plans the steps of one question. `tools` may be called beside looking up; `keep` tokens of the budget stay
    untouched, as it says at every step."""

    def __init__(self, session: Session, question: str, tools: Toolbox, keep: Callable[[], int]) -> None:
        self._session = session
        self._question = question
        self._tools = tools
        self._keep = keep
        self._native = session.options.calling == "native"

    async def next(self, known: Callable[[int], str]) -> Plan:
        """The next step, after what is `known`, told within so many tokens. A reply that cannot be used is asked for
        once more; then it is no step, and a warning says so. Raises `BudgetExhausted` or a fatal `ModelError`."""
        try:
            return await self._planned(known)
        except ToolsRefused as error:
            await self._session.warn(f"{error}; planning by a schema instead")
            self._native = False
            return await self.next(known)
        except (InvalidReply, ModelError) as error:
            self._session.raise_if_fatal(error)
        try:
            return await self._planned(known, again=True)
        except (InvalidReply, ModelError) as error:
            self._session.raise_if_fatal(error)
            await self._session.warn(f"no usable plan: {error}")
            return Plan(enough=False)

    async def _planned(self, known: Callable[[int], str], *, again: bool = False) -> Plan:
        empty = self._request("")
        room = self._session.room(empty.messages, empty.max_tokens, empty.tools)
        request = self._request(known(max(0, round(room * _MEMORY_SHARE))))
        if again:
            request = replace(request, temperature=0.3, seed=1, replicate=1)
        completion = await self._session.complete(request, keep=self._keep())
        return self._called(completion) if self._native else self._written(completion)

    def _request(self, known: str) -> Request:
        if self._native:
            return Request(
                prompts.plan_with_calls(self._question, known),
                max_tokens=_PLAN_TOKENS,
                tools=(_LOOK_UP, *self._tools.schemas),
            )
        return Request(
            prompts.plan(self._question, known, self._tools.describe()),
            max_tokens=_PLAN_TOKENS,
            schema=prompts.plan_schema(self._tools.calls_schema() if len(self._tools) else None),
        )

    def _written(self, completion: Completion) -> Plan:
        reply = parse_reply(completion.text, _USABLE)
        if not {"enough", "questions", "calls"}.intersection(reply):
            raise InvalidReply("the plan says neither what is to be asked nor that it is enough")
        calls = (reply.get("calls") or ()) if len(self._tools) else ()
        return Plan(
            bool(reply.get("enough")),
            tuple((reply.get("questions") or ())[:_MOST]),
            tuple(self._tools.call_of(item) for item in calls[:_MOST]),
        )

    def _called(self, completion: Completion) -> Plan:
        questions = []
        calls = []
        for call in completion.tool_calls:
            if call.name != LOOK_UP:
                calls.append(call)
            elif question := str((call.arguments or {}).get("question") or ""):
                questions.append(question)
        if not questions and not calls and (completion.tool_calls or completion.finish_reason == "length"):
            raise InvalidReply("the plan broke off, or its calls ask nothing")
        return Plan(not completion.tool_calls, tuple(questions[:_MOST]), tuple(calls[:_MOST]))
