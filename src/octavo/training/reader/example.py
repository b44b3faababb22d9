"""An example: one of octavo's own calls, and the reply that a good reader gives to it. Plain frozen data."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from octavo.models.chat import Request

Kind = Literal["read", "read-on", "analyse", "answer", "answer-on", "sufficient", "plan"]
"""The calls: reading a passage for one question, or for several one after the other (a conversation); analysing a
question; answering one from passages, or several one after the other; judging whether passages suffice; planning a
step."""


@dataclass(frozen=True, slots=True)
class Example:
    """A call and the right `reply` to it. `about` is what a measurement needs besides: the language, the sentences that
    help, the answer."""

    kind: Kind
    request: Request
    reply: str
    about: Mapping[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """As a line of training data: the messages, of which the reply is the last, and what they are about."""
        turns = [{"role": message.role, "content": message.content} for message in self.request.messages]
        return {
            "messages": [*turns, {"role": "assistant", "content": self.reply}],
            "kind": self.kind,
            "about": dict(self.about),
        }


def json_reply(reply: Mapping[str, Any]) -> str:
    """A reply that is held to a schema."""
    return json.dumps(reply, ensure_ascii=False)
